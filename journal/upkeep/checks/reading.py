"""One segment or pack, read: its bytes to what the checks need of them. Pure."""

import hashlib
from array import array
from collections.abc import Iterator

from journal.format.limits import FORMAT
from journal.format.lines import BadLineError, unseal
from journal.format.names import PackName, SegmentName, parse_pack_file, parse_segment_file
from journal.format.record import Record
from journal.format.segment import Header, decode_header
from journal.index.bounds import Bounds
from journal.segments.folders import ARCHIVE, Text, text_of
from journal.segments.scan import Damage, Scan, Section, scan
from journal.upkeep.checks.duplicates import twice_within
from journal.upkeep.checks.facts import EventsRead, FileRead, Reference, SectionRead
from journal.upkeep.checks.losses import Loss, Place, accepted_place
from journal.upkeep.findings import Finding


def read_file(folder: str, name: str, data: bytes, bounds: Bounds, store: str) -> FileRead:
    """Return what the bytes of a segment or pack hold, and what is wrong with them."""
    named = parse_segment_file(name) or parse_pack_file(name)
    assert named is not None, name
    path = f"{folder}/{name}"
    text = text_of(data, folder)
    result = scan(text.data, floor_seq=bounds.floor_seq, limit_seq=bounds.limit_seq, after_seq=named.first - 1)
    events = EventsRead(path, named.lane, array("Q"), array("I"))
    references: list[Reference] = []
    accepted: list[Place] = []
    for section in result.sections:
        header = section.header
        if header is not None and header.sees_ref is not None:
            references.append(_reference(path, section.offset, 0, named.lane, 0, header.sees_ref))
        if header is not None and header.lane != named.lane:
            continue  # no reader counts these
        for found in section.found:
            record = found.record
            events.seqs.append(record["seq"])
            events.crcs.append(int(record["crc"], 16))
            if "ref" in record:
                place = (path, found.offset, found.length, named.lane, record["seq"])
                references.append(_reference(*place, record["ref"]))
            note = accepted_place(record)
            if note is not None:
                accepted.append(note)
    sections = [_section(path, named, section) for section in result.sections]
    losses = [*_damaged(path, named.lane, text, result), *_gaps(path, named.lane, result)]
    if isinstance(named, PackName):
        losses.extend(_pack_losses(path, named, data, text, result))
    if text.data.count(b"\n") > len(events.seqs) + len(sections) + len(result.damage):
        losses.extend(twice_within(path, named.lane, text.data))
    findings = [*_header_findings(path, folder, named, text.data, result, store), *_tail(path, folder, data, result)]
    return FileRead(path, sections, events, references, accepted, losses, findings)


def _reference(path: str, offset: int, length: int, lane: str, seq: int, ref: Record) -> Reference:
    return Reference(path, offset, length, lane, seq, ref["sha256"], ref["bytes"])


def _section(path: str, named: SegmentName | PackName, section: Section) -> SectionRead:
    header = section.header
    if header is None:
        first = section.found[0].record["seq"] if section.found and section.offset else named.first
        return SectionRead(path, named.lane, first, section.last, None, None, False)
    is_difference = header.sees is None and header.sees_ref is None
    return SectionRead(path, header.lane, header.first, section.last, header.store, header.previous, is_difference)


# -- what does not verify ---------------------------------------------------------------------------


def _damaged(path: str, lane: str, text: Text, result: Scan) -> Iterator[Loss]:
    for item in result.damage:
        code, reason = _kind(text.data, item)
        line = text.data.count(b"\n", 0, item.offset) + 1
        where = f"line {line} (byte {item.offset})"
        yield Loss(code, path, item.offset, item.length, lane, item.low, item.high, f"{where}: {reason}")


