"""``journal kv get``."""

from ...declare import READ_STATUSES, Verb
from ...keys import KEY, LOCAL, keys_of, missing_key
from ...session import Session


def run(session: Session, *, key: str, local: bool) -> None:
    """Print what a key holds."""
    from journal.format.reserved import KV_TYPE
    from journal.format.values import pretty
    from journal.state.entity import ABSENT

    value = keys_of(session, local=local).get(key, ABSENT)
    if value is ABSENT:
        raise missing_key(key, local=local)
    if session.output.is_json:
        session.output.json({"key": key, "value": value})
    else:
        session.output.json_bytes(pretty(value))
    if not local:
        session.check_damage(KV_TYPE, key)


VERB = Verb(
    name="kv get",
    summary="Print what a key holds.",
    run=run,
    text="Prints the value as JSON. A text is printed in quotes: journal kv get KEY | jq -r . prints it bare.",
    arguments=(KEY,),
    options=(LOCAL,),
    examples=(("journal kv get stock/sku-1", "the value"), ("journal kv get stock/sku-1 --json", "with its key")),
    statuses={3: "there is no such key"} | READ_STATUSES,
)
