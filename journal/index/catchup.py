"""Bringing a view up to date with the files of the truth: the gap only, never the whole.

What can be new: a segment that has grown, files that came, files that left or were replaced (git did
that, or damage). The first two are folded over the index. When files leave, the entities that their
events touched are folded again from what is left. What cannot be settled that way raises
``NeedsRebuildError``, and the caller builds everything anew from checkpoints and tail.
"""

import hashlib
import os
from collections.abc import Callable
from typing import NamedTuple

from journal.disk.files import FileStat
from journal.format.checkpoint import CheckpointHeader, decode_header, decompress_lines
from journal.format.lines import BadLineError, unseal
from journal.format.names import parse_checkpoint_file, parse_pack_file, parse_segment_file
from journal.format.record import Record
from journal.format.segment import Vector
from journal.format.segment import decode_header as decode_segment_header
from journal.index.applying import Applier, section_name, spans_of
from journal.index.database import DamageFacts, FileFacts, Location
from journal.index.replay import Piece, Source, in_total_order
from journal.index.view import Key, View, checksum_on, is_unchanged, with_stat
from journal.segments.folders import ARCHIVE, CHECKPOINTS, SEGMENTS, Listing, Text, read_text
from journal.segments.pack import read_line
from journal.segments.scan import Damage, Scan, scan
from journal.state import vector
from journal.state.entity import Change, Past, fold


class NeedsRebuildError(Exception):
    """The index cannot be brought forward step by step."""


class Bounds(NamedTuple):
    """What is known about where a segment's valid part ends (see ``segments.scan.scan``)."""

    floor_seq: int = 0
    limit_seq: int | None = None


BoundsOf = Callable[[str], Bounds]
"""Segment file name -> what the work tree's own memory says of its end."""


def no_memory(_: str) -> Bounds:
    """Know nothing of any segment's end, as a fresh clone does."""
    return Bounds()


class Changes(NamedTuple):
    """How a listing differs from what was applied."""

    came: list[Key]
    grew: list[Key]
    left: list[Key]


def compare(view: View, listing: Listing) -> Changes:
    """Return what differs; a file that was only touched is noted as such and is no change."""
    came, grew, left = [], [], [key for key in view.facts if key not in listing]
    for key, stat in listing.items():
        facts = view.facts.get(key)
        if facts is None:
            came.append(key)
        elif not is_unchanged(facts, stat):
            if not _has_prefix(view, facts, stat):
                left.append(key)
                came.append(key)
            elif stat.size > facts.applied and key[0] == SEGMENTS:
                grew.append(key)
            else:
                view.put_file(with_stat(facts, stat))
    return Changes(came, grew, left)


def _has_prefix(view: View, facts: FileFacts, stat: FileStat) -> bool:
    if facts.folder != SEGMENTS and stat.size != facts.size:
        return False
    if stat.size < facts.applied:
        return False
    try:
        data = view.files.read_at(path_of(view, facts), 0, facts.applied)
    except FileNotFoundError:
        return False
    return checksum_on(0, data) == facts.crc


def path_of(view: View, facts: FileFacts) -> str:
    """Return the path of an applied file."""
    return os.path.join(view.root, facts.folder, facts.name)


def catch_up(view: View, listing: Listing, bounds: BoundsOf) -> bool:
    """Fold the gap between the index and the files over the view; True if there was one.

    Where files have left, the index is written (in one transaction), so the caller holds the lock or
    works on a private copy. Raises NeedsRebuildError.
    """
    changes = compare(view, listing)
    view.generation += bool(changes.left or changes.grew)
    if changes.left:
        view.flush()
        with view.index.writing():
            touched = _leave(view, changes.left)
            _arrive(view, changes, listing, bounds)
            list_events(view)
            view.write_overlay()
            view.settle()
            _fold_again(view, touched)
            view.write_overlay()
        view.settle()
        return True
    _arrive(view, changes, listing, bounds)
    return bool(changes.came or changes.grew)


# -- files that came, or grew -----------------------------------------------------------------------


def _arrive(view: View, changes: Changes, listing: Listing, bounds: BoundsOf) -> None:
    for key in changes.came:
        if key[0] == CHECKPOINTS:
            _take_checkpoint(view, key, listing[key])
    keys = [key for key in changes.came if key[0] != CHECKPOINTS]
    limits = limits_of(view, keys)
    applier = Applier(view)
    sources = [_source(view, key, listing[key], with_limit(bounds, key[1], limits), applier) for key in keys]
    for key in changes.grew:
        sources.append(_growth(view, key, listing[key], with_limit(bounds, key[1], limits), applier))
    for piece, found in in_total_order(sources, applier.opened):
        applier.apply(piece, found)
    _check_chains(view, keys)


