"""What the verbs of ``journal kv`` share."""

from typing import TYPE_CHECKING, Any

from .declare import Argument
from .output import shown
from .session import Session

if TYPE_CHECKING:
    from journal.store.model import Conflict

KEY = Argument("key", "The key.")
VALUE = Argument("value", "The value: JSON, a literal, @FILE, or - for stdin.", metavar="JSON")
NONE = "none"
"""How the command line writes that there is no such key; JSON writes the text in quotes."""


def value_or_none(argument: str) -> Any:
    """Return the JSON value that an argument stands for; ABSENT for ``none``."""
    from journal.state.entity import ABSENT

    from .inputs import any_value

    return ABSENT if argument == NONE else any_value(argument)


def print_written(session: Session, key: str, value: Any) -> None:
    """Print what a key holds now. Raises ConflictError where it did not hold what was expected."""
    from journal.state.entity import ABSENT
    from journal.store.model import Conflict

    if isinstance(value, Conflict):
        raise _conflict_error(value)
    if session.output.is_json:
        session.output.json({"key": key} if value is ABSENT else {"key": key, "value": value})
    else:
        session.output.done(shown(f"deleted {key}" if value is ABSENT else f"{key} = {text_of(value)}"))


def text_of(value: Any) -> str:
    """Return a value as JSON on one line."""
    from journal.format.values import encode_trusted

    return encode_trusted(value).decode()


def _conflict_error(conflict: "Conflict") -> Exception:
    from journal.state.entity import ABSENT

    from .failures import ConflictError

    found = "is not there" if conflict.actual is ABSENT else f"holds {text_of(conflict.actual)}"
    hint = f"read it again (journal kv get {conflict.id}), then try with what it holds"
    return ConflictError(conflict, f"the key {conflict.id!r} {found}; nothing was written", hint)
