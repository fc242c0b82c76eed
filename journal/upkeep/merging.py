"""The merge driver that git runs on projections: three files in, one out; no store is opened."""

import contextlib
import os
from collections.abc import Iterator

from journal.disk.files import OsFiles, write_whole
from journal.errors import JournalError, RefusedError
from journal.projections.merging import merge_projections
from journal.projections.paths import PROJECTED, entity_at
from journal.state.value import Strategies
from journal.store.config import refuse_newer
from journal.store.layout import CONFIG_FILE
from journal.store.merged import note_merged


def merge_files(ancestor: str, ours: str, theirs: str, path: str) -> None:
    """Write the merge of three versions of the projection ``path`` (as git names it) over the file ``ours``.

    Raises NewerFormatError where the store has a later format; RefusedError, and leaves ``ours`` as it is, where a side
    is no JSON object: git then reports a conflict.

    Crash argument: the result takes the place of ``ours`` in one rename; a driver that was killed is an error to git.
    """
    files = OsFiles()
    for root, _ in _stores(path):
        _refuse_newer(files, root)
    texts = [files.read(os.path.abspath(name)) for name in (ancestor, ours, theirs)]
    try:
        merged = merge_projections(lambda: _strategies(files, path), *texts)
    except RefusedError as error:
        raise RefusedError(
            f"cannot be merged: {error.message}",
            path=path,
            hint="git kept our version and marks a conflict. To have the journal's: journal reconcile, then git add. "
            f"To see what was typed: git show :3:{path}, or :2: for our side",
        ) from error
    if merged not in texts:
        for root, _ in _stores(path):
            note_merged(files, root, merged)
    if merged != texts[1]:
        write_whole(files, os.path.abspath(ours), merged, durable=False)


def _refuse_newer(files: OsFiles, root: str) -> None:
    path = os.path.join(root, CONFIG_FILE)
    with contextlib.suppress(OSError):
        refuse_newer(files.read(path), path)


def _strategies(files: OsFiles, path: str) -> Strategies:
    """Return the merge strategies of the entity's type, as the work tree's configuration says; none where it cannot."""
    from journal.store.config import read_config

    for root, type in _stores(path):
        try:
            return read_config(files, root).strategies(type)
        except (JournalError, OSError):
            continue
    return {}


def _stores(path: str) -> Iterator[tuple[str, str]]:
    """Yield (folder, type) of each store that a path, as git names it, may be a projection of."""
    parts = path.split("/")
    for at, name in enumerate(parts):
        entity = entity_at("/".join(parts[at:])) if name in PROJECTED else None
        if entity is not None:
            yield os.path.abspath(os.path.join(*parts[:at]) if at else "."), entity[0]
