"""Every error that a caller may catch. Owns the exit statuses; imports nothing of ours.

Bugs stay ``AssertionError``. What the world does to us is a ``JournalError``: it has a stable
``code`` (a word that scripts may compare), an ``exit_status`` (docs/cli.md), the path it is about
and a hint. A hint never suggests anything that destroys data.
"""

from collections.abc import Sequence
from typing import Any, ClassVar


def command_line(verb: str, *given: str, options: Sequence[str] = ()) -> str:
    """Return a command line as a hint shows it: a shell takes each argument for what it is, also ``-x``."""
    import shlex

    if any(word.startswith("-") for word in given):
        return shlex.join(["journal", *verb.split(), *options, "--", *given])
    return shlex.join(["journal", *verb.split(), *given, *options])


class JournalError(Exception):
    """An operation failed. Base of all errors of this package."""

    code: ClassVar[str] = "failed"
    exit_status: ClassVar[int] = 1

    unfit: Any = None
    """Which argument of which call does not fit, where the error is of that (a ``Unfit`` of journal.arguments)."""

    def __init__(self, message: str, *, path: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.hint = hint
        for name, said in (("path", path), ("hint", hint)):
            if said is not None:
                self.add_note(f"  {name}: {said}")  # a traceback shows it


class UsageError(JournalError):
    """The call itself makes no sense, for instance two options that exclude each other."""

    code, exit_status = "usage", 2


class StoreNotFoundError(JournalError):
    """There is no store here or above."""

    code, exit_status = "no-store", 3


class NotFoundError(JournalError):
    """The entity, event or file that was named does not exist."""

    code, exit_status = "not-found", 3


class NotFetchedError(NotFoundError):
    """The bytes of a blob are with git LFS, and nobody has fetched them into this clone yet. Nothing is damaged."""

    code = "blob-not-fetched"


class ExpectationError(JournalError):
    """Raised by a transaction whose expectation was not met; nothing was written."""

    code, exit_status = "conflict", 4

    def __init__(
        self, message: str, *, path: str | None = None, hint: str | None = None, conflict: object = None
    ) -> None:
        super().__init__(message, path=path, hint=hint)
        self.conflict = conflict
        """The ``Conflict`` of the expectation, where it was one of a transaction's."""


class LockTimeoutError(JournalError):
    """Another process kept the writer lock for longer than the caller would wait."""

    code, exit_status = "lock-timeout", 5


class RefusedError(JournalError):
    """The input cannot be stored; nothing was written (docs/format.md, Limits)."""

    code, exit_status = "refused", 6


class GitError(JournalError):
    """Git, or dulwich, refused or failed. Events that were acknowledged are not affected."""

    code, exit_status = "git", 7


class OfflineError(JournalError):
    """The remote cannot be reached. What is here is committed; a later sync catches up."""

    code, exit_status = "offline", 7


class NotAppliedError(JournalError):
    """The write failed before anything was durable; the mutation did not happen."""

    code, exit_status = "not-applied", 1


class OutcomeUnknownError(JournalError):
    """A sync failed: the mutation may or may not survive. It is never retried by itself."""

    code, exit_status = "outcome-unknown", 8


class FormatError(JournalError):
    """A file of the store is not what docs/format.md allows, or is of a newer format."""

    code, exit_status = "format", 1


class NewerFormatError(FormatError):
    """The store, or a file of it, has a format that a later version of git-journal made."""

    code, exit_status = "newer-format", 1


class DamagedError(JournalError):
    """Bytes that were acknowledged have changed or vanished, and this answer needs them."""

    code, exit_status = "damaged", 20


class PromotionRefusedError(JournalError):
    """The old store cannot become the journal's projection, since something differs. Nothing was changed."""

    code, exit_status = "promotion-refused", 20


class UnsafePathError(JournalError):
    """A path of the store is a symbolic link or leaves its folder; it is not followed."""

    code, exit_status = "unsafe-path", 1


class GapError(JournalError):
    """A cursor knows of events that are not here, and nobody was told yet; ``gaps`` says which."""

    code, exit_status = "gap", 20

    def __init__(self, message: str, *, gaps: object = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.gaps = gaps


class ClosedError(JournalError):
    """The journal was closed, or belongs to the parent of this forked process."""

    code, exit_status = "closed", 1
