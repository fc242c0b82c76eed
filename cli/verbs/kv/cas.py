"""``journal kv cas``."""

from ...declare import INPUT, WRITE_STATUSES, Argument, Verb
from ...keys import KEY, LOCAL, NONE, TTL, keys_of, print_written, time_to_live, value_or_none
from ...session import Session


def run(session: Session, *, key: str, expected: str, new: str, local: bool, ttl: float | None) -> None:
    """Write only if a key holds what is expected."""
    lasting = time_to_live(local, ttl)
    keys = keys_of(session, local=local)
    written = keys.cas(key, expected=value_or_none(expected), value=value_or_none(new), **lasting)
    gone = "there is no key {}, as expected" if expected == new == NONE else "deleted {}"
    print_written(session, key, written, local=local, gone=gone)


VERB = Verb(
    name="kv cas",
    summary="Compare and set: write only if a key holds what you expect.",
    run=run,
    text="""\
EXPECTED and NEW are JSON, or the word none for no such key: as EXPECTED the key is created, as NEW it is deleted.
Values are the same if their JSON is: 1, 1.0 and true are three.

Where the key holds something else nothing is written, and the status is 4; --json prints what it holds.""",
    arguments=(
        KEY,
        Argument("expected", "What the key must hold: JSON, or none.", kind=INPUT),
        Argument("new", "What it is to hold: JSON, or none.", kind=INPUT),
    ),
    options=(LOCAL, TTL),
    examples=(
        ("journal kv cas stock/sku-1 4 3", "one fewer, if nobody was faster"),
        ("""journal kv cas leader none '"ana"'""", "only if there is no such key"),
        ("""journal kv cas leader '"ana"' none""", "delete it, if it is still hers"),
        ("""journal kv cas --local --ttl 30 lease none '"ana"'""", "take a lease for 30 seconds"),
    ),
    statuses=WRITE_STATUSES | {4: "the key holds something else; nothing was written"},
    writes=True,
)