def _kind(data: bytes, item: Damage) -> tuple[str, str]:
    line = data[item.offset : item.offset + item.length]
    if item.reason == "a merge conflict marker":
        return "conflict-markers", item.reason
    if line.endswith(b'"}\r\n'):
        return "line-endings", "the line ends in CR LF: a line-ending setting of git's rewrote the file"
    return "damaged", item.reason


def _gaps(path: str, lane: str, result: Scan) -> Iterator[Loss]:
    """Within a segment seqs have no gap: what is missing between two lines was there once."""
    known = [(item.low, item.high) for item in result.damage]
    for section in result.sections:
        if section.header is None or section.header.lane != lane:
            continue
        expected = section.header.first
        for found in section.found:
            low, high, expected = expected, found.record["seq"] - 1, found.record["seq"] + 1
            if low <= high and not any(first <= low and high <= last for first, last in known):
                yield Loss(
                    "damaged", path, found.offset, 0, lane, low, high, f"lines are missing at byte {found.offset}"
                )


def _pack_losses(path: str, named: PackName, data: bytes, text: Text, result: Scan) -> Iterator[Loss]:
    for offset, length, start in text.lost:
        low, high = _around(result, start, named.first)
        reason = f"the gzip member at byte {offset} does not inflate"
        yield Loss("damaged", path, offset, length, named.lane, low, high, reason)
    if not text.lost and not hashlib.sha256(data).hexdigest().startswith(named.digest):
        yield Loss("damaged", path, 0, len(data), named.lane, 0, -1, "the bytes are not those that the name promises")


def _around(result: Scan, start: int, first: int) -> tuple[int, int]:
    """Return the seqs between the last record before an offset and the first one after it; to the end: none known."""
    before, after = first - 1, 0
    for section in result.sections:
        for found in section.found:
            if found.offset < start:
                before = max(before, found.record["seq"])
            else:
                after = after or found.record["seq"]
    return before + 1, after - 1


# -- headers and tails ------------------------------------------------------------------------------


def _header_findings(
    path: str, folder: str, named: SegmentName | PackName, data: bytes, result: Scan, store: str
) -> Iterator[Finding]:
    for at, section in enumerate(result.sections):
        if section.header is None:
            yield from _unread_header(path, data, section)
        else:
            yield from _misfit(path, folder, named, section.header, store, is_first=at == 0)


def _unread_header(path: str, data: bytes, section: Section) -> Iterator[Finding]:
    line = data[section.offset : data.find(b"\n", section.offset) + 1]
    try:
        fields = unseal(line)
    except BadLineError:
        return  # The line itself is damaged, which is told as such.
    try:
        decode_header(fields)
    except BadLineError as error:
        version = fields.get("format")
        if fields.get("kind") != "segment":
            return
        if type(version) is int and version > FORMAT:
            hint = "upgrade git-journal; until then this segment is not understood"
            yield Finding("newer-format", "error", path, str(error), hint)
        else:
            yield Finding("bad-header", "error", path, f"the header cannot be read: {error}")


def _misfit(
    path: str, folder: str, named: SegmentName | PackName, header: Header, store: str, *, is_first: bool
) -> Iterator[Finding]:
    if header.store != store:
        hint = "find out how it came here: a copied file, or a merge of unrelated repositories"
        message = f"belongs to another store, {header.store[:40]}; this one is {store}"
        yield Finding("foreign-store", "error", path, message, hint)
    is_wrong_first = header.first != named.first and (is_first or folder != ARCHIVE)
    if header.lane != named.lane or is_wrong_first:
        message = f"the header says first {header.first} of lane {header.lane}, the name says otherwise"
        yield Finding("misnamed", "error", path, message, "was the file renamed by hand? give it back its name")


def _tail(path: str, folder: str, data: bytes, result: Scan) -> Iterator[Finding]:
    if result.is_torn and folder != ARCHIVE:
        size = len(data) - result.end
        message = f"{size:,} bytes after the last whole record were never acknowledged; everyone ignores them"
        yield Finding("torn-tail", "info", path, message)
