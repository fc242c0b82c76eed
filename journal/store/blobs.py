"""Blobs: content-addressed bytes, written once and synced before anything refers to them."""

import hashlib
import os
from typing import Any

from journal.disk.files import Files, write_whole
from journal.disk.folders import ensure_folder
from journal.format.names import blob_file


def write_blob(files: Files, root: str, data: bytes) -> dict[str, Any]:
    """Make the bytes durable under their hash and return the reference ``{"sha256", "bytes"}``.

    Crash argument: the name is the hash, so a file under it is complete or (never, by the rename) absent;
    a second writer of the same bytes replaces it with itself.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    relative = f"blobs/{blob_file(sha256)}"
    path = os.path.join(root, *relative.split("/"))
    found = files.stat(path)
    ensure_folder(files, root, os.path.dirname(relative), durable=True)
    if found is None or found.kind != "file" or found.size != len(data):
        write_whole(files, path, data, durable=True)
    else:
        files.sync(path)
        files.sync_folder(os.path.dirname(path))
    return {"sha256": sha256, "bytes": len(data)}
