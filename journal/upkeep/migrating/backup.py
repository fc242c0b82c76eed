"""What a migration does before it writes: the truth as it was, kept in ``local/backups/RUN/``.

Nothing that a migration does changes a file of the truth: it adds lines. So what was there before is told by a
``position.json`` (each file with its size and sha256, and what was seen of each lane), and only the files that the last
commit does not hold are copied beside it: git has the others.

Crash argument: the copies are durable before ``position.json`` is, and that before the first event of the run is
written. A backup without ``position.json`` is of a run that wrote nothing; one with it stays as it is when the run is
gone on with.
"""

import hashlib
import os
from collections.abc import Iterator

from journal.disk.many import write_many
from journal.errors import GitError
from journal.format import values
from journal.git.objects import blob_id
from journal.git.status import files_in
from journal.segments.folders import SEGMENTS, list_truth
from journal.store.engine import Engine
from journal.store.layout import LOCAL
from journal.upkeep.commit import tree_in_head
from journal.upkeep.place import Place, place_of

BACKUPS = f"{LOCAL}/backups"
_POSITION_FILE = "position.json"


def backup_of(engine: Engine, run: str) -> str | None:
    """Return the folder, relative to the store, in which the truth before a run is kept; None where it is not."""
    folder = f"{BACKUPS}/{run}"
    found = engine.files.stat(os.path.join(engine.root, *folder.split("/"), _POSITION_FILE))
    return folder if found is not None and found.kind == "file" else None


def back_up(engine: Engine, run: str) -> str:
    """Under the lock: keep the truth as it is, and return the folder, relative to the store.

    What was kept when the run began, which was cut off then, stays: the truth has a part of the run in it by now.
    """
    kept = backup_of(engine, run)
    if kept is not None:
        return kept
    folder = f"{BACKUPS}/{run}"
    listing, _ = list_truth(engine.files, engine.root)
    facts: dict[str, dict[str, object]] = {}
    known = _known_to_git(engine)

    def contents() -> Iterator[tuple[str, bytes]]:
        for part, name in sorted(listing):
            data = engine.files.read(os.path.join(engine.root, part, name))
            path = f"{part}/{name}"
            is_in_git = known.has(path, data)
            facts[path] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "is_in_git": is_in_git}
            if not is_in_git:
                yield f"{folder}/{path}", data

    write_many(engine.files, engine.root, contents())
    assert engine.indexing.view is not None
    seen = {lane: [list(span) for span in spans] for lane, spans in engine.indexing.view.have.items()}
    position = values.pretty({"run": run, "files": facts, "have": seen})
    write_many(engine.files, engine.root, [(f"{folder}/{_POSITION_FILE}", position)])
    return folder


class _Known:
    """The files of the truth that the last commit holds."""

    def __init__(self, place: Place | None, tree: str | None) -> None:
        self._place, self._tree = place, tree
        self._folders: dict[str, dict[str, str]] = {}

    def has(self, path: str, data: bytes) -> bool:
        """Tell whether the commit holds the file with these bytes."""
        if self._place is None or self._tree is None:
            return False
        folder, _, name = path.partition("/")
        if folder not in self._folders:
            self._folders[folder] = files_in(self._place.repository, self._tree, folder)
        known = self._folders[folder].get(name)
        # Packs and checkpoints are named by their bytes; a segment may have grown since.
        return known is not None and (
            folder != SEGMENTS or known == blob_id(data, self._place.repository.object_format)
        )


def _known_to_git(engine: Engine) -> _Known:
    if engine.git is None:
        return _Known(None, None)
    try:
        place = place_of(engine)
        return _Known(place, tree_in_head(place))
    except GitError:
        return _Known(None, None)  # then everything is copied
