"""Compaction, in two phases, so that no partial commit and no merge can lose an event.

1. Closed segments that the newest and the second-newest checkpoint cover are packed, per lane and in order,
   into new files under ``archive/``, which are read back and compared.
2. A later run removes these segments and the checkpoints before the second-newest, once git's index lists the
   pack and both checkpoints (at once where there is no git).

Crash argument: a pack appears whole, synced and compared; until phase two its events stand twice, which counts
once. Phase two only removes what a pack that git has holds too, file by file, in any order. The last
segment of this work tree's lane stays, so that its chain goes on.
"""

import os
from dataclasses import dataclass
from typing import NamedTuple

from journal.disk.files import write_whole
from journal.disk.folders import ensure_folder
from journal.errors import DamagedError
from journal.format.names import pack_file, parse_checkpoint_file, parse_segment_file
from journal.format.segment import Intervals, Vector
from journal.index.checkpoints import read_checkpoint_header
from journal.index.rows import FileFacts
from journal.index.view import View
from journal.segments.folders import ARCHIVE, CHECKPOINTS, SEGMENTS, read_text
from journal.segments.pack import encode_pack
from journal.segments.scan import scan
from journal.state import vector
from journal.store.damage import open_damage
from journal.store.engine import Engine
from journal.upkeep.checkpoint import write_checkpoint

PACK_TEXT_BYTES_MAX = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Compaction:
    """What a run did, or would do: files by their path in the store, sizes in bytes.

    ``waiting`` says in one sentence why something was not done yet, if it was not.
    """

    checkpoint: str | None
    packed: tuple[str, ...]
    packs: tuple[str, ...]
    removed: tuple[str, ...]
    bytes_before: int
    bytes_after: int
    waiting: str | None


class _Plan(NamedTuple):
    to_pack: dict[str, list[FileFacts]]
    to_remove: list[FileFacts]
    waiting: str | None


def compact(engine: Engine, actor: str | None, *, dry_run: bool) -> Compaction:
    """Run both phases for what is ready for them. Raises DamagedError while there is open damage."""
    written = None
    if not dry_run:
        with engine.reading(history=True) as view:
            before = {name for folder, name in view.facts if folder == CHECKPOINTS}
        name = write_checkpoint(engine, actor)
        written = name if name not in before else None
    with engine.locked(), engine.reading(history=True) as view:
        if open_damage(view):
            raise DamagedError("the truth is damaged: nothing is packed", hint="journal doctor tells what is damaged")
        size = _live_bytes(view)
        plan = _plan(engine, view)
        packed = tuple(f"{SEGMENTS}/{facts.name}" for group in plan.to_pack.values() for facts in group)
        removed = tuple(f"{facts.folder}/{facts.name}" for facts in plan.to_remove)
        if dry_run:
            return Compaction(None, packed, (), removed, size, size, plan.waiting)
        packs = tuple(name for group in plan.to_pack.values() for name in _pack(engine, view, group))
        _remove(engine, plan.to_remove)
        engine.indexing.freshness.forget()
    with engine.reading() as view:
        return Compaction(written, packed, packs, removed, size, _live_bytes(view), plan.waiting)


def _live_bytes(view: View) -> int:
    return sum(facts.size for facts in view.facts.values())


# -- deciding ---------------------------------------------------------------------------------------


def _plan(engine: Engine, view: View) -> _Plan:
    floor = _floor(view)
    if floor is None:
        return _Plan({}, [], "packing needs two checkpoints: run it again after some more writes")
    names, covered = floor
    own = engine.own_segment()
    closed = [
        facts
        for facts in view.facts.values()
        if facts.folder == SEGMENTS and facts.name != own and _spans(view, facts) and _is_covered(view, facts, covered)
    ]
    held = [facts for facts in closed if _packs_of(view, facts)]
    to_pack: dict[str, list[FileFacts]] = {}
    for facts in sorted(closed, key=lambda item: item.name):
        named = parse_segment_file(facts.name)
        if named is not None and facts not in held:
            to_pack.setdefault(named.lane, []).append(facts)
    listed = _listed_by_git(engine)
    if listed is not None and not all(f"{CHECKPOINTS}/{name}" in listed for name in names):
        return _Plan(
            to_pack, [], "segments that are packed leave once git has the checkpoints: commit, then compact again"
        )
    ready = [facts for facts in held if listed is None or any(pack in listed for pack in _packs_of(view, facts))]
    old = _superseded(view, names)
    waiting = None
    if len(ready) < len(held) or (listed is not None and to_pack):
        waiting = "segments that are packed leave once git has the packs: commit, then compact again"
    return _Plan(to_pack, [*ready, *old], waiting)


