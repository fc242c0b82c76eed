"""How the files of the truth differ from what was applied: the question that every read asks first."""

import os
from typing import NamedTuple

from journal.index.rows import FileFacts, checksum_on, is_unchanged, with_stat
from journal.index.view import Key, View
from journal.segments.folders import SEGMENTS, Listing


class Changes(NamedTuple):
    """How a listing differs from what was applied.

    ``is_open``: all that changed is that the open segment grew, from where it was applied.
    """

    came: list[Key]
    grew: list[Key]
    left: list[Key]
    is_open: bool = False

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.came or self.grew or self.left)


def compare(view: View, listing: Listing) -> Changes:
    """Return what differs; a file that was only touched is noted as such and is no change."""
    came, grew, left = [], [], [key for key in view.facts if key not in listing]
    for key, stat in listing.items():
        facts = view.facts.get(key)
        if facts is None:
            came.append(key)
        elif key in view.doubted or not is_unchanged(facts, stat):
            if key in view.doubted or not has_prefix(view, facts, stat.size):
                view.keep_in_mind(facts, stat)
                left.append(key)
                came.append(key)
            elif stat.size > facts.applied and key[0] == SEGMENTS:
                grew.append(key)
            else:
                view.put_file(with_stat(facts, stat))
    return Changes(came, grew, left)


def has_moved_unseen(view: View, open_segment: str | None) -> bool:
    """Tell whether a file that is damaged, or ends within a line, was written to since, which no folder tells.

    It may have been read while git, or a copy, was at it; or somebody mended it in its place.
    """
    for facts in view.unclean():
        stat = view.files.stat(path_of(view, facts))
        if stat is None or is_unchanged(facts, stat):
            continue
        if facts.name != open_segment or stat.size <= facts.size:  # else it grew, as it does
            return True
    return False


def has_prefix(view: View, facts: FileFacts, size: int) -> bool:
    """Tell whether a file that has so many bytes now still begins with what was applied."""
    if facts.folder != SEGMENTS and size != facts.size:
        return False
    if size < facts.applied:
        return False
    try:
        data = view.files.read_at(path_of(view, facts), 0, facts.applied)
    except FileNotFoundError:
        return False
    return checksum_on(0, data) == facts.crc


def path_of(view: View, facts: FileFacts) -> str:
    """Return the path of an applied file."""
    return os.path.join(view.root, facts.folder, facts.name)
