"""Old copies of what is redacted, as a merge brings them back: written anew by whoever holds the lock next."""

from journal.errors import JournalError
from journal.index.view import View
from journal.store.engine import Engine


def redact_arrivals(engine: Engine, view: View) -> bool:
    """Write anew the files that hold old copies; False where that has to wait. The lock is held.

    It waits while git is in the middle of something, and where git's index is locked: readers redact what they read
    all the same, and the next one who holds the lock tries again.
    """
    from journal.upkeep.redacting.rewriting import rewrite

    if is_git_busy(engine):
        return False
    try:
        rewrite(engine, view)
    except (OSError, JournalError):
        return False
    return True


def is_git_busy(engine: Engine) -> bool:
    """Tell whether git is in the middle of a merge, a rebase or the like, or cannot be asked."""
    if engine.git is None:
        return False
    from journal.git.safety import in_progress
    from journal.upkeep.place import place_of

    try:
        return in_progress(place_of(engine).repository) not in (None, "bisect")
    except JournalError:
        return True
