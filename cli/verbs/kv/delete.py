"""``journal kv delete``."""

from ...declare import LOST_STATUSES, WRITE_STATUSES, Verb
from ...keys import KEY, LOCAL, keys_of, missing_key, print_written
from ...session import Session


def run(session: Session, *, key: str, local: bool) -> None:
    """Let a key go."""
    from journal.state.entity import ABSENT

    if not keys_of(session, local=local).delete(key):
        raise missing_key(key, local=local)
    print_written(session, key, ABSENT, local=local)


VERB = Verb(
    name="kv delete",
    summary="Let a key go.",
    run=run,
    arguments=(KEY,),
    options=(LOCAL,),
    examples=(("journal kv delete stock/sku-1", ""),),
    statuses=WRITE_STATUSES | LOST_STATUSES | {3: "there is no such key"},
    writes=True,
)
