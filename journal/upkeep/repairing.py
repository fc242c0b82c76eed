"""``doctor --fix``: what can be repaired is, under the lock; what has to give way is parked, never deleted.

Crash argument: each repair is one replacement or one rename of its own, and a second run does what a first one
did not get to.
"""

import os

from journal.disk.folders import full_path
from journal.format.names import blob_file
from journal.store.batch import Note
from journal.store.blobs import BLOBS
from journal.store.damage import ACCEPTED_NOTE
from journal.store.engine import Engine
from journal.store.home import INDEX_FILE, MEMORY_FILES, NOTE_FILE
from journal.store.layout import LOCAL, accompanying_files, complete_own_files
from journal.upkeep.checks.carried import has_lfs
from journal.upkeep.checks.leftovers import temporary_files
from journal.upkeep.checks.losses import note_of, open_losses
from journal.upkeep.found import Look
from journal.upkeep.lfs_repairing import restore_carried
from journal.upkeep.parking import park
from journal.upkeep.reconcile import reconcile
from journal.upkeep.restoring import restore_truth
from journal.upkeep.wholeness import whole_bytes

_OF_INDEX = ("index-corrupt", "index-differs", "state-differs")


def repair(engine: Engine, found: Look) -> list[str]:
    """Repair what was found, as far as it can be, and return a sentence for each repair. The lock is held."""
    # Whoever appends next must look at the files anew.
    engine.close_lane()
    if found.has("unredacted"):
        return _redact_again(engine)
    done = [*_put_aside_in_local(engine), *_complete_own_files(engine, found)]
    if found.unread.is_blind:
        # What cannot be read may hold what the rest seems to lack.
        return [*done, *restore_truth(engine, found)]
    truth = [*restore_truth(engine, found), *_put_aside(engine, found)]
    done.extend(truth)
    if any(BLOBS in sentence for sentence in truth) or _is_index_wrong(found):
        _build_index_anew(engine, found)
        done.append("built the index anew from the truth")
    done.extend(restore_carried(engine, found))
    with engine.reading():
        engine.flush()
    if found.has("projection-missing", "projection-stale", "projection-leftover", "projection-strange"):
        reconcile(engine)
        done.append("brought the projections up to date")
    return done


def _complete_own_files(engine: Engine, found: Look) -> list[str]:
    stats = ((name, engine.files.stat(os.path.join(engine.root, name))) for name in accompanying_files())
    done = [_aside(engine, name) for name, stat in stats if stat is not None and stat.kind != "file"]
    if not any(found.unread.hides(name) for name in accompanying_files()):
        done.extend(complete_own_files(engine.files, engine.root, has_lfs=has_lfs(engine, found.blobs)))
    return done


def _put_aside_in_local(engine: Engine) -> list[str]:
    """Have what is no file give way where this work tree keeps what it remembers: all of that is made anew."""
    stats = ((name, engine.files.stat(os.path.join(engine.local, name))) for name in (*MEMORY_FILES, NOTE_FILE))
    return [_aside(engine, f"{LOCAL}/{name}") for name, stat in stats if stat is not None and stat.kind != "file"]


def _aside(engine: Engine, path: str) -> str:
    return f"put {path} aside, as {park(engine, path)}"


def _redact_again(engine: Engine) -> list[str]:
    """Have old copies written anew before anything else is repaired, or put aside: nothing of them is to be kept."""
    from journal.upkeep.redacting.rewriting import rewrite

    with engine.reading(history=True) as view:
        done = rewrite(engine, view)
    with engine.reading():
        engine.flush()
    return [f"wrote {path} anew, without what is redacted" for path in done.removed]


def _is_index_wrong(found: Look) -> bool:
    if found.has("index-corrupt"):
        return True
    # While events are lost the index may know more than the files do; it follows once that is settled.
    losses = [loss for loss in open_losses(found.losses, found.survey.accepted) if loss.lost(found.have)]
    return found.has(*_OF_INDEX) and not losses


# -- what gives way ---------------------------------------------------------------------------------


def _put_aside(engine: Engine, found: Look) -> list[str]:
    paths = [item.path for item in found.checkpoints if _is_bad_still(engine, found, item.path)]
    paths.extend(found.lying)
    wanted = {ref.sha256 for ref in found.references}
    paths.extend(f"{BLOBS}/{blob_file(sha256)}" for sha256 in sorted(found.blobs.bad - wanted))
    paths.extend(temporary_files(engine.files, engine.root))
    paths.extend([*found.printed.strange, *found.printed.leftovers])
    done = []
    for path in paths:
        if engine.files.stat(full_path(engine.root, path)) is not None:
            done.append(_aside(engine, path))
    return done


def _is_bad_still(engine: Engine, found: Look, path: str) -> bool:
    """A checkpoint that does not verify, and that git could not give back."""
    item = next(item for item in found.checkpoints if item.path == path)
    if item.problem is None or item.is_newer:
        return False
    return whole_bytes(path, None, engine.files.read(full_path(engine.root, path))) is None


def _build_index_anew(engine: Engine, found: Look) -> None:
    if found.has("index-corrupt"):
        engine.indexing.drop()
        for suffix in ("", "-wal", "-shm", "-journal"):
            engine.files.remove(os.path.join(engine.local, INDEX_FILE + suffix))
    engine.indexing.build_anew()


# -- what cannot be repaired ------------------------------------------------------------------------


def accept(engine: Engine, found: Look, actor: str | None) -> list[str]:
    """Note what is lost for good, so that it is information from now on. The lock is held."""
    losses = {loss.place: loss for loss in open_losses(found.losses, found.survey.accepted) if loss.severity != "info"}
    if not losses:
        return []
    notes = [Note(note=ACCEPTED_NOTE, data=note_of(loss, found.have), actor=actor) for loss in losses.values()]
    engine.write(notes)
    # What is lost here is lost as it is in every clone.
    engine.indexing.build_anew()
    reconcile(engine)
    return [f"noted as lost: {loss.path}, {loss.reason}" for loss in losses.values()]
