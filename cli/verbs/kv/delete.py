"""``journal kv delete``."""

from journal.errors import NotFoundError

from ...declare import WRITE_STATUSES, Verb
from ...keys import KEY, print_written
from ...session import Session


def run(session: Session, *, key: str) -> None:
    """Let a key go."""
    from journal.state.entity import ABSENT

    if not session.journal.kv.delete(key):
        raise NotFoundError(f"there is no key {key!r}")
    print_written(session, key, ABSENT)


VERB = Verb(
    name="kv delete",
    summary="Let a key go.",
    run=run,
    arguments=(KEY,),
    examples=(("journal kv delete stock/sku-1", ""),),
    statuses=WRITE_STATUSES | {3: "there is no such key"},
    writes=True,
)
