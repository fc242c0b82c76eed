r"""What the bytes of a segment mean: headers, records, what is torn and what is damaged. Pure.

A scan never trusts more than checksums (docs/format.md, "Reading"):

====================================================  =====================================
a line that does not verify                           is
====================================================  =====================================
is a proper prefix of another line                    residue of a union merge: nothing
stands beyond the end that the next header names      ignored by everyone
stands after the last valid record and the floor      a torn tail: an append never acknowledged
anything else                                         damage: reported, costs what it held
====================================================  =====================================

Lines are split at ``\n`` only; ``splitlines`` would also split at ``\r`` and others.
"""

from bisect import bisect_left
from typing import NamedTuple

from journal.format import record as records
from journal.format import values
from journal.format.light import decode_lightly
from journal.format.lines import BadLineError, unseal
from journal.format.record import Record
from journal.format.segment import Header, decode_header

ENDS_EARLY = "acknowledged records are missing at the end"
"""Why a place is damage where nothing is wrong with what stands there, but with what does not."""
_NO_LIMIT = 1 << 62


class Found(NamedTuple):
    """One record of a file: where its line stands (bytes from the start of the text) and what it says."""

    offset: int
    length: int
    record: Record


class Damage(NamedTuple):
    """Bytes that once were acknowledged and do not verify; ``low``..``high`` are the seqs that are lost.

    ``high`` below ``low`` means that no seq is known to be lost (a header, or foreign bytes).
    """

    offset: int
    length: int
    low: int
    high: int
    reason: str


class Section(NamedTuple):
    """One segment's worth of records; ``header`` is None where its line is damaged."""

    header: Header | None
    offset: int
    found: list[Found]

    @property
    def last(self) -> int:
        """The greatest seq in it, 0 if it has none."""
        return self.found[-1].record["seq"] if self.found else 0


class Scan(NamedTuple):
    """The result: sections in order, where the valid part ends, and what is wrong."""

    sections: list[Section]
    end: int
    is_torn: bool
    damage: list[Damage]


class _Line(NamedTuple):
    offset: int
    text: bytes
    fields: Record | None
    reason: str


def scan(
    data: bytes, *, floor_seq: int = 0, limit_seq: int | None = None, after_seq: int = 0, is_light: bool = False
) -> Scan:
    """Return what the text of a segment, or of a part of it from a line's start on, means.

    ``floor_seq``: records up to here were acknowledged, so their absence is damage, not a torn tail.
    ``limit_seq``: the next header says that the valid part ends here; None if there is no next one.
    ``after_seq``: the last seq before this part, where a part is scanned.
    ``is_light``: records may be light ones (see ``format.light``).
    """
    end_seq = _NO_LIMIT if limit_seq is None else limit_seq
    floor_seq = min(max(floor_seq, limit_seq or 0), end_seq)
    lines: list[_Line] = []
    sections, end = _whole_sections(data, end_seq, is_light=is_light), len(data)
    if sections is None:
        lines = _read_lines(data)
        sections, end = _sections(lines, end_seq), _valid_end(lines, end_seq)
    last = max([after_seq, *(section.last for section in sections)])
    end, last = _drop_unfinished(sections, end, last, after_seq, floor_seq)
    damage = _damage(lines, end, len(data), after_seq, last, floor_seq)
    is_torn = end < len(data) and limit_seq is None
    return Scan(sections, end, is_torn, damage)


def _whole_sections(data: bytes, end_seq: int, *, is_light: bool) -> list[Section] | None:
    """Return the sections of the usual text: every line verifies, counts, and stands in order. Else None."""
    sections: list[Section] = []
    headers: set[bytes] = set()
    found: list[Found] = []
    start, last = 0, 0
    try:
        while stop := data.find(b"\n", start) + 1:
            line = data[start:stop]
            light = decode_lightly(line) if is_light else None
            fields = unseal(line) if light is None else light
            if fields.get("kind") == "segment":
                found = []
                header = decode_header(fields)
                if _is_again(header, headers):
                    return None
                sections.append(Section(header, start, found))
            else:
                if light is None:
                    records.check(fields)
                seq = fields["seq"]
                if not last < seq <= end_seq:
                    return None
                if not sections:
                    sections.append(Section(None, 0, found))
                found.append(Found(start, stop - start, fields))
                last = seq
            start = stop
    except BadLineError:
        return None
    return sections if start == len(data) else None


