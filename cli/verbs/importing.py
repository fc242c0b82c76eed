"""``journal import``."""

from ..declare import ALL_STATUSES, PATH, WRITE_STATUSES, Argument, Verb
from ..output import shown
from ..session import Session


def run(session: Session, *, format: str, file: str) -> None:
    """Import a trace."""
    result = session.journal.import_trace(file, progress=session.progress)
    if session.output.is_json:
        form = {"events": result.events, "transactions": result.transactions}
        session.output.json({**form, "entities": result.entities, "resumed_at": result.resumed_at})
        return
    if result.resumed_at:
        session.output.note(f"went on after line {result.resumed_at:,}, where an earlier run stopped")
    counts = f"{result.events:,} events of {result.entities:,} entities in {result.transactions:,} transactions"
    session.output.done(f"imported {counts} from {shown(file)}" if result.events else "nothing new in that file")


VERB = Verb(
    name="import",
    summary="Import many events from a file.",
    run=run,
    text="""\
FORMAT `trace`: a JSON object a line (gzipped or not) with item_type, item_id, action (create, update, delete),
payload, ts, author and commit. Each run of equal "commit" becomes one transaction; author becomes the actor and
ts is kept.

An import that was stopped, by Ctrl-C too, goes on where it was when it is run again: nothing is lost or doubled. The
same holds for a file that has grown, or was mended behind the lines that were imported. Empty lines are passed over.

The whole file is checked before anything is written. Where a line is no event, nothing is.""",
    arguments=(
        Argument("format", "What the file is.", choices=("trace",)),
        Argument("file", "The file, plain or gzipped.", kind=PATH),
    ),
    examples=(("journal import trace events.jsonl.gz", "with a progress bar on a terminal"),),
    statuses=WRITE_STATUSES
    | {3: "there is no such file", 130: "interrupted: run it again to go on", 5: ALL_STATUSES[5]},
    writes=True,
)
