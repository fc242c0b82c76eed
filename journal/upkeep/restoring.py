"""Putting files of the truth back: from git's copy, from the rest of a file, or a blob from what still shows it."""

import contextlib
import os
from collections.abc import Iterator

from journal.disk.files import write_whole
from journal.disk.folders import checked, ensure_folder, full_path
from journal.errors import JournalError, UnsafePathError
from journal.format import values
from journal.format.names import blob_file
from journal.index.view import Key
from journal.store.blobs import BLOBS
from journal.store.engine import Engine
from journal.upkeep.checks.facts import Reference
from journal.upkeep.found import Look
from journal.upkeep.parking import park_copy
from journal.upkeep.wholeness import whole_bytes


def restore_truth(engine: Engine, found: Look) -> list[str]:
    """Put back what git still has whole, and what can be told from what is here; not what only cannot be read."""
    suspects = [*found.missing, *found.changed, *(loss.path for loss in found.losses)]
    suspects.extend(item.path for item in found.checkpoints if item.problem is not None and not item.is_newer)
    restored = (_restore(engine, found, path, None) for path in dict.fromkeys(suspects))
    unsound = {ref.sha256: ref for ref in found.references if ref.sha256 not in found.blobs.sound}
    named = ((f"{BLOBS}/{blob_file(sha256)}", ref) for sha256, ref in unsound.items())
    blobs = (_restore(engine, found, path, ref) for path, ref in named if not found.unread.hides(path))
    return [sentence for sentence in (*restored, *blobs) if sentence is not None]


def _restore(engine: Engine, found: Look, path: str, ref: Reference | None) -> str | None:
    full = full_path(engine.root, path)
    try:
        checked(engine.files, engine.root, full)
    except UnsafePathError:
        return None  # a link is in the way, and never followed
    stat = engine.files.stat(full)
    if stat is not None and stat.kind != "file":
        return None
    current = engine.files.read(full) if stat is not None else None
    wanted = whole_bytes(path, current, found.copies.read(path) if found.copies is not None else None)
    if wanted is None and ref is not None and ref.key is not None and not found.unread.is_blind:
        wanted = next((data for text in _shown(engine, ref.key) if (data := whole_bytes(path, current, text))), None)
    if wanted is None:
        return None
    kept = f"; what stood there is now {park_copy(engine, path, current)}" if current is not None else ""
    ensure_folder(engine.files, engine.root, os.path.dirname(path), durable=True)
    write_whole(engine.files, full, wanted, durable=True)
    return f"put {path} back as it was{kept}"


def _shown(engine: Engine, key: Key) -> Iterator[bytes]:
    """Yield what index and projection show of an entity: it may be just what a lost blob held; its hash tells."""
    with engine.reading() as view:
        row = view.row(key)
    if row is not None and row.data is not None:
        yield row.data.encode()
    with contextlib.suppress(OSError, ValueError, JournalError):
        path = full_path(engine.root, engine.printer.path(key))
        shown = values.decode(engine.files.read(checked(engine.files, engine.root, path)))
        yield values.encode_trusted(shown)
