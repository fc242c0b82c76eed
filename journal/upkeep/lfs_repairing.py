"""Putting blobs right that git LFS carries and that are not what their names say.

| git LFS has the bytes here | git has the pointer | what is done                                                |
|----------------------------|---------------------|-------------------------------------------------------------|
| yes                        | -                   | the bytes are put back                                      |
| no                         | yes                 | the pointer takes their place: git lfs pull fetches them    |
| no                         | no                  | the file is put aside                                       |

Crash argument: what stands there is copied to ``local/parked/`` first, durably; then one rename puts the right one in
its place. So a file is there at every instant.
"""

from journal.disk.files import write_whole
from journal.disk.folders import full_path
from journal.format.pointer import Pointer, pointer_at
from journal.git.lfs_objects import LfsObjects
from journal.store.blobs import lfs_blob_path
from journal.store.engine import Engine
from journal.upkeep.found import Look
from journal.upkeep.lfs_filling import put_bytes, refresh_git
from journal.upkeep.parking import park, park_pieces


def restore_carried(engine: Engine, found: Look) -> list[str]:
    """Put right what can be, the rest aside, and return a sentence for each blob. The lock is held."""
    done = [_restore(engine, found, sha256) for sha256 in sorted(found.blobs.lfs.bad)]
    refresh_git(engine, [lfs_blob_path(sha256) for sha256 in found.blobs.lfs.bad])
    return done


def _restore(engine: Engine, found: Look, sha256: str) -> str:
    files, root, path = engine.files, engine.root, lfs_blob_path(sha256)
    folder = engine.lfs_folder()
    if folder is not None:
        objects = LfsObjects(files, folder)
        stat = files.stat(objects.path(sha256))
        if stat is not None and objects.is_sound(Pointer(sha256, stat.size)):
            kept = park_pieces(engine, path)
            put_bytes(files, root, objects, path, Pointer(sha256, stat.size))
            return f"put {path} back as it was; what stood there is now {kept}"
    copy = found.copies.read(path) if found.copies is not None else None
    if copy is not None and pointer_at(path, copy) is not None:
        kept = park_pieces(engine, path)
        write_whole(files, full_path(root, path), copy, durable=True)
        return f"put {path} back as its pointer, for git lfs pull; what stood there is now {kept}"
    return f"put {path} aside, as {park(engine, path)}"
