"""The folders of the truth: what is in them, and reading one file of them."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from journal.disk.files import FileStat, ReadFiles
from journal.format.lines import unseal
from journal.format.names import parse_checkpoint_file, parse_pack_file, parse_segment_file
from journal.format.segment import decode_header
from journal.segments.pack import read_members

SEGMENTS, ARCHIVE, CHECKPOINTS = "segments", "archive", "checkpoints"
TRUTH_FOLDERS = (SEGMENTS, ARCHIVE, CHECKPOINTS)
_HEADER = b'{"kind":"segment",'
"""How the first line of a segment begins."""
_PARSE = {SEGMENTS: parse_segment_file, ARCHIVE: parse_pack_file, CHECKPOINTS: parse_checkpoint_file}

Listing = dict[tuple[str, str], FileStat]
"""(folder, name) -> stat of each file of the truth."""


class Text(NamedTuple):
    """The lines of one file of the truth: of a segment as they are, of a pack inflated.

    ``starts`` maps an offset in ``data`` to its place: ascending (start in data, offset of the member).
    ``lost`` are members that do not inflate: (offset in the file, length, start in data).
    """

    data: bytes
    starts: list[tuple[int, int]]
    lost: list[tuple[int, int, int]]


def list_truth(files: ReadFiles, root: str) -> tuple[Listing, list[str]]:
    """Return the files of the truth, and the paths of what has no business in these folders."""
    listing: Listing = {}
    strange: list[str] = []
    for folder in TRUTH_FOLDERS:
        found, others = list_folder(files, root, folder)
        listing |= found
        strange += others
    return listing, strange


def list_folder(files: ReadFiles, root: str, folder: str) -> tuple[Listing, list[str]]:
    """The same of one of the folders."""
    path = os.path.join(root, folder)
    found = files.stat(path)
    if found is not None and found.kind != "folder":
        return {}, [path]
    parse = _PARSE[folder]
    listing: Listing = {}
    strange: list[str] = []
    for name, stat in files.list(path):
        if stat.kind == "file" and parse(name):
            listing[folder, name] = stat
        else:
            strange.append(os.path.join(path, name))
    return listing, strange


def read_text(files: ReadFiles, path: str, folder: str) -> Text:
    """Return the lines of a segment or a pack. Raises FileNotFoundError."""
    return text_of(files.read(path), folder)


def split_segments(data: bytes, starts: list[tuple[int, int]]) -> Iterator[tuple[int, bytes, int | None]]:
    """Yield (start, text, first seq of the next one) of each segment in the bytes of a pack.

    Fills ``starts``, as in ``Text``, on the way. The text is empty, and the last, where a member does not inflate
    or a header does not verify.
    """
    begun, size = 0, 0
    parts: list[bytes] = []
    for member in read_members(data):
        if member.text is None:
            yield size, b"", None
            return
        starts.append((size, member.offset))
        text, done = member.text, 0
        while (at := _header_in(text, max(done, begun + 1 - size))) >= 0:
            try:
                following = decode_header(unseal(text[at : text.index(b"\n", at) + 1])).first
            except ValueError:
                yield size, b"", None
                return
            start, whole = begun, [b"".join([*parts, text[done:at]])]
            parts, begun, done = [], size + at, at
            yield start, whole.pop(), following
        parts.append(text[done:])
        size += len(text)
    yield begun, b"".join(parts), None


def _header_in(text: bytes, start: int) -> int:
    """Return where a line begins, at ``start`` or later, that looks like a segment's header; -1 for nowhere."""
    if start == 0 and text.startswith(_HEADER):
        return 0
    at = text.find(b"\n" + _HEADER, max(0, start - 1))
    return at + 1 if at >= 0 else -1


def text_of(data: bytes, folder: str) -> Text:
    """Return the lines in the bytes of a segment or a pack."""
    if folder == SEGMENTS:
        return Text(data, [(0, 0)], [])
    parts: list[bytes] = []
    starts: list[tuple[int, int]] = []
    lost: list[tuple[int, int, int]] = []
    size = 0
    for member in read_members(data):
        if member.text is None:
            lost.append((member.offset, member.length, size))
            continue
        starts.append((size, member.offset))
        parts.append(member.text)
        size += len(member.text)
    return Text(b"".join(parts), starts, lost)
