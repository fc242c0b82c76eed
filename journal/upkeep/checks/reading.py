"""One segment or pack, read: its bytes to what the checks need of them. Pure."""

from array import array

from journal.format.names import PackName, SegmentName, parse_pack_file, parse_segment_file
from journal.format.record import Record
from journal.format.segment import Header
from journal.index.bounds import Bounds
from journal.segments.folders import Text, text_of
from journal.segments.scan import Found, Scan, Section, scan
from journal.state import vector
from journal.store.damage import accepted_place
from journal.upkeep.checks.duplicates import all_records, twice_within
from journal.upkeep.checks.facts import EventsRead, FileRead, Reference, SectionRead
from journal.upkeep.checks.faults import damage_losses, gap_losses, header_findings, pack_losses, tail_findings
from journal.upkeep.checks.losses import Loss
from journal.upkeep.checks.versions import Versions, version_in


def read_file(folder: str, name: str, data: bytes, bounds: Bounds, store: str) -> FileRead:
    """Return what the bytes of a segment or pack hold, and what is wrong with them."""
    named = parse_segment_file(name) or parse_pack_file(name)
    assert named is not None, name
    path = f"{folder}/{name}"
    text = text_of(data, folder)
    result = scan(text.data, floor_seq=bounds.floor_seq, limit_seq=bounds.limit_seq, after_seq=named.first - 1)
    read = FileRead(path, [], _no_events(path, named.lane), _no_events(path, named.lane), [], [], [], [], Versions())
    for section in result.sections:
        read.sections.append(_section(path, named, section))
        _take_section(read, named.lane, section)
    read.losses.extend([*damage_losses(path, named.lane, text, result), *gap_losses(path, named.lane, result)])
    if isinstance(named, PackName):
        read.losses.extend(pack_losses(path, named, data, text, result))
    read.losses.extend(_take_uncounted(read, text, result))
    read.findings.extend(header_findings(path, folder, named, text.data, result, store))
    read.findings.extend(tail_findings(path, folder, data, result))
    return read


def _no_events(path: str, lane: str) -> EventsRead:
    return EventsRead(path, lane, array("Q"), array("I"))


def _take_section(read: FileRead, lane: str, section: Section) -> None:
    header = section.header
    if header is not None and header.lane != lane:
        return  # no reader counts these
    if header is not None and header.sees_ref is not None:
        read.references.append(_reference(read.path, section.offset, 0, lane, 0, header.sees_ref))
    for found in section.found:
        _take_record(read, lane, found)


def _take_record(read: FileRead, lane: str, found: Found) -> None:
    record = found.record
    read.events.seqs.append(record["seq"])
    read.events.crcs.append(int(record["crc"], 16))
    if "ref" in record:
        key = (record["type"], record["id"]) if record["kind"] == "entity" else None
        reference = _reference(read.path, found.offset, found.length, lane, record["seq"], record["ref"])
        read.references.append(reference._replace(key=key))
    version = version_in(record)
    if version is not None:
        read.versions[version] += 1
    note = accepted_place(record)
    if note is not None:
        read.accepted.append(note)


def _take_uncounted(read: FileRead, text: Text, result: Scan) -> list[Loss]:
    """Look at the lines that a scan passes over, where there are any."""
    if text.data.count(b"\n") <= len(read.events.seqs) + len(read.sections) + len(result.damage):
        return []
    records = all_records(text.data)
    counted = set(read.events.seqs)
    for seq, crc in records:
        if seq not in counted:
            read.abandoned.seqs.append(seq)
            read.abandoned.crcs.append(crc)
    return list(twice_within(read.path, read.events.lane, records))


def _reference(path: str, offset: int, length: int, lane: str, seq: int, ref: Record) -> Reference:
    return Reference(path, offset, length, lane, seq, ref["sha256"], ref["bytes"])


def _section(path: str, named: SegmentName | PackName, section: Section) -> SectionRead:
    header = section.header
    if header is None:
        first = section.found[0].record["seq"] if section.found and section.offset else named.first
        return SectionRead(path, named.lane, first, section.last, None, None, False, False)
    is_difference = header.sees is None and header.sees_ref is None
    return SectionRead(
        path, header.lane, header.first, section.last, header.store, header.previous, is_difference, _saw(header)
    )


def _saw(header: Header) -> bool:
    if header.previous is None or header.previous.segment.endswith(f"-{header.lane}"):
        return header.previous is not None
    named = parse_segment_file(f"{header.previous.segment}.jsonl")
    return named is not None and vector.contains(header.sees or {}, header.previous.seq, named.lane)
