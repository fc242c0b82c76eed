"""``journal streams``."""

from ..declare import READ_STATUSES, Verb
from ..session import Session
from ..streams import catalogue_form
from ..table import Column, print_table


def run(session: Session) -> None:
    """Print the catalogue of streams."""
    found = session.journal.streams()
    if session.output.is_json:
        for stream in found:
            session.output.json(catalogue_form(stream))
    else:
        columns = [
            Column("STREAM", 8, style="bold"),
            Column("LENGTH", is_right=True),
            Column("FIRST", is_right=True),
            Column("COUNT", is_right=True),
            Column("LAST EVENT", style="yellow"),
        ]
        rows = [[line.name, line.length, line.first, line.count, line.last_event or "-"] for line in found]
        print_table(session.output, columns, rows)
        if not found:
            session.output.note("no streams")
    session.check_damage()


VERB = Verb(
    name="streams",
    summary="List the streams.",
    run=run,
    text="""\
By name. LENGTH is the last position, which never falls; FIRST the first position that is not truncated; COUNT how many
events can be read. Streams that are truncated whole are listed too.""",
    examples=(("journal streams", ""), ("journal streams --json | jq -r .stream", "")),
    statuses=READ_STATUSES,
)