def _read_lines(data: bytes) -> list[_Line]:
    lines: list[_Line] = []
    start = 0
    while (stop := data.find(b"\n", start)) >= 0:
        text = data[start : stop + 1]
        try:
            fields = unseal(text)
            if fields.get("kind") != "segment":
                records.check(fields)
            lines.append(_Line(start, text, fields, ""))
        except BadLineError as error:
            lines.append(_Line(start, text, None, str(error)))
        start = stop + 1
    return lines


def _sections(lines: list[_Line], end_seq: int) -> list[Section]:
    sections: list[Section] = []
    seen: set[tuple[str, int]] = set()
    headers: set[bytes] = set()
    lane = ""
    for line in lines:
        if line.fields is None:
            continue
        if line.fields["kind"] == "segment":
            header = _header(line.fields)
            lane = header.lane if header is not None else ""
            if not _is_again(header, headers):
                sections.append(Section(header, line.offset, []))
            continue
        seq = line.fields["seq"]
        if seq > end_seq or (lane, seq) in seen:
            continue
        seen.add((lane, seq))
        if not sections:
            sections.append(Section(None, 0, []))
        sections[-1].found.append(Found(line.offset, len(line.text), line.fields))
    for section in sections:
        section.found.sort(key=_seq_of)
    return sections


def _header(fields: Record) -> Header | None:
    try:
        return decode_header(fields)
    except BadLineError:
        return None


def _is_again(header: Header | None, headers: set[bytes]) -> bool:
    """Tell whether a header was there before, and note it: a file may have very many, so they are not compared."""
    said = b"" if header is None else values.canonical([*header[:-1], header.previous and [*header.previous]])
    size = len(headers)
    headers.add(said)
    return len(headers) == size


def _seq_of(found: Found) -> int:
    seq: int = found.record["seq"]
    return seq


def _valid_end(lines: list[_Line], end_seq: int) -> int:
    """Return the offset behind the last line that verifies and counts."""
    for line in reversed(lines):
        if line.fields is not None and line.fields.get("seq", 0) <= end_seq:
            return line.offset + len(line.text)
    return 0


def _drop_unfinished(sections: list[Section], end: int, last: int, after_seq: int, floor_seq: int) -> tuple[int, int]:
    """Drop the records of a last transaction that was never finished; return the new end and last seq.

    A transaction is acknowledged whole, so one without its last record never was; unless the floor
    says otherwise, and then what is left of it counts.
    """
    found = sections[-1].found if sections else []
    if not found or last <= floor_seq or records.is_last_of_transaction(found[-1].record):
        return end, last
    number, size = found[-1].record["tx"]
    first = found[-1].record["seq"] - number + 1
    while (
        found and found[-1].record["seq"] >= max(first, floor_seq + 1) and found[-1].record.get("tx", [0, 0])[1] == size
    ):
        end = found.pop().offset
    return end, found[-1].record["seq"] if found else after_seq


def _damage(lines: list[_Line], end: int, size: int, after_seq: int, last: int, floor_seq: int) -> list[Damage]:
    bad = [line for line in lines if line.fields is None and line.offset < end]
    damage: list[Damage] = []
    if bad:
        whole = sorted(line.text for line in lines if line.fields is not None)
        bad = [line for line in bad if not _is_residue(line.text[:-1], whole)]
        before, after = _neighbours(lines, after_seq)
    for line in bad:
        marker = line.text.startswith((b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||"))
        low, high = before[line.offset] + 1, after[line.offset] - 1
        lost = (low, high) if 1 <= high < _NO_LIMIT - 1 else (low, low - 1)
        damage.append(Damage(line.offset, len(line.text), *lost, "a merge conflict marker" if marker else line.reason))
    if last < floor_seq:
        damage.append(Damage(end, size - end, last + 1, floor_seq, ENDS_EARLY))
    return damage


def _neighbours(lines: list[_Line], after_seq: int) -> tuple[dict[int, int], dict[int, int]]:
    """Return, by the offset of each bad line, the last seq before it and the first one after it."""
    before: dict[int, int] = {}
    after: dict[int, int] = {}
    seq = after_seq
    for line in lines:
        if line.fields is None:
            before[line.offset] = seq
        else:
            seq = max(seq, line.fields.get("seq", 0))
    seq = _NO_LIMIT
    for line in reversed(lines):
        if line.fields is None:
            after[line.offset] = seq
        else:
            seq = min(seq, line.fields.get("seq", _NO_LIMIT))
    return before, after


def _is_residue(text: bytes, whole: list[bytes]) -> bool:
    at = bisect_left(whole, text)
    return at < len(whole) and whole[at].startswith(text)
