"""Walking through folders of the store: no link is followed, and what cannot be listed counts as empty."""

from collections.abc import Collection, Iterator

from journal.disk.files import Files, FileStat
from journal.disk.folders import full_path
from journal.errors import JournalError


def walk(files: Files, root: str, folder: str = "", skip: Collection[str] = ()) -> Iterator[tuple[str, FileStat]]:
    """Yield (path, stat) of all that is no folder below a folder of the store, links too; ``skip`` names folders."""
    try:
        listed = files.list(full_path(root, folder))
    except (JournalError, OSError):
        return
    for name, stat in sorted(listed):
        path = f"{folder}/{name}" if folder else name
        if stat.kind != "folder":
            yield path, stat
        elif path not in skip:
            yield from walk(files, root, path, skip)