def with_limit(bounds: BoundsOf, name: str, limits: dict[str, int]) -> Bounds:
    """Return what memory and the next header together say of a segment's end."""
    known = bounds(name)
    limit = limits.get(name.removesuffix(".jsonl"))
    return known if limit is None else Bounds(known.floor_seq, limit)


def limits_of(view: View, keys: list[Key]) -> dict[str, int]:
    """Return, by segment, the end that the lane's next header names; also from files that just came."""
    limits: dict[str, int] = {}
    lanes: set[str] = set()
    for folder, name in keys:
        if folder == SEGMENTS:
            previous = first_header(view, os.path.join(view.root, folder, name))
            named = parse_segment_file(name)
            if previous is not None:
                limits[previous[0]] = previous[1]
            if named:
                lanes.add(named.lane)
    for lane in lanes:
        for section in view.index.sections_of(lane):
            if section.prev_segment:
                limits.setdefault(section.prev_segment, section.prev_seq)
    return limits


def first_header(view: View, path: str) -> tuple[str, int] | None:
    """Return (segment, seq) that the header of a segment names as its predecessor's end."""
    try:
        line = view.files.read_at(path, 0, 1 << 18).split(b"\n", 1)[0] + b"\n"
        previous = decode_segment_header(unseal(line)).previous
    except (OSError, BadLineError):
        return None
    return previous and (previous.segment, previous.seq)


def _source(view: View, key: Key, stat: FileStat, bounds: Bounds, applier: Applier) -> Source:
    named = parse_segment_file(key[1]) or parse_pack_file(key[1])
    assert named is not None, key
    facts = view.new_file(*key, stat)
    return Source(named.first, named.lane, lambda: load_pieces(view, facts, bounds, applier))


def load_pieces(view: View, facts: FileFacts, bounds: Bounds, applier: Applier) -> list[Piece]:
    """Read a whole file and return its records by segment; note how far it is valid, and damage."""
    path = path_of(view, facts)
    named = parse_segment_file(facts.name) or parse_pack_file(facts.name)
    assert named is not None, facts.name
    try:
        text = read_text(view.files, path, facts.folder)
    except FileNotFoundError as error:
        raise NeedsRebuildError(f"{path} left while it was read") from error
    result = scan(text.data, floor_seq=bounds.floor_seq, limit_seq=bounds.limit_seq)
    applied = result.end if facts.folder == SEGMENTS else facts.size
    crc = checksum_on(0, text.data[:applied]) if facts.folder == SEGMENTS else checksum_on(0, view.files.read(path))
    applier.place(facts.id, text.starts)
    pieces = []
    for section in result.sections:
        header = section.header
        if header is not None and header.lane != named.lane:
            continue
        first = header.first if header is not None else named.first
        pieces.append(Piece(named.lane, first, facts.id, header, section.found))
        view.overlay.parts[facts.id, named.lane, first] = spans_of([found.record["seq"] for found in section.found])
    last = max((section.last for section in result.sections), default=0)
    view.put_file(facts._replace(applied=applied, crc=crc, last=last))
    _note_damage(view, facts.id, named.lane, text, result.damage)
    return pieces


def _note_damage(view: View, file: int, lane: str, text: Text, damage: list[Damage]) -> None:
    for offset, length, _ in text.lost:
        view.add_damage(DamageFacts(file, offset, length, lane, 0, -1, "a member of the pack does not inflate"))
    for item in damage:
        view.add_damage(DamageFacts(file, item.offset, item.length, lane, item.low, item.high, item.reason))


def _growth(view: View, key: Key, stat: FileStat, bounds: Bounds, applier: Applier) -> Source:
    facts = view.facts[key]
    named = parse_segment_file(key[1])
    assert named is not None, key
    data = view.files.read_at(path_of(view, facts), facts.applied, stat.size - facts.applied)
    return growth_source(view, facts, named.first, named.lane, data, stat, bounds)


