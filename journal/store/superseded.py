"""Projections as they were before a redaction, by their hashes: so nobody takes one that it did not get to for an edit.

A redacted event renders otherwise than it did, so the old file is no rendering of any event any more. Where git has its
bytes, or the index knows that it was printed, that tells whose it is; this memory is for a power cut that takes the
index along.

Crash argument: the file is replaced whole and synced before the redaction is noted, and removed when the projections
are written anew. One that is left counts only for exactly these bytes.
"""

import hashlib
import os
from collections.abc import Iterable

from journal.disk.files import Files, ReadFiles, write_whole
from journal.store.home import SUPERSEDED_FILE, is_made_here
from journal.store.layout import LOCAL


def remember(files: Files, root: str, texts: Iterable[bytes]) -> None:
    """Remember the bytes of projections that are about to be superseded."""
    path = os.path.join(root, LOCAL, SUPERSEDED_FILE)
    write_whole(files, path, b"".join(b"%b\n" % _digest(text) for text in texts), durable=True)


def forget(files: Files, root: str) -> None:
    """Forget them: all are written anew."""
    files.remove(os.path.join(root, LOCAL, SUPERSEDED_FILE))


def was_superseded(files: ReadFiles, root: str, text: bytes) -> bool:
    """Tell whether these bytes are of a projection that a redaction in this work tree superseded."""
    try:
        known = files.read(os.path.join(root, LOCAL, SUPERSEDED_FILE))
    except OSError:
        return False
    return _digest(text) in known.split() and is_made_here(files, os.path.join(root, LOCAL))


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:32].encode()
