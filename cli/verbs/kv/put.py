"""``journal kv put``."""

from ...declare import WRITE_STATUSES, Verb
from ...inputs import any_value
from ...keys import KEY, LOCAL, TTL, VALUE, keys_of, print_written, time_to_live
from ...session import Session


def run(session: Session, *, key: str, value: str, local: bool, ttl: float | None) -> None:
    """Make a key hold a value."""
    lasting = time_to_live(local, ttl)
    print_written(session, key, keys_of(session, local=local).put(key, any_value(value), **lasting), local=local)


VERB = Verb(
    name="kv put",
    summary="Make a key hold a value.",
    run=run,
    text="""\
The value is any JSON: an object, a list, a number, true, null, or a text in quotes. It goes with the store to other
clones, and two branches that changed one key merge as entities do (journal conflicts).

The call returns when the change is durable. A value that the key holds already makes no event.""",
    arguments=(KEY, VALUE),
    options=(LOCAL, TTL),
    examples=(
        ("journal kv put stock/sku-1 4", ""),
        ("""journal kv put greeting '"hello"'""", "a text has quotes"),
        ("journal kv put settings @settings.json", "from a file"),
        ("""journal kv put --local --ttl 30 alive/worker-1 '"ana"'""", "a heartbeat"),
    ),
    statuses=WRITE_STATUSES,
    writes=True,
)
