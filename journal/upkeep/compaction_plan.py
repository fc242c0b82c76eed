"""What compaction may pack, and what it may remove: decided from what a view and git know. Nothing is changed here.

======================================  =====================================================================
a segment is                            if
======================================  =====================================================================
left alone                              it is the last one of this work tree's lane, or not covered twice
packed                                  it is closed, the two newest checkpoints cover it, and no pack holds it
removed                                 a pack holds all of it, and two checkpoints cover it; where there is git,
                                        HEAD and git's index have that pack and both checkpoints; but not while
                                        a segment stays of which its header alone says that its end does not count
======================================  =====================================================================

A checkpoint is removed if the second of those two contains it. HEAD is asked as well as the index: what is only staged
a ``git reset`` takes out again, and ``git commit -a`` would then commit the removal without the pack.
"""

import hashlib
import os
from typing import NamedTuple

from journal.format.names import parse_checkpoint_file, parse_pack_file, parse_segment_file
from journal.format.segment import Intervals, Vector
from journal.index.checkpoints import read_checkpoint_header
from journal.index.rows import FileFacts
from journal.index.view import View
from journal.segments.folders import ARCHIVE, CHECKPOINTS, SEGMENTS
from journal.state import vector
from journal.store.engine import Engine

NEEDS_TWO = "packing needs two checkpoints: run it again after some more writes"
NEEDS_COMMIT = "segments that are packed leave once git has the packs and two checkpoints: commit, then compact again"


class Plan(NamedTuple):
    """Files to pack, by lane and in order, and files to remove; ``waiting``: why not more of it."""

    to_pack: dict[str, list[FileFacts]]
    to_remove: list[FileFacts]
    waiting: str | None


def make_plan(engine: Engine, view: View, pending: Vector | None = None) -> Plan:
    """Return what is to be done; ``pending``: what a checkpoint covers that would be written first."""
    covers = _sound_checkpoints(view)
    newest = [*([pending] if pending is not None else []), *covers.values()][:2]
    if len(newest) < 2:
        return Plan({}, [], NEEDS_TWO)
    packs = _Packs(engine, view)
    closed = _closed(engine, view, vector.intersect(*newest))
    to_pack: dict[str, list[FileFacts]] = {}
    for facts, lane in closed:
        if not packs.of(facts):
            to_pack.setdefault(lane, []).append(facts)
    to_remove = _to_remove(engine, view, covers, packs, pending)
    held = {facts.name for facts, _ in closed if packs.of(facts)}
    is_waiting = held - {facts.name for facts in to_remove} or (to_pack and engine.git is not None)
    return Plan(to_pack, to_remove, NEEDS_COMMIT if is_waiting else None)


def _to_remove(
    engine: Engine, view: View, covers: dict[str, Vector], packs: "_Packs", pending: Vector | None
) -> list[FileFacts]:
    known = {"": pending} if pending is not None and engine.git is None else {}
    known |= {name: found for name, found in covers.items() if packs.has_git(CHECKPOINTS, name)}
    if len(known) < 2:
        return []
    first, second = list(known.values())[:2]
    kept = list(known)[:2]
    ready = [facts for facts, _ in _closed(engine, view, vector.intersect(first, second)) if packs.is_safe(facts)]
    ready = _without_ends(view, ready)
    superseded = [
        view.facts[CHECKPOINTS, name]
        for name, found in covers.items()
        if name not in kept and vector.is_subset(found, second)
    ]
    return [*ready, *superseded]


def _without_ends(view: View, ready: list[FileFacts]) -> list[FileFacts]:
    """Leave out the segments whose header says where one was cut off that stays, with lines behind that end."""
    while True:
        leaving = {facts.name for facts in ready}
        staying = {
            facts.name.removesuffix(".jsonl")
            for facts in view.facts.values()
            if facts.folder == SEGMENTS and facts.applied < facts.size and facts.name not in leaving
        }
        kept = [facts for facts in ready if not staying or _ended_by(view, facts) not in staying]
        if len(kept) == len(ready):
            return kept
        ready = kept


