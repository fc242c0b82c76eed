"""``journal kv list``."""

from itertools import islice

from ...declare import FLAG, INTEGER, READ_STATUSES, Argument, Option, Verb
from ...keys import LOCAL, keys_of, text_of
from ...session import Session


def run(session: Session, *, prefix: str | None, keys: bool, limit: int | None, local: bool) -> None:
    """List keys and values."""
    from journal.arguments import check

    from ...output import shown

    if limit is not None:
        check("kv list", limit=limit)
    scope = keys_of(session, local=local)
    found = dict(islice(scope.list(prefix or "").items(), limit)) if local else scope.list(prefix or "", limit=limit)
    if session.output.is_json:
        for key, value in found.items():
            session.output.json({"key": key} if keys else {"key": key, "value": value})
    elif keys:
        session.output.lines(map(shown, found))
    else:
        from ...table import Column, print_table

        columns = (Column("KEY", 16, style="bold"), Column("VALUE", 20))
        print_table(session.output, columns, [[key, text_of(value)] for key, value in found.items()])
        if not found:
            session.output.note("no keys")
    if not local:
        session.check_damage()


VERB = Verb(
    name="kv list",
    summary="List keys and values, by prefix.",
    run=run,
    text="In the order of the keys. What is read is what is printed, however many other keys there are.",
    arguments=(Argument("prefix", "Only keys that begin with this text.", required=False, complete="key"),),
    options=(
        Option(("--keys",), "Keys only, one a line.", FLAG),
        Option(("--limit",), "At most so many.", INTEGER, metavar="N"),
        LOCAL,
    ),
    examples=(("journal kv list stock/", ""), ("journal kv list --json | jq -c .value", "")),
    statuses=READ_STATUSES,
)
