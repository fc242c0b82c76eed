"""Writing and syncing many files at once."""

import os
from collections.abc import Callable, Iterable, Sequence

from journal.disk.files import Files, OsFiles, passing_name, removed_on_failure
from journal.disk.folders import checked, ensure_folder, full_path

_THREADS_MAX = 8
_ALONE_MAX = 2


def sync_many(files: Files, paths: Sequence[str], folders: Iterable[str] = ()) -> None:
    """Make the bytes of some files durable, then the names in some folders. Raises what the first failing sync does.

    They wait for the disk together, which takes little longer than one of them alone: it writes its log for all. Only
    the system's own files do that; a simulated disk is asked in order, so that its tests know what comes when.
    """
    _each(files, files.sync, paths)
    _each(files, files.sync_folder, sorted(folders))


def _each(files: Files, act: Callable[[str], None], paths: Sequence[str]) -> None:
    if len(paths) <= _ALONE_MAX or not isinstance(files, OsFiles):
        for path in paths:
            act(path)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(len(paths), _THREADS_MAX)) as pool:
        for done in [pool.submit(act, path) for path in paths]:
            done.result()


def write_many(files: Files, root: str, contents: Iterable[tuple[str, bytes]]) -> None:
    """Make each path, relative to ``root``, hold exactly these bytes, durably.

    Raises UnsafePathError where a link is in the way, OSError where the disk refuses.

    Crash argument: as ``write_whole``: the bytes are synced under passing names, and then one rename each puts them in
    place, in the order given. So at every instant each file is the old one or the new one, whole. The folders are
    synced at the end; a power cut before that may leave any of the renames undone, as if the run had been cut off
    earlier.
    """
    known: set[str] = set()
    passing: dict[str, str] = {}
    with removed_on_failure(files, passing.values()):
        for path, content in contents:
            target = full_path(root, path)
            parent = path.rpartition("/")[0]
            if parent:
                ensure_folder(files, root, parent, durable=True, known=known)
            checked(files, root, target)
            passing[target] = passing_name(target)
            files.create(passing[target], content)
        sync_many(files, list(passing.values()))
        for target, name in passing.items():
            files.replace(name, target)
    sync_many(files, [], {os.path.dirname(target) for target in passing})
