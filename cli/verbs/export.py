"""``journal export``."""

from ..declare import FLAG, READ_STATUSES, Argument, Option, Verb
from ..session import Session


def run(session: Session, *, format: str, lift: bool) -> None:
    """Print everything in a format."""
    from journal.upkeep.exporting import export

    for text in export(session.journal, format, is_lifted=lift):
        session.output.json_bytes(text)
    session.check_damage()


VERB = Verb(
    name="export",
    summary="Print everything in one of several formats.",
    run=run,
    text="""\
jsonl: a line for each live entity, as `list --json`, and for each key, as an entity of the type $kv. events: a line for
each event, oldest first, as `log --json`: streams are in these alone. json: one document; its `entities` are types to
ids to documents, its `kv` is keys to values.""",
    arguments=(Argument("format", "jsonl, events or json.", choices=("jsonl", "events", "json")),),
    options=(Option(("--lift",), "Entities lifted by upcasters; else payloads are as they were written.", FLAG),),
    examples=(
        ("journal export jsonl > entities.jsonl", ""),
        ("journal export events | gzip > events.jsonl.gz", "the whole past"),
        ("journal export json | jq '.entities.plan | length'", ""),
    ),
    statuses=READ_STATUSES,
)
