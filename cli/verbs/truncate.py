"""``journal truncate``."""

from ..declare import INTEGER, LOST_STATUSES, WRITE_STATUSES, Option, Verb
from ..output import shown
from ..session import Session
from ..streams import STREAM, catalogue_form
from .put import SUMMARY


def run(session: Session, *, stream: str, through: int | None, summary: str | None) -> None:
    """Hide the beginning of a stream."""
    from journal.errors import UsageError

    if through is None:
        raise UsageError("through which position?", hint="give --through N, the last position that is to be hidden")
    line = session.journal.truncate(stream, through=through, summary=summary)
    if session.output.is_json:
        session.output.json(catalogue_form(line))
    else:
        session.output.done(
            f"{shown(stream)}  {line.count} event{'s' if line.count != 1 else ''} from position {line.first} on"
        )


VERB = Verb(
    name="truncate",
    summary="Hide a stream's events up to a position.",
    run=run,
    text="""\
Readers of the stream begin behind it. Positions stay as they are, and the last one never falls. Nothing is removed: the
events stay in the journal, and log and read --all show them; to remove a value use redact. Events of another branch
that this checkout does not have are not hidden when a merge brings them.""",
    arguments=(STREAM,),
    options=(Option(("--through",), "The last position that is hidden.", INTEGER, metavar="N"), SUMMARY),
    examples=(("journal truncate order/42 --through 100", ""),),
    statuses=WRITE_STATUSES | LOST_STATUSES | {3: "there is no such stream or position"},
    writes=True,
)
