"""Walking through folders of the store: no link is followed, and what cannot be listed counts as empty and is told."""

from collections.abc import Callable, Collection, Iterator

from journal.disk.files import Files, FileStat
from journal.disk.folders import full_path
from journal.errors import JournalError


def walk(
    files: Files,
    root: str,
    folder: str = "",
    skip: Collection[str] = (),
    unlisted: Callable[[str], object] = lambda _: None,
) -> Iterator[tuple[str, FileStat]]:
    """Yield (path, stat) of all that is no folder below a folder of the store, links too.

    ``skip`` names folders; ``unlisted`` hears the path of each that cannot be listed, though it is there.
    """
    try:
        listed = files.list(full_path(root, folder))
    except FileNotFoundError:
        return
    except (JournalError, OSError):
        unlisted(folder)
        return
    for name, stat in sorted(listed):
        path = f"{folder}/{name}" if folder else name
        if stat.kind != "folder":
            yield path, stat
        elif path not in skip:
            yield from walk(files, root, path, skip, unlisted)
