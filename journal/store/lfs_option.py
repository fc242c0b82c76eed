"""Switching git LFS on in a store: a line in ``journal.toml``, and a rule in ``.gitattributes``.

Crash argument: the rule goes first, and either file is replaced whole. A rule without the option means nothing yet, and
running it again does the rest.
"""

import os
import re

from journal.disk.files import Files, write_whole
from journal.errors import FormatError, RefusedError
from journal.format.limits import LFS_BYTES_DEFAULT
from journal.store.config import parse_config
from journal.store.layout import CONFIG_FILE, ensure_lfs_rule

_NAME = "lfs_bytes"
_TABLE = re.compile(rb"[ \t]*\[[ \t]*options[ \t]*\][ \t]*(#.*)?\r?\n?")
_COMMENT = b"# Callers' blobs of so many bytes go through git LFS; without this line none do (docs/blobs.md)."


def switch_on(files: Files, root: str) -> bool:
    """Let callers' blobs of a store go through git LFS from now on; False where they do already.

    Raises FormatError for a configuration that is wrong, and RefusedError for one that has no place for a line more.
    """
    path = os.path.join(root, CONFIG_FILE)
    text = files.read(path)
    ensure_lfs_rule(files, root)
    if parse_config(text, path).lfs_bytes is not None:
        return False
    write_whole(files, path, with_lfs(text, path), durable=True)
    return True


def with_lfs(text: bytes, path: str = CONFIG_FILE) -> bytes:
    """Return the text of a configuration with git LFS switched on; all else in it stays. Pure. Raises RefusedError."""
    lines = text.splitlines(keepends=True)
    start = next((at for at, line in enumerate(lines) if _TABLE.fullmatch(line)), None)
    line_end = b"\r\n" if lines and lines[0].endswith(b"\r\n") else b"\n"
    added = [_COMMENT + line_end, b"%s = %d" % (_NAME.encode(), LFS_BYTES_DEFAULT) + line_end]
    if lines and not lines[-1].endswith(b"\n"):
        lines[-1] += line_end
    if start is None:
        lines += [line_end, b"[options]" + line_end, *added]
    else:
        end = next((at for at in range(start + 1, len(lines)) if lines[at].lstrip().startswith(b"[")), len(lines))
        last = max((at for at in range(start, end) if re.match(rb"\s*[\w\[]", lines[at])), default=start)
        lines[last + 1 : last + 1] = added
    new = b"".join(lines)
    if not _says_just_this(text, new, path):
        raise RefusedError(
            "cannot be added to without touching what stands in it",
            path=path,
            hint=f"write {_NAME} = {LFS_BYTES_DEFAULT} among the options by hand",
        )
    return new


def _says_just_this(before: bytes, after: bytes, path: str) -> bool:
    try:
        return parse_config(after, path) == parse_config(before, path)._replace(lfs_bytes=LFS_BYTES_DEFAULT)
    except FormatError:
        return False
