"""From an error to what is said on stderr and to the exit status."""

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

from journal.errors import JournalError, command_line

from .output import LostAnswerError, Output, for_stderr, say, shown

if TYPE_CHECKING:
    from journal.store.expectation import Conflict

    from .declare import Verb

EXPECTATION_NOT_MET = 4
INTERRUPTED = 130
_TRACEBACK_VARIABLE = "JOURNAL_TRACEBACK"


class ConflictError(JournalError):
    """An expectation that was not met, on its way out."""

    code, exit_status = "conflict", EXPECTATION_NOT_MET

    def __init__(self, conflict: "Conflict", message: str | None = None, hint: str | None = None) -> None:
        what = f"{conflict.type} {conflict.id!r}"
        super().__init__(
            message or f"{what} is not as expected; nothing was written",
            hint=hint or f"read it again ({_reading(conflict)}), then try with its event",
        )
        self.conflict = conflict


def _reading(conflict: "Conflict") -> str:
    return command_line("get", conflict.type, conflict.id, options=["--json"])


def report(error: BaseException, settings: dict[str, Any]) -> int:
    """Say what went wrong, if anybody listens, and return the exit status."""
    color = True if settings.get("color") else False if settings.get("no_color") else None
    output = Output(is_json=bool(settings.get("json")), color=color)
    _flush_answer()
    if os.environ.get(_TRACEBACK_VARIABLE) and not isinstance(error, KeyboardInterrupt):
        import traceback

        say("".join(traceback.format_exception(error)))
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    return _say(output, error, settings.get("verb"))


def _say(output: Output, error: BaseException, verb: "Verb | None") -> int:
    if isinstance(error, ConflictError):
        return _tell_conflict(output, error)
    if isinstance(error, JournalError):
        message, hint = _words_of(error, verb)
        return _tell(output, error.code, message, error.exit_status, path=error.path, hint=hint)
    return _say_foreign(output, error)


def _words_of(error: JournalError, verb: "Verb | None") -> tuple[str, str | None]:
    """Return message and hint of an error, in the words of the command line where it is of an argument."""
    if error.unfit is None or verb is None:
        return error.message, error.hint
    from .typed import in_typed_words

    return in_typed_words(verb, error.unfit)


def _say_foreign(output: Output, error: BaseException) -> int:
    usage = _usage(error)
    if _is_interrupt(error):
        return _tell(output, "interrupted", "interrupted", INTERRUPTED)
    if usage is not None:
        return _tell(output, "usage", usage[0], 2, hint=usage[1])
    if isinstance(error, LostAnswerError):
        return _tell(output, "system", str(error), error.status or 1, hint=_what_was_done(error))
    if isinstance(error, OSError | MemoryError):
        return _tell_of_the_system(output, error)
    if _is_of(error, "sqlite3", "Error"):
        hint = "the index is a cache: once the cause is mended it is made again by itself"
        return _tell(output, "index", f"the index cannot be used: {error}", 1, hint=hint)
    return _tell_bug(output, error)


def _tell_of_the_system(output: Output, error: OSError | MemoryError) -> int:
    if isinstance(error, MemoryError):
        return _tell(output, "system", "there is not enough memory for this", 1)
    path = error.filename if isinstance(error.filename, str) else None
    return _tell(output, "system", error.strerror or str(error), 1, path=path)


def _what_was_done(error: LostAnswerError) -> str:
    if error.is_complete:
        return "what was asked for was done; only the answer is lost"
    return "what was asked for may be done already: look before you ask for it again"


def _is_interrupt(error: BaseException) -> bool:
    return isinstance(error, KeyboardInterrupt) or _is_of(error, "click", "Abort")


def _is_of(error: BaseException, module: str, name: str) -> bool:
    """Tell whether an error is one of a library's, without loading a library that this call did not need."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(error, getattr(loaded, name))


def _usage(error: BaseException) -> tuple[str, str | None] | None:
    """Return message and hint of an error of click's; click is only asked where it is loaded."""
    if not _is_of(error, "click", "ClickException"):
        return None
    import click

    assert isinstance(error, click.ClickException)
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else "journal"
    message = " ".join(error.format_message().split())  # click lists choices on lines of their own
    return message[:1].lower() + message[1:].rstrip("."), f"{where} --help shows how it is used"


def _tell_conflict(output: Output, error: ConflictError) -> int:
    from .forms import conflict_form

    form = conflict_form(error.conflict)
    status = _tell(output, error.code, error.message, error.exit_status, hint=error.hint, extra={"conflict": form})
    if not output.is_json:
        for name, text in _sides(form).items():
            _print(f"  {name + ':':<10}{shown(text)}")
    return status


def _sides(form: dict[str, Any]) -> dict[str, str]:
    """Return what was expected and what was found, as people write it: a key's value as JSON, or none."""
    from journal.format.reserved import KV_TYPE
    from journal.format.values import encode_trusted

    if form["type"] == KV_TYPE:
        return {
            name: encode_trusted(form[name]).decode() if name in form else "none" for name in ("expected", "actual")
        }
    sides = {name: form[name] for name in ("expected", "actual", "heads") if name != "heads" or form[name]}
    return {
        name: ", ".join(map(str, side)) or "none" if isinstance(side, list) else str(side)
        for name, side in sides.items()
    }


def _tell_bug(output: Output, error: BaseException) -> int:
    hint = f"set {_TRACEBACK_VARIABLE}=1 to see where"
    with contextlib.suppress(OSError):
        hint = f"the details are in {_write_traceback(error)}"
    return _tell(output, "bug", f"an unexpected error: {type(error).__name__}: {error}", 1, hint=hint)


def _write_traceback(error: BaseException) -> str:
    import tempfile
    import traceback

    from .verbs.version import versions

    descriptor, path = tempfile.mkstemp(prefix="journal-", suffix=".txt")
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(f"{name} {version}\n" for name, version in versions().items())
        file.writelines(traceback.format_exception(error))
    return path


def _tell(
    output: Output,
    code: str,
    message: str,
    status: int,
    *,
    path: str | None = None,
    hint: str | None = None,
    extra: dict[str, Any] | None = None,
) -> int:
    if output.is_json:
        import json

        form = {"code": code, "message": message, "path": path, "hint": hint, **(extra or {})}
        _print(for_stderr(json.dumps({"error": form}, ensure_ascii=False)))
        return status
    place = f"{shown(path)}: " if path else ""
    _print(f"{output.paint('journal:', 'red', stream=sys.stderr)} {place}{shown(message)}")
    if hint:
        _print(f"  {output.paint('hint:', 'cyan', stream=sys.stderr)} {shown(hint)}")
    return status


def _print(line: str) -> None:
    say(f"{line}\n")


def _flush_answer() -> None:
    # What was printed before the error comes before it. A reader that is gone is the caller's business.
    with contextlib.suppress(OSError, ValueError):
        if sys.stdout is not None:
            sys.stdout.flush()
