"""Reading a file of the truth, or what it grew by, into pieces; how far it is valid is noted in the view.

A pack may hold years, so it is read a segment at a time. One in which anything is not as it should be is
read again as a whole, by the rules for damage: what was given out before then is known, and counts once.
"""

import gc
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import zip_longest

from journal.disk.files import FileStat
from journal.errors import NewerFormatError
from journal.format.limits import FORMAT
from journal.format.names import parse_pack_file, parse_segment_file
from journal.format.segment import newer_format
from journal.index.applying import Applier
from journal.index.bounds import Bounds
from journal.index.comparing import path_of
from journal.index.replay import Piece
from journal.index.rows import DamageFacts, FileFacts, checksum_on, grown
from journal.index.view import View
from journal.segments.folders import SEGMENTS, Text, split_segments, text_of
from journal.segments.pack import NOT_AS_NAMED, is_pack_whole
from journal.segments.scan import Damage, Found, Scan, Section, scan
from journal.state import vector


class NeedsRebuildError(Exception):
    """The index cannot be brought forward step by step."""


def load_pieces(view: View, facts: FileFacts, bounds: Bounds, applier: Applier) -> Iterator[Piece]:
    """Read a file and yield its records by segment; at the end note how far it is valid, and damage.

    Raises NeedsRebuildError where the file has left.
    """
    path = path_of(view, facts)
    try:
        data = view.files.read(path)
    except FileNotFoundError as error:
        raise NeedsRebuildError(f"{path} left while it was read") from error
    is_whole = facts.folder != SEGMENTS and is_pack_whole(facts.name, data)
    if not (is_whole and (yield from _whole_segments(view, facts, data, applier))):
        pieces = sorted(_pieces_of_all(view, facts, data, bounds, applier), key=lambda piece: piece.start)
        for piece, after in zip_longest(pieces, pieces[1:]):
            yield piece._replace(following=after and after.start)


def _whole_segments(view: View, facts: FileFacts, data: bytes, applier: Applier) -> Generator[Piece, None, bool]:
    """Yield the segments of a pack, one in memory at a time; False as soon as one is not as it was packed."""
    named = parse_pack_file(facts.name)
    assert named is not None, facts.name
    starts: list[tuple[int, int]] = []
    applier.place(facts.id, starts)
    begun, last = 0, 0
    for offset, text, following in split_segments(data, starts):
        section = _only_section(text, is_light=applier.is_light)
        header = section.header if section is not None else None
        if section is None or header is None or header.lane != named.lane or header.first <= max(begun, last):
            return False
        found = [item._replace(offset=item.offset + offset) for item in section.found] if offset else section.found
        begun, last = header.first, section.last or last
        view.overlay.parts[facts.id, named.lane, begun] = vector.intervals([item.record["seq"] for item in found])
        if following is None:
            view.put_file(facts._replace(applied=facts.size, crc=checksum_on(0, data), last=last))
        ready = [Piece(named.lane, begun, facts.id, header, found, following)]
        del text, section, found  # while this waits to be asked again it holds none of it
        yield ready.pop()
    return begun > 0


def _only_section(text: bytes, *, is_light: bool) -> Section | None:
    result = scan(text, is_light=is_light)
    is_whole = len(result.sections) == 1 and result.end == len(text) and not result.damage
    return result.sections[0] if is_whole else None


def _pieces_of_all(view: View, facts: FileFacts, data: bytes, bounds: Bounds, applier: Applier) -> list[Piece]:
    named = parse_segment_file(facts.name) or parse_pack_file(facts.name)
    assert named is not None, facts.name
    text = text_of(data, facts.folder)
    result = scan(
        text.data,
        floor_seq=max(bounds.floor_seq, view.floor_of(facts)),
        limit_seq=bounds.limit_seq,
        after_seq=named.first - 1,
        is_light=applier.is_light,
    )
    _refuse_newer(view, facts, text.data, result)
    applied = result.end if facts.folder == SEGMENTS else facts.size
    crc = checksum_on(0, data[:applied])
    if facts.folder != SEGMENTS:
        applier.place(facts.id, text.starts)
    pieces = []
    for section in result.sections:
        header = section.header
        if header is not None and header.lane != named.lane:
            continue
        first = header.first if header is not None else named.first
        pieces.append(Piece(named.lane, first, facts.id, header, section.found))
        view.overlay.parts[facts.id, named.lane, first] = vector.intervals(
            [found.record["seq"] for found in section.found]
        )
    last = max((section.last for section in result.sections), default=0)
    view.put_file(facts._replace(applied=applied, crc=crc, last=last))
    _note_damage(view, facts.id, named.lane, text, result.damage)
    if not (facts.folder == SEGMENTS or text.lost or is_pack_whole(facts.name, data)):
        view.add_damage(DamageFacts(facts.id, 0, len(data), named.lane, 0, -1, NOT_AS_NAMED))  # cut between members
    return pieces


def _refuse_newer(view: View, facts: FileFacts, data: bytes, result: Scan) -> None:
    """Raise NewerFormatError for a segment of a later format: what its lines mean is not known here."""
    for section in result.sections:
        end = data.find(b"\n", section.offset) + 1
        version = newer_format(data[section.offset : end]) if section.header is None else None
        if version is not None:
            view.reload()  # what was folded by now is half of something
            raise NewerFormatError(
                f"the segment has format {version}; this version reads up to format {FORMAT}",
                path=path_of(view, facts),
                hint="upgrade git-journal; nothing was written",
            )


def _note_damage(view: View, file: int, lane: str, text: Text, damage: list[Damage]) -> None:
    for offset, length, _ in text.lost:
        view.add_damage(DamageFacts(file, offset, length, lane, 0, -1, "a member of the pack does not inflate"))
    for item in damage:
        view.add_damage(DamageFacts(file, item.offset, item.length, lane, item.low, item.high, item.reason))


def growth_piece(
    view: View, facts: FileFacts, first: int, lane: str, data: bytes, stat: FileStat, bounds: Bounds
) -> Piece:
    """Return the records in what a segment grew by; note how far it is valid now."""
    result: Scan = scan(data, floor_seq=bounds.floor_seq, limit_seq=bounds.limit_seq, after_seq=facts.last)
    _refuse_newer(view, facts, data, result)
    found = [
        Found(offset + facts.applied, length, record)
        for section in result.sections
        for offset, length, record in section.found
        if record["seq"] > facts.last
    ]
    # A file whose header was not yet whole when it was read first shows it now.
    header = next((section.header for section in result.sections if section.header is not None), None)
    last = found[-1].record["seq"] if found else facts.last
    view.put_file(grown(facts, stat, data[: result.end], last))
    for item in result.damage:
        view.add_damage(
            DamageFacts(facts.id, item.offset + facts.applied, item.length, lane, item.low, item.high, item.reason)
        )
    for low, high in vector.intervals([item.record["seq"] for item in found]):
        view.grow_part(facts.id, lane, first, low, high)
    return Piece(lane, first, facts.id, header, found)


@contextmanager
def no_collections() -> Iterator[None]:
    """Keep the garbage collector away: what is made here is many values, and no cycle."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
