"""Reading a file of the truth, or what it grew by, into pieces; how far it is valid is noted in the view."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from journal.disk.files import FileStat
from journal.format.names import parse_pack_file, parse_segment_file
from journal.index.applying import Applier, spans_of
from journal.index.bounds import Bounds
from journal.index.comparing import path_of
from journal.index.replay import Piece, Source
from journal.index.rows import DamageFacts, FileFacts
from journal.index.view import View, checksum_on, with_stat
from journal.segments.folders import SEGMENTS, Text, read_text
from journal.segments.scan import Damage, Scan, scan


class NeedsRebuildError(Exception):
    """The index cannot be brought forward step by step."""


def load_pieces(view: View, facts: FileFacts, bounds: Bounds, applier: Applier) -> list[Piece]:
    """Read a whole file and return its records by segment; note how far it is valid, and damage."""
    path = path_of(view, facts)
    named = parse_segment_file(facts.name) or parse_pack_file(facts.name)
    assert named is not None, facts.name
    try:
        text = read_text(view.files, path, facts.folder)
    except FileNotFoundError as error:
        raise NeedsRebuildError(f"{path} left while it was read") from error
    result = scan(
        text.data,
        floor_seq=bounds.floor_seq,
        limit_seq=bounds.limit_seq,
        after_seq=named.first - 1,
        is_light=applier.is_light,
    )
    applied = result.end if facts.folder == SEGMENTS else facts.size
    crc = checksum_on(0, text.data[:applied]) if facts.folder == SEGMENTS else checksum_on(0, view.files.read(path))
    if facts.folder != SEGMENTS:
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
