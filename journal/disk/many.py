"""Writing many whole files: each appears complete, and the folders are synced once."""

import os
from collections.abc import Iterable

from journal.disk.files import TEMPORARY_SUFFIX, Files
from journal.disk.folders import checked, ensure_folder


def write_many(files: Files, root: str, contents: Iterable[tuple[str, bytes]]) -> None:
    """Make each path, relative to ``root``, hold exactly these bytes, durably, in the order given.

    Raises UnsafePathError where a link is in the way, OSError where the disk refuses.

    Crash argument: as ``write_whole``, file by file: the bytes are synced under a passing name, and one rename puts
    them in place. So at every instant each file is the old one or the new one, whole. The folders are synced at the
    end; a power cut before that may leave any of the renames undone, which is as if the run had been cut off earlier.
    """
    known: set[str] = set()
    touched: dict[str, None] = {}
    for path, content in contents:
        target = os.path.join(root, *path.split("/"))
        parent = path.rpartition("/")[0]
        if parent:
            ensure_folder(files, root, parent, durable=True, known=known)
        checked(files, root, target)
        passing = f"{target}.{os.getpid():x}-{os.urandom(4).hex()}{TEMPORARY_SUFFIX}"
        try:
            files.create(passing, content)
            files.sync(passing)
            files.replace(passing, target)
        except OSError:
            files.remove(passing)
            raise
        touched[os.path.dirname(target)] = None
    for folder in touched:
        files.sync_folder(folder)
