"""What the merge driver made here, by its hash: so nobody takes it for a person's edit.

A pick or a squash of events that are here already makes a mixture of versions that never met, which no rule tells from
something typed. What a person typed and committed may be merged too, so it counts only where it is such a mixture. The
file is a memory of ``local/``: without it a mixture counts as edited, and nothing is lost.

Crash argument: one line is appended with one write; a line that is torn is no hash, and counts for nothing.
"""

import contextlib
import hashlib
import os

from journal.disk.files import Files, ReadFiles
from journal.store.home import MERGED_FILE, is_made_here
from journal.store.layout import LOCAL

_BYTES_MAX = 64 * 1024
"""The memory begins anew when it is so long; what matters was made by the merge just now."""


def note_merged(files: Files, root: str, text: bytes) -> None:
    """Remember that the driver made these bytes, in a checkout that has a memory of its own."""
    local = os.path.join(root, LOCAL)
    path = os.path.join(local, MERGED_FILE)
    with contextlib.suppress(OSError):
        if not is_made_here(files, local):
            return
        found = files.stat(path)
        if found is not None and (found.kind != "file" or found.size > _BYTES_MAX):
            files.remove(path)
        opened = files.open_append(path, create=files.stat(path) is None)
        try:
            opened.write(b"%b\n" % _digest(text))
        finally:
            opened.close()


def was_merged(files: ReadFiles, root: str, text: bytes) -> bool:
    """Tell whether the driver made these bytes in this checkout."""
    local = os.path.join(root, LOCAL)
    try:
        known = files.read_at(os.path.join(local, MERGED_FILE), 0, 2 * _BYTES_MAX)
    except OSError:
        return False
    return _digest(text) in known.split() and is_made_here(files, local)


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:32].encode()
