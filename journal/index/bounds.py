"""Where the valid part of a segment ends: what memory, and the header behind it, say of it."""

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from journal.disk.files import ReadFiles
from journal.format.lines import BadLineError, unseal
from journal.format.names import parse_segment_file
from journal.format.segment import decode_header
from journal.index.view import Key, View
from journal.segments.folders import SEGMENTS
from journal.segments.tip import Mark


class Bounds(NamedTuple):
    """What is known about where a segment's valid part ends (see ``segments.scan.scan``)."""

    floor_seq: int = 0
    limit_seq: int | None = None


BoundsOf = Callable[[str], Bounds]
"""Segment file name -> what the work tree's own memory says of its end."""


def no_memory(_: str) -> Bounds:
    """Know nothing of any segment's end, as a fresh clone does."""
    return Bounds()


def with_limit(bounds: BoundsOf, name: str, limits: dict[str, int]) -> Bounds:
    """Return what memory and the next header together say of a segment's end."""
    known = bounds(name)
    limit = limits.get(name.removesuffix(".jsonl"))
    return known if limit is None else Bounds(known.floor_seq, limit)


def limits_of(view: View, came: Sequence[Key], grew: Sequence[Key] = ()) -> dict[str, int]:
    """Return, by segment, the end that the header behind it names; also from files that just came."""
    limits: dict[str, int] = {}

    def take(segment: str | None, seq: int | None) -> None:
        if segment is not None and seq is not None:
            limits[segment] = min(seq, limits.get(segment, seq))

    for folder, name in came:
        if folder == SEGMENTS:
            take(*first_header(view.files, os.path.join(view.root, folder, name)) or (None, None))
    for section in view.overlay.sections.values():
        take(section.prev_segment, section.prev_seq)
    for segment in (name.removesuffix(".jsonl") for folder, name in (*came, *grew) if folder == SEGMENTS):
        take(segment, view.index.end_of(segment))
    return limits


def first_header(files: ReadFiles, path: str) -> tuple[str, int] | None:
    """Return (segment, seq) that the header of a segment names as the end of the one before."""
    try:
        line = files.read_at(path, 0, 1 << 18).split(b"\n", 1)[0] + b"\n"
        previous = decode_header(unseal(line)).previous
    except (OSError, BadLineError):
        return None
    return previous and (previous.segment, previous.seq)


def is_cut_off(files: ReadFiles, folder: str, mark: Mark) -> bool:
    """Tell whether a later segment, in the folder of segments, says that one ends before a mark."""
    named = parse_segment_file(mark.segment)
    assert named is not None, mark
    for name, _ in files.list(folder):
        other = parse_segment_file(name)
        if other is None or other.first <= named.first:
            continue
        previous = first_header(files, os.path.join(folder, name))
        if previous is not None and previous[0] == mark.segment.removesuffix(".jsonl") and previous[1] < mark.seq:
            return True
    return False
