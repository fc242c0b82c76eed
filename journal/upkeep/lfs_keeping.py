"""Before a commit, or git's index, names the pointer of a blob: git LFS has its bytes, durably.

Whoever pushes the commit then uploads them, and nobody has to go and look for them in a work tree. A blob of which
only the pointer is here came from another clone, and its bytes are where that one pushed them.
"""

from collections.abc import Callable, Iterable

from journal.disk.folders import full_path
from journal.format.pointer import pointer_at
from journal.git.commit import FileChange, os_errors_as_git_errors
from journal.git.configuration import Configuration
from journal.git.lfs_hook import guards_pushes, make_lfs_hooks
from journal.git.lfs_objects import LfsObjects, lfs_folder
from journal.git.remote import remotes_of
from journal.git.repository import Repository
from journal.store.engine import Engine
from journal.store.lfs import pointer_in
from journal.upkeep.lfs_setup import await_trust, is_set_up
from journal.upkeep.place import Place


def keep_for_lfs(
    engine: Engine, place: Place, changes: Iterable[FileChange], settings: Callable[[], Configuration]
) -> int:
    """Have git LFS keep the bytes of every blob whose pointer is among the changes.

    Return how many of them a push of a person's would leave behind, since no hook takes them along. ``settings``:
    git's; asked only where there is such a blob. Raises DamagedError where the bytes of one are not what its name says,
    GitError where they cannot be kept.
    """
    texts = ((change.path, change.content) for change in changes if isinstance(change.content, bytes))
    named = ((place.inner(path), pointer_at(path, text)) for path, text in texts)
    wanted = [(path, pointer) for path, pointer in named if pointer is not None and _has_bytes(engine, path)]
    if not wanted:
        return 0
    with os_errors_as_git_errors(place.repository):
        known = settings()
        objects = LfsObjects(engine.files, lfs_folder(place.repository, known))
        for path, pointer in wanted:
            objects.keep(full_path(engine.root, path), pointer)
        await_trust(engine.files, engine.root, (path for path, _ in wanted), known)
        return 0 if _is_taken_along(place.repository, known) else len(wanted)


def _is_taken_along(repository: Repository, settings: Configuration) -> bool:
    """Tell whether a push takes the bytes along; git LFS makes its hook where it is set up, and has none yet."""
    if not remotes_of(settings) or guards_pushes(repository, settings):
        return True
    if is_set_up(settings):
        make_lfs_hooks(repository)
    return guards_pushes(repository, settings)


def _has_bytes(engine: Engine, path: str) -> bool:
    stat = engine.files.stat(full_path(engine.root, path))
    return stat is not None and stat.kind == "file" and pointer_in(engine.files, engine.root, path, stat) is None
