"""Findings on what beside the store cannot be read, in plain words."""

import os

from journal.errors import JournalError
from journal.upkeep.findings import Finding

_GIT_HINT = "git status and git fsck say what is wrong with the repository; the journal itself is not affected"


def reason_of(error: JournalError | OSError) -> str:
    """Return why something cannot be read, without the path: a finding has that."""
    if isinstance(error, JournalError):
        return error.message
    return (error.strerror or str(error)).lower()


def path_of(error: JournalError | OSError) -> str | None:
    """Return the path that could not be read, where the error says it whole."""
    path = error.path if isinstance(error, JournalError) else error.filename
    return path if isinstance(path, str) and os.path.isabs(path) else None


def git_unreadable(what: str, error: JournalError | OSError) -> Finding:
    """Return the finding on a part of git that could not be checked."""
    message = f"git's {what} could not be checked: {reason_of(error)}"
    hint = error.hint if isinstance(error, JournalError) else None
    return Finding("git-unreadable", "warning", path_of(error), message, hint or _GIT_HINT)