def growth_source(
    view: View, facts: FileFacts, first: int, lane: str, data: bytes, stat: FileStat, bounds: Bounds
) -> Source:
    """Return the records in what a segment grew by; note how far it is valid now."""
    result: Scan = scan(data, floor_seq=bounds.floor_seq, limit_seq=bounds.limit_seq, after_seq=facts.last)
    found = [
        item._replace(offset=item.offset + facts.applied)
        for section in result.sections
        for item in section.found
        if item.record["seq"] > facts.last
    ]
    # A file whose header was not yet whole when it was read first shows it now.
    header = next((section.header for section in result.sections if section.header is not None), None)
    last = found[-1].record["seq"] if found else facts.last
    crc = checksum_on(facts.crc, data[: result.end])
    view.put_file(with_stat(facts, stat)._replace(applied=facts.applied + result.end, crc=crc, last=last))
    for item in result.damage:
        view.add_damage(
            DamageFacts(facts.id, item.offset + facts.applied, item.length, lane, item.low, item.high, item.reason)
        )
    for low, high in spans_of([item.record["seq"] for item in found]):
        view.grow_part(facts.id, lane, first, low, high)
    piece = Piece(lane, first, facts.id, header, found)
    return Source(piece.start, lane, lambda: [piece])


def _check_chains(view: View, came: list[Key]) -> None:
    """A header that came may cut a segment that was applied further, or explain one applied without it."""
    for (lane, first), section in list(view.overlay.sections.items()):
        if section.prev_segment is not None:
            facts = view.facts.get((SEGMENTS, f"{section.prev_segment}.jsonl"))
            if facts is not None and facts.last > section.prev_seq:
                raise NeedsRebuildError("a new header cuts a segment that was applied further")
        later = (other for other in view.index.sections_of(lane) if other.first > first and other.number > 0)
        if any(other.prev_segment == section_name(section) for other in later):
            raise NeedsRebuildError("the base of a known difference arrived")
    lanes = {lane for lane, intervals in view.have.items() if len(intervals) > 1}
    for lane in lanes & {lane for lane, _ in view.overlay.sections}:
        for section in view.index.sections_of(lane):
            here = section.prev_seq and vector.contains(view.have, section.prev_seq, lane)
            if here and vector.contains(view.have, section.first, lane):
                view.add_have(lane, section.prev_seq + 1, section.first - 1)


# -- checkpoints ------------------------------------------------------------------------------------


def read_checkpoint_header(view: View, name: str) -> CheckpointHeader:
    """Return a checkpoint's header. Raises BadLineError."""
    data = view.files.read(os.path.join(view.root, CHECKPOINTS, name))
    return decode_header(next(decompress_lines(data)))


def is_checkpoint_whole(view: View, name: str) -> bool:
    """Tell whether a checkpoint's bytes are those that its name promises."""
    named = parse_checkpoint_file(name)
    data = view.files.read(os.path.join(view.root, CHECKPOINTS, name))
    return named is not None and hashlib.sha256(data).hexdigest().startswith(named.digest)


def _take_checkpoint(view: View, key: Key, stat: FileStat) -> None:
    facts = view.new_file(*key, stat)
    path = path_of(view, facts)
    view.put_file(facts._replace(applied=stat.size, crc=checksum_on(0, view.files.read(path))))
    try:
        if not is_checkpoint_whole(view, key[1]):
            raise BadLineError("the checkpoint does not match its name")
        covers = read_checkpoint_header(view, key[1]).covers
    except BadLineError as error:
        view.add_damage(DamageFacts(facts.id, 0, stat.size, "", 0, -1, str(error)))
        return
    if not vector.is_subset(covers, view.have):
        raise NeedsRebuildError("a checkpoint covers events that are not here")
    view.covers = vector.union(view.covers, covers)


# -- files that left --------------------------------------------------------------------------------


