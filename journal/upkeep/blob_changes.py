"""What a commit changes of blobs: new ones come, others were put aside, and git has pointers to what git LFS carries.

| HEAD has of a blob for git LFS | git's index | git LFS is set up here | so                                      |
|--------------------------------|-------------|------------------------|-----------------------------------------|
| nothing                        | -           | -                      | its pointer is committed                |
| its pointer                    | its bytes   | -                      | the index gets the pointer back         |
| its bytes                      | -           | yes                    | its pointer is committed                |
| its bytes                      | -           | no                     | they stay: git delivers them everywhere |

A git without git LFS takes the bytes where somebody adds them. One with git LFS then shows the file as changed,
whatever is done about it, until git has the pointer.
"""

import os
from collections.abc import Callable, Iterator

from journal.disk.folders import full_path
from journal.disk.pieces import pieces_of
from journal.git.commit import FileChange
from journal.git.configuration import read_configuration
from journal.git.content import Content, StoredFile
from journal.git.objects import blob_id, blob_id_of_pieces
from journal.git.status import index_identities, index_paths
from journal.index.view import View
from journal.store.blobs import BLOBS, BlobFile, blob_files, parked_blobs
from journal.store.engine import Engine
from journal.store.layout import has_lfs_rule
from journal.store.lfs import git_form
from journal.upkeep.lfs_setup import is_set_up
from journal.upkeep.place import Place

Known = Callable[[str], dict[str, str]]
"""Returns name to git's id of the files that HEAD has right in a folder of the store."""


def blob_changes(engine: Engine, view: View, place: Place, known: Known) -> Iterator[FileChange]:
    """Yield what is to differ from HEAD among the blobs."""
    files, root = engine.files, engine.root
    unlike: list[FileChange] = []
    for file in blob_files(files, root):
        folder, _, name = file.path.rpartition("/")
        identity = known(folder).get(name)
        if identity is None:
            yield FileChange(place.outer(file.path), _content(engine, file))
        elif file.name.is_lfs:
            unlike.extend(_if_bytes(engine, place, file, identity))
    if unlike and is_set_up(read_configuration(place.repository)):
        yield from unlike
    # Both ways tell of one that was put aside and redacted, and one may have been put aside more than once.
    gone = {*_put_aside(engine, place, known), *(_redacted(engine, place, known) if view.redacting is not None else ())}
    yield from (FileChange(path, None) for path in sorted(gone))


def _put_aside(engine: Engine, place: Place, known: Known) -> Iterator[str]:
    """Yield git's path of each blob that compaction has put aside here, as often as it did."""
    for path, _ in parked_blobs(engine.files, engine.root):
        folder, _, name = path.rpartition("/")
        if name in known(folder) and engine.files.stat(full_path(engine.root, path)) is None:
            yield place.outer(path)


def _content(engine: Engine, file: BlobFile) -> Content:
    """Return what git is to have of a blob; its bytes are read when they are written there."""
    if file.name.is_lfs:
        return git_form(engine.files, engine.root, file.path)
    return StoredFile(full_path(engine.root, file.path), file.stat.size)


def _redacted(engine: Engine, place: Place, known: Known) -> Iterator[str]:
    """Yield git's path of what a redaction took away; it has taken that out of git's index too, any other stays."""
    listed: set[str] | None = None
    top = os.path.join(engine.root, BLOBS)
    for folder, stat in engine.files.list(top):
        if stat.kind != "folder":
            continue
        for name in known(f"{BLOBS}/{folder}").keys() - {
            name for name, _ in engine.files.list(os.path.join(top, folder))
        }:
            listed = index_paths(place.repository, place.prefix) if listed is None else listed
            if (path := place.outer(f"{BLOBS}/{folder}/{name}")) not in listed:
                yield path


def _if_bytes(engine: Engine, place: Place, file: BlobFile, identity: str) -> Iterator[FileChange]:
    """Yield the pointer of a blob where HEAD has its bytes, which are the work tree's."""
    form, format = git_form(engine.files, engine.root, file.path), place.repository.object_format
    if identity != blob_id(form, format):
        pieces = pieces_of(engine.files, full_path(engine.root, file.path))
        if identity == blob_id_of_pieces(file.stat.size, pieces, format):
            yield FileChange(place.outer(file.path), form)


def staged_as_bytes(engine: Engine, place: Place, known: Known) -> list[FileChange]:
    """Return the pointers that HEAD has, and git's index has something else in their place."""
    if not has_lfs_rule(engine.files, engine.root):
        return []
    staged, found = index_identities(place.repository, place.outer(BLOBS)), []
    for file in (file for file in blob_files(engine.files, engine.root) if file.name.is_lfs):
        folder, _, name = file.path.rpartition("/")
        outer, identity = place.outer(file.path), known(folder).get(name)
        if identity is not None and staged.get(outer, identity) != identity:
            form = git_form(engine.files, engine.root, file.path)
            if blob_id(form, place.repository.object_format) == identity:
                found.append(FileChange(outer, form))
    return found
