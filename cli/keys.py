"""What the verbs of ``journal kv`` share."""

from typing import TYPE_CHECKING, Any

from journal.errors import NotFoundError, UsageError, command_line

from .declare import FLAG, INPUT, NUMBER, Argument, Option
from .session import Session

if TYPE_CHECKING:
    from journal.store.expectation import Conflict

KEY = Argument("key", "The key.", complete="key")
VALUE = Argument("value", "The value: JSON, a literal, @FILE, or - for stdin.", metavar="JSON", kind=INPUT)
LOCAL = Option(("--local",), "A key of this work tree alone: never committed, and no event says it.", FLAG)
TTL = Option(("--ttl",), "With --local: the key goes after so long.", NUMBER, metavar="SECONDS")
NONE = "none"
"""How the command line writes that there is no such key; JSON writes the text in quotes."""


def time_to_live(local: bool, ttl: float | None) -> dict[str, Any]:
    """Return what is said of a value that may expire. Raises UsageError where it cannot."""
    if ttl is not None and not local:
        raise UsageError("only a local key expires", hint="add --local, or leave out --ttl")
    return {"ttl_seconds": ttl} if local else {}


def keys_of(session: Session, *, local: bool) -> Any:
    """Return the keys that a call is about."""
    return session.journal.kv.local if local else session.journal.kv


def value_or_none(argument: str) -> Any:
    """Return the JSON value that an argument stands for; ABSENT for ``none``."""
    from journal.state.entity import ABSENT

    from .inputs import any_value

    return ABSENT if argument == NONE else any_value(argument)


def print_written(session: Session, key: str, value: Any, *, local: bool, gone: str = "deleted {}") -> None:
    """Print what a key holds now. Raises ConflictError where it did not hold what was expected."""
    from journal.state.entity import ABSENT
    from journal.store.expectation import Conflict

    if isinstance(value, Conflict):
        raise _conflict_error(value, local=local)
    session.is_complete = True
    if session.output.is_json:
        session.output.json({"key": key} if value is ABSENT else {"key": key, "value": value})
    else:
        session.output.done_with(gone.format(key) if value is ABSENT else f"{key} = {text_of(value)}")


def missing_key(key: str, *, local: bool) -> NotFoundError:
    """Return the error that says that there is no such key."""
    scope, option = ("local ", " --local") if local else ("", "")
    return NotFoundError(f"there is no {scope}key {key!r}", hint=f"journal kv list{option} prints those that are there")


def text_of(value: Any) -> str:
    """Return a value as JSON on one line."""
    from journal.format.values import encode_trusted

    return encode_trusted(value).decode()


def _conflict_error(conflict: "Conflict", *, local: bool) -> Exception:
    from journal.state.entity import ABSENT

    from .failures import ConflictError

    found = "is not there" if conflict.actual is ABSENT else f"holds {text_of(conflict.actual)}"
    line = command_line("kv get --local" if local else "kv get", conflict.id)
    hint = f"read it again ({line}), and try with what it holds"
    return ConflictError(conflict, f"the key {conflict.id!r} {found}; nothing was written", hint)
