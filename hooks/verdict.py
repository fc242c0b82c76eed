"""Whether a commit, or a push, would leave the store inconsistent: decision tables over facts. Pure.

What stands in ``archive/``, ``blobs/``, ``checkpoints/`` and ``segments/`` is the truth:

====================  ==========  ==================================================  ========================
path                  is          and                                                 so
====================  ==========  ==================================================  ========================
below ``local/``      there       -                                                   refuse: local-tracked
any                   removed     the whole store is                                  fine
checkpoint            removed     -                                                   fine
segment               removed     a staged pack holds its events                      fine
blob                  removed     compaction has put it aside                         fine
segment, pack, blob   removed     git is reverting, picking or merging: its doing     fine
segment, pack, blob   removed     otherwise                                           refuse: truth-removed
any file              there       it has git's conflict markers                       refuse: conflict-markers
blob for git LFS      there       it is no pointer, and git is not merging            refuse: lfs-bytes-staged
segment               there       the disk has more of it                             refuse: truth-behind
segment               changed     it goes on from what HEAD has, or git is merging    fine
truth                 changed     otherwise                                           refuse: truth-changed
truth                 there       the disk has other bytes                            refuse: truth-differs
====================  ==========  ==================================================  ========================

A projection is held against what the *staged* truth says of its entity:

=============================================================  ========================
it is                                                          so
=============================================================  ========================
what the staged truth gives                                    fine
what the truth on the disk gives                               refuse: truth-not-staged
what a merge leaves: conflict markers                          refuse: conflict-markers
what a machine wrote once                                      refuse: projection-stale
removed, and the entity is live                                refuse: projection-removed
anything else: a person's edit                                 refuse: projection-edited
=============================================================  ========================
"""

from typing import Literal, NamedTuple

from journal.segments.folders import CHECKPOINTS, SEGMENTS, TRUTH_FOLDERS

TRUTH = (*TRUTH_FOLDERS, "blobs")
LOCAL = "local"

OnDisk = Literal["same", "longer", "other", "missing"]
Shows = Literal["staged-truth", "truth-on-disk", "markers", "machine-made", "nothing", "edit"]


_OF_PROJECTIONS: dict[Shows, tuple[str, str, str]] = {
    "truth-on-disk": ("truth-not-staged", "shows events that are not staged with it", "journal stage"),
    "markers": ("conflict-markers", "holds git's conflict markers", "journal reconcile && git add -- PATH"),
    "machine-made": (
        "projection-stale",
        "is not what the staged events give",
        "journal reconcile && git add -- PATH",
    ),
    "nothing": (
        "projection-removed",
        "would be removed, and its entity is live",
        "journal absorb PATH deletes the entity, journal restore PATH keeps it; then journal stage",
    ),
    "edit": (
        "projection-edited",
        "was edited by hand, and its edit is in no event",
        "journal absorb PATH takes it in, journal restore PATH puts it back; then git add -- PATH && journal stage",
    ),
}


class TruthFacts(NamedTuple):
    """What is known of a changed file that is no projection.

    ``continues``: what is staged begins with what HEAD has; ``packed``: a staged pack holds its events;
    ``parked``: a blob that compaction has put aside; ``is_unpointed``: what is staged of a blob for git LFS is not the
    pointer to its bytes.
    """

    path: str
    is_there: bool
    was_there: bool
    on_disk: OnDisk = "same"
    continues: bool = False
    packed: bool = False
    parked: bool = False
    has_markers: bool = False
    is_unpointed: bool = False


class Problem(NamedTuple):
    """Why a commit is refused, and the command that puts it right; PATH in it stands for the path."""

    code: str
    path: str
    message: str
    command: str


def truth_problem(facts: TruthFacts, *, in_progress: bool) -> Problem | None:
    """Return what is wrong with a file that is no projection; paths are as git names them from the store on."""
    path, folder = facts.path, facts.path.partition("/")[0]
    if not facts.is_there:
        return _removed_problem(facts, folder, in_progress=in_progress)
    if folder == LOCAL:
        message = "belongs to this checkout alone, and is never committed"
        return Problem("local-tracked", LOCAL, message, "git rm -r --cached -- PATH")
    if facts.has_markers:
        return Problem("conflict-markers", path, "holds git's conflict markers", "journal doctor")
    if facts.is_unpointed and not in_progress:
        message = "is a blob for git LFS, and its bytes are staged in place of the pointer to them"
        return Problem("lfs-bytes-staged", path, message, "journal stage")
    return _bytes_problem(facts, folder, in_progress=in_progress) if folder in TRUTH else None


def _bytes_problem(facts: TruthFacts, folder: str, *, in_progress: bool) -> Problem | None:
    path = facts.path
    if folder == SEGMENTS and facts.on_disk == "longer":
        return Problem("truth-behind", path, "has grown since it was staged", "journal stage")
    if facts.was_there and not (folder == SEGMENTS and (facts.continues or in_progress)):
        message = "differs from what HEAD has under this name, and the truth is only added to"
        return Problem("truth-changed", path, message, "journal doctor")
    if facts.on_disk in ("longer", "other"):
        return Problem("truth-differs", path, "is staged otherwise than it is on the disk", "journal doctor")
    return None


def _removed_problem(facts: TruthFacts, folder: str, *, in_progress: bool) -> Problem | None:
    if folder not in TRUTH or folder == CHECKPOINTS or in_progress:
        return None
    if facts.parked or (folder == SEGMENTS and facts.packed):
        return None
    message = "would be removed, and no staged pack holds its events"
    if folder != SEGMENTS:
        message = "would be removed, and it is needed for ever"
    where = "--worktree --staged" if facts.on_disk == "missing" else "--staged"
    return Problem("truth-removed", facts.path, message, f"git restore {where} -- PATH")


def projection_problem(path: str, shows: Shows) -> Problem | None:
    """Return what is wrong with a projection."""
    if shows == "staged-truth":
        return None
    code, message, command = _OF_PROJECTIONS[shows]
    return Problem(code, path, message, command)