def _ended_by(view: View, facts: FileFacts) -> str | None:
    named = parse_segment_file(facts.name)
    section = view.index.section_at(named.lane, named.first) if named is not None else None
    return section.prev_segment if section is not None else None


def _sound_checkpoints(view: View) -> dict[str, Vector]:
    """Return what each checkpoint covers, the newest first."""
    bad = {item.file for item in view.damage}
    names = [facts.name for facts in view.facts.values() if facts.folder == CHECKPOINTS and facts.id not in bad]
    return {name: read_checkpoint_header(view, name).covers for name in sorted(names, key=_head, reverse=True)}


def _head(name: str) -> tuple[int, str]:
    named = parse_checkpoint_file(name)
    return (named.head if named else 0), name


def _closed(engine: Engine, view: View, covered: Vector) -> list[tuple[FileFacts, str]]:
    """Return the closed segments that are covered, with their lanes, in order."""
    own = engine.own_segment()
    found = []
    for facts in sorted(view.facts.values(), key=lambda item: item.name):
        named = parse_segment_file(facts.name) if facts.folder == SEGMENTS and facts.name != own else None
        if named is not None and (spans := _spans(view, facts)) and vector.is_subset(spans, covered):
            found.append((facts, named.lane))
    return found


def _spans(view: View, facts: FileFacts) -> Vector:
    spans: Vector = {}
    for lane, _, intervals in view.index.parts_of_file(facts.id):
        spans = vector.union(spans, {lane: intervals} if intervals else {})
    return spans


class _Packs:
    """The packs of a view, and which of them, and of the checkpoints, git has for good."""

    def __init__(self, engine: Engine, view: View) -> None:
        self._engine, self._view = engine, view
        self._listed: set[str] | None = None
        self._in_head: dict[str, dict[str, str]] = {}
        self._whole: dict[str, bool] = {}

    def of(self, facts: FileFacts) -> list[str]:
        """Return the names of the packs that hold all of a segment."""
        holders: list[str] = []
        for lane, first, spans in self._view.index.parts_of_file(facts.id):
            for holder, others in self._view.index.holders(lane, first):
                other = self._view.by_id.get(holder)
                if other is not None and other.folder == ARCHIVE and _holds(others, spans):
                    holders.append(other.name)
        return holders

    def is_safe(self, facts: FileFacts) -> bool:
        """Tell whether a pack holds all of a segment, is on the disk as it was written, and git has it."""
        return any(self.has_git(ARCHIVE, name) and self._is_whole(name) for name in self.of(facts))

    def has_git(self, folder: str, name: str) -> bool:
        """Tell whether HEAD and git's index have a file; True where there is no git."""
        if self._engine.git is None:
            return True
        if self._listed is None:
            self._ask_git()
        assert self._listed is not None
        return name in self._in_head[folder] and f"{folder}/{name}" in self._listed

    def _ask_git(self) -> None:
        from journal.git.status import files_in, index_paths
        from journal.upkeep.commit import tree_in_head
        from journal.upkeep.place import place_of

        place = place_of(self._engine)
        tree = tree_in_head(place)
        for folder in (ARCHIVE, CHECKPOINTS):
            self._in_head[folder] = {} if tree is None else files_in(place.repository, tree, folder)
        self._listed = {place.inner(path) for path in index_paths(place.repository, place.prefix)}

    def _is_whole(self, name: str) -> bool:
        if name not in self._whole:
            data = self._engine.files.read(os.path.join(self._engine.root, ARCHIVE, name))
            named = parse_pack_file(name)
            self._whole[name] = named is not None and hashlib.sha256(data).hexdigest().startswith(named.digest)
        return self._whole[name]


def _holds(others: Intervals, spans: Intervals) -> bool:
    return vector.is_subset({"": spans} if spans else {}, {"": others} if others else {})
