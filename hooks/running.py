"""What each hook does, once its script has found that the store is concerned.

Nobody is kept waiting: the writer lock is taken only if it is free, or soon. What cannot be done in a hook is done by
the next command that reads, so that only a refusal stops git.

When the readable files are brought up to date, after git has moved something:

=============================================  =====================================================
git, or this checkout                          so
=============================================  =====================================================
has no index of this store yet                 leave it: to build the first one takes a while
keeps an autostash to put back                 leave it: a file written now would be in its way
has just finished a rebase (post-rewrite)      do it, although the rebase's folder still stands
is about to commit a merge (pre-merge-commit)  do it
is in the middle of anything else              leave it: it goes on from the files as it left them
is done                                        do it
=============================================  =====================================================
"""

import contextlib
import os
import shlex
from collections.abc import Sequence

from journal.errors import GitError, LockTimeoutError, OfflineError, UsageError
from journal.git.hook_files import NAMES
from journal.git.safety import in_progress
from journal.store.engine import Engine
from journal.store.home import INDEX_FILE
from journal.store.layout import has_lfs_rule
from journal.upkeep.place import Place, place_of, repository_of

from .verdict import Problem

_LOCK_SECONDS_MAX = 0.5
_NAMED_MAX = 10
_AUTOSTASHES = ("MERGE_AUTOSTASH", os.path.join("rebase-merge", "autostash"), os.path.join("rebase-apply", "autostash"))


class Said(list[str]):
    """Lines for the person at git; ``is_refused``: git is not to go on."""

    is_refused = False


def run_hook(engine: Engine, name: str, arguments: Sequence[str], pushed: str) -> Said:
    """Do what a hook of git is for; ``pushed`` is what git gives pre-push to read. Raises JournalError.

    The store is closed afterwards.
    """
    if name not in NAMES:
        raise UsageError(f"not a hook of the journal: {name!r}", hint=f"one of {', '.join(NAMES)}")
    try:
        if name == "pre-commit":
            return _check_commit(engine)
        if name == "pre-push":
            return _check_push(engine, arguments, pushed)
        if _has_index(engine) and may_reconcile(name, arguments, engine):
            with engine.reading():
                pass  # to read is to catch up, and to write the readable files that follow
        return Said()
    finally:
        engine.close(settle=name != "pre-commit")


def _has_index(engine: Engine) -> bool:
    """Tell whether reading is quick: the first index of a large store takes a while, and the next command tells so."""
    return engine.files.stat(os.path.join(engine.local, INDEX_FILE)) is not None


def may_reconcile(name: str, arguments: Sequence[str], engine: Engine) -> bool:
    """Tell whether to touch files now: see the table above."""
    repository = repository_of(engine.root)
    if repository is None:
        return False
    if any(os.path.lexists(os.path.join(repository.git_dir, place)) for place in _AUTOSTASHES):
        return False
    doing = in_progress(repository)
    if name == "post-rewrite" and list(arguments[:1]) == ["rebase"]:
        return doing in (None, "rebase", "am")
    return doing is None or (name == "pre-merge-commit" and doing == "merge")


def _check_commit(engine: Engine) -> Said:
    """Check what is staged, and write no readable file meanwhile: a tool may have set aside what is not staged.

    To hold the lock is what keeps the catching up from it.
    """
    from .staging import Staged

    with contextlib.ExitStack() as stack:
        is_locked = False
        with contextlib.suppress(LockTimeoutError):
            stack.enter_context(engine.locked(_LOCK_SECONDS_MAX))
            is_locked = True
        staged = Staged(engine)
        said = _refusal("this commit", staged.problems(), staged.place)
        # What is committed is to be final. Where somebody writes just now they see by git's index that it has moved,
        # and begin a new segment all the same.
        if is_locked and not said.is_refused and staged.has_segment(engine.own_segment()):
            engine.lanes.end_segment()
    return said


def _check_push(engine: Engine, arguments: Sequence[str], pushed: str) -> Said:
    from journal.store.damage import damage_name, open_damage

    from .pushing import problems_of

    said = _refusal("this push", problems_of(engine, pushed), place_of(engine))
    if not said.is_refused and has_lfs_rule(engine.files, engine.root):
        _carry(said, engine, arguments, pushed)
    if not _has_index(engine):
        return said
    with engine.reading() as view:
        damaged = sorted({damage_name(view, item)[0] for item in open_damage(view)})
    if damaged:
        said.append(f"journal: files of the truth are damaged here: {len(damaged)}, such as {damaged[0]}")
        said.append("    do: journal doctor")
    return said


def _carry(said: Said, engine: Engine, arguments: Sequence[str], pushed: str) -> None:
    """Let the bytes go first that git LFS carries; refuse what nobody could use without them."""
    from .carrying import carry

    try:
        carry(engine, arguments, pushed)
    except (GitError, OfflineError) as error:
        said.is_refused = True
        said.append(f"journal: {error.message}")
        said.extend([f"    do: {error.hint}"] if error.hint else [])


def _refusal(what: str, problems: Sequence[Problem], place: Place) -> Said:
    said = Said()
    if not problems:
        return said
    said.is_refused = True
    said.append(f"journal: {what} would leave the journal inconsistent")
    for (code, command), alike in _by_remedy(problems).items():
        more = f" (and {len(alike) - 1:,} more)" if len(alike) > 1 else ""
        said.append(f"  {code}: {place.outer(alike[0].path)} {alike[0].message}{more}")
        # Never the folder instead: a command that is meant for some files would touch others.
        paths = " ".join(shlex.quote(place.outer(problem.path)) for problem in alike[:_NAMED_MAX])
        said.append(f"    do: {command.replace('PATH', paths)}")
    return said


def _by_remedy(problems: Sequence[Problem]) -> dict[tuple[str, str], list[Problem]]:
    found: dict[tuple[str, str], dict[str, Problem]] = {}
    for problem in problems:
        found.setdefault((problem.code, problem.command), {}).setdefault(problem.path, problem)
    return {remedy: list(alike.values()) for remedy, alike in found.items()}
