"""``journal kv put``."""

from ...declare import WRITE_STATUSES, Verb
from ...inputs import any_value
from ...keys import KEY, VALUE, print_written
from ...session import Session


def run(session: Session, *, key: str, value: str) -> None:
    """Make a key hold a value."""
    print_written(session, key, session.journal.kv.put(key, any_value(value)))


VERB = Verb(
    name="kv put",
    summary="Make a key hold a value.",
    run=run,
    text="""\
The value is any JSON: an object, a list, a number, true, null, or a text in quotes. It goes with the store to other
clones, and two branches that changed one key merge as entities do (journal conflicts).

The call returns when the change is durable. A value that the key holds already makes no event.""",
    arguments=(KEY, VALUE),
    examples=(
        ("journal kv put stock/sku-1 4", ""),
        ("""journal kv put greeting '"hello"'""", "a text has quotes"),
        ("journal kv put settings @settings.json", "from a file"),
    ),
    statuses=WRITE_STATUSES,
    writes=True,
)
