"""The index's ``TREE`` extension: which folders' trees git need not compute again. Pure.

    node = name NUL count SP folders LF [id]      count -1 and no id: not valid; then the folders' nodes

A node that stays valid over a changed file makes git's next commit write the *old* content.
"""

from typing import TypeAlias

Folders: TypeAlias = "dict[bytes, Folders]"


def nested(paths: list[bytes]) -> Folders:
    """Return the folders of the paths, one in the other."""
    top: Folders = {}
    for path in paths:
        folder = top
        for name in path.split(b"/")[:-1]:
            folder = folder.setdefault(name, {})
    return top


def invalidate(extension: bytes, folders: Folders, hash_length: int) -> bytes | None:
    """Return the extension with the top and the given folders not valid; None where it is malformed."""
    parts: list[bytes] = []
    copied = position = 0
    levels: list[tuple[int, Folders | None]] = [(1, {b"": folders})]
    try:
        while levels:
            left, names = levels.pop()
            if left == 0:
                continue
            levels.append((left - 1, names))
            name_end = extension.index(b"\0", position)
            line_end = extension.index(b"\n", name_end)
            count, inner_count = extension[name_end + 1 : line_end].split(b" ")
            inner = names.get(extension[position:name_end]) if names else None
            position = line_end + 1 + (hash_length if int(count) >= 0 else 0)
            if inner is not None:
                parts += [extension[copied : name_end + 1], b"-1 %d\n" % int(inner_count)]
                copied = position
            levels.append((int(inner_count), inner))
    except ValueError:
        return None
    return b"".join([*parts, extension[copied:]]) if position == len(extension) else None