def _floor(view: View) -> tuple[tuple[str, str], Vector] | None:
    """Return the two newest checkpoints and what both of them cover."""
    bad = {item.file for item in view.damage}
    names = [facts.name for facts in view.facts.values() if facts.folder == CHECKPOINTS and facts.id not in bad]
    newest = sorted(names, key=_head, reverse=True)[:2]
    if len(newest) < 2:
        return None
    first, second = (read_checkpoint_header(view, name).covers for name in newest)
    return (newest[0], newest[1]), vector.intersect(first, second)


def _head(name: str) -> tuple[int, str]:
    named = parse_checkpoint_file(name)
    return (named.head if named else 0), name


def _superseded(view: View, newest: tuple[str, str]) -> list[FileFacts]:
    second = read_checkpoint_header(view, newest[1]).covers
    others = [facts for facts in view.facts.values() if facts.folder == CHECKPOINTS and facts.name not in newest]
    bad = {item.file for item in view.damage}
    return [
        facts
        for facts in others
        if facts.id not in bad and vector.is_subset(read_checkpoint_header(view, facts.name).covers, second)
    ]


def _spans(view: View, facts: FileFacts) -> Vector:
    spans: Vector = {}
    for lane, _, intervals in view.index.parts_of_file(facts.id):
        spans = vector.union(spans, {lane: intervals} if intervals else {})
    return spans


def _is_covered(view: View, facts: FileFacts, covered: Vector) -> bool:
    return vector.is_subset(_spans(view, facts), covered)


def _packs_of(view: View, facts: FileFacts) -> list[str]:
    """Return the packs that hold all of a segment."""
    holders: list[str] = []
    for lane, first, spans in view.index.parts_of_file(facts.id):
        for holder, others in view.index.holders(lane, first):
            other = view.by_id.get(holder)
            if other is not None and other.folder == ARCHIVE and _holds(others, spans):
                holders.append(f"{ARCHIVE}/{other.name}")
    return holders


def _holds(others: Intervals, spans: Intervals) -> bool:
    return vector.is_subset({"": spans} if spans else {}, {"": others} if others else {})


def _listed_by_git(engine: Engine) -> set[str] | None:
    """Return the store's paths that git's index lists; None where there is no git."""
    if engine.git is None:
        return None
    from journal.git.status import index_paths
    from journal.upkeep.place import place_of

    place = place_of(engine)
    return {place.inner(path) for path in index_paths(place.repository, place.prefix)}


# -- doing ------------------------------------------------------------------------------------------


def _pack(engine: Engine, view: View, group: list[FileFacts]) -> list[str]:
    """Pack one lane's segments, in order, into as many files as their size asks for; return their paths."""
    paths: list[str] = []
    lines: list[bytes] = []
    size, first = 0, 0
    ensure_folder(engine.files, engine.root, ARCHIVE, durable=True)
    for facts in group:
        named = parse_segment_file(facts.name)
        assert named is not None, facts
        more = _valid_lines(engine, facts)
        if lines and size + sum(map(len, more)) > PACK_TEXT_BYTES_MAX:
            paths.append(_write_pack(engine, first, named.lane, lines))
            lines, size = [], 0
        first = first if lines else named.first
        lines.extend(more)
        size += sum(map(len, more))
    named = parse_segment_file(group[-1].name)
    assert named is not None, group
    paths.append(_write_pack(engine, first, named.lane, lines))
    return paths


def _valid_lines(engine: Engine, facts: FileFacts) -> list[bytes]:
    """Return the header's line and the valid records' lines of a segment, as they are."""
    data = engine.files.read(os.path.join(engine.root, SEGMENTS, facts.name))
    result = scan(data, limit_seq=facts.last)
    if result.damage or len(result.sections) != 1 or result.sections[0].header is None:
        raise DamagedError("the segment does not read as it was indexed", path=f"{SEGMENTS}/{facts.name}")
    section = result.sections[0]
    header = data[section.offset : data.index(b"\n", section.offset) + 1]
    return [header, *(data[found.offset : found.offset + found.length] for found in section.found)]


def _write_pack(engine: Engine, first: int, lane: str, lines: list[bytes]) -> str:
    data = encode_pack(lines)
    name = pack_file(first, lane, data)
    path = os.path.join(engine.root, ARCHIVE, name)
    write_whole(engine.files, path, data, durable=True)
    if read_text(engine.files, path, ARCHIVE).data != b"".join(lines):
        raise DamagedError("the pack does not read back as it was written", path=path)
    return f"{ARCHIVE}/{name}"


def _remove(engine: Engine, gone: list[FileFacts]) -> None:
    for facts in gone:
        engine.files.remove(os.path.join(engine.root, facts.folder, facts.name))
    for folder in {facts.folder for facts in gone}:
        engine.files.sync_folder(os.path.join(engine.root, folder))