def _leave(view: View, keys: list[Key]) -> set[Key]:
    """Forget files; return the entities that lost an event by it."""
    touched: set[Key] = set()
    left = [view.facts[key] for key in keys]
    for facts in left:
        if facts.folder != CHECKPOINTS and not facts.listed:
            raise NeedsRebuildError("a file left whose events were never listed")
        if facts.folder == SEGMENTS and facts.size != facts.applied:
            raise NeedsRebuildError("a file with an unclean tail left")
    gone = {facts.id for facts in left}
    for facts in left:
        for lane, first, spans in view.index.parts_of_file(facts.id):
            lost = _lost(view, lane, first, spans, gone)
            for low, high in spans:
                if lost:
                    touched |= view.index.touched(lane, low, high)
                view.index.drop_events(lane, low, high, facts.id)
            view.have_files = vector.subtract(view.have_files, {lane: lost} if lost else {})
    for facts in left:
        for lane, first, _ in view.index.parts_of_file(facts.id):
            _drop_section(view, lane, first, gone)
        view.index.drop_file(facts.id)
        del view.facts[facts.folder, facts.name], view.by_id[facts.id]
    view.damage = [item for item in view.damage if item.file not in gone]
    if any(facts.folder == CHECKPOINTS for facts in left):
        view.covers = _remaining_covers(view)
    view.have = vector.union(view.have_files, view.covers)
    view.top = vector.highest(view.have)
    if not vector.is_subset(view.covers, view.have_files):
        raise NeedsRebuildError("a checkpoint covers events whose files are not here")
    return touched


def _lost(
    view: View, lane: str, first: int, spans: tuple[tuple[int, int], ...], gone: set[int]
) -> tuple[tuple[int, int], ...]:
    """Return the seqs of a part that no file that stays holds; what stays elsewhere is listed anew."""
    rest: Vector = {lane: spans} if spans else {}
    for holder, others in view.index.holders(lane, first):
        if holder not in gone and others:
            rest = vector.subtract(rest, {lane: others})
            view.put_file(view.by_id[holder]._replace(listed=0))
    return rest.get(lane, ())


def _drop_section(view: View, lane: str, first: int, gone: set[int]) -> None:
    if any(holder not in gone for holder, _ in view.index.holders(lane, first)):
        return
    for section in view.index.sections_of(lane):
        parsed = section.prev_segment and parse_segment_file(f"{section.prev_segment}.jsonl")
        if parsed and parsed.first == first and section.number > 0:
            raise NeedsRebuildError("the base of a known difference left")
    view.index.drop_section(lane, first)


def _remaining_covers(view: View) -> Vector:
    covers: Vector = {}
    for folder, name in view.facts:
        if folder == CHECKPOINTS and is_checkpoint_whole(view, name):
            covers = vector.union(covers, read_checkpoint_header(view, name).covers)
    return covers


def _fold_again(view: View, touched: set[Key]) -> None:
    for key in sorted(touched):
        changes: list[tuple[Change, Past]] = []
        for place in view.events_of(key):
            record = read_record(view, place)
            if record is None:
                raise NeedsRebuildError("a listed event cannot be read")
            changes.append((view.change_of(record, place.lane), view.past_of((place.seq, place.lane))))
        view.put_state(key, fold(changes))


# -- the places of events ---------------------------------------------------------------------------


def list_events(view: View, progress: Callable[[int, int], None] | None = None) -> None:
    """Note where the events of all files stand that a rebuild has only folded; history needs it.

    The rows go to the overlay file by file; a caller that may write flushes them.
    """
    unlisted = [facts for facts in view.facts.values() if not facts.listed and facts.folder != CHECKPOINTS]
    limits = limits_of(view, [(facts.folder, facts.name) for facts in unlisted])
    for number, facts in enumerate(sorted(unlisted, key=lambda item: item.name)):
        bounds = with_limit(no_memory, facts.name, limits)
        if facts.last:
            bounds = Bounds(limit_seq=facts.last)
        applier = Applier(view)
        damage, seen = list(view.damage), list(view.overlay.damage)
        for piece in load_pieces(view, facts._replace(listed=1), bounds, applier):
            applier.opened(piece)
            if piece.found:
                applier.apply(piece, piece.found)
        if facts.applied:
            view.damage, view.overlay.damage = damage, seen
        if progress is not None:
            progress(number + 1, len(unlisted))


def read_record(view: View, place: Location) -> Record | None:
    """Return the record at a place, None where its bytes do not verify any more."""
    from journal.format.record import decode

    facts = view.by_id.get(place.file)
    if facts is None:
        return None
    path = path_of(view, facts)
    try:
        if facts.folder == ARCHIVE:
            member = view.files.read_at(path, place.offset, _MEMBER_READ_BYTES)
            line = read_line(member, place.inner, place.length)
        else:
            line = view.files.read_at(path, place.offset, place.length)
        record = decode(line or b"")
    except (OSError, BadLineError):
        return None
    return record if record["seq"] == place.seq else None


_MEMBER_READ_BYTES = 1 << 17
