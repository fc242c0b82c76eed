"""What is wrong with one segment or pack: bytes that do not verify, lines that are gone, misfit headers. Pure."""

from collections.abc import Iterator

from journal.format.limits import FORMAT
from journal.format.lines import BadLineError, unseal
from journal.format.names import PackName, SegmentName
from journal.format.segment import Header, decode_header
from journal.segments.folders import ARCHIVE, Text
from journal.segments.pack import NOT_AS_NAMED, is_pack_whole
from journal.segments.scan import Damage, Scan, Section
from journal.upkeep.checks.losses import Loss
from journal.upkeep.findings import Finding

# -- what does not verify ---------------------------------------------------------------------------


def damage_losses(path: str, lane: str, text: Text, result: Scan) -> Iterator[Loss]:
    """Yield a loss for each line that does not verify and once was acknowledged."""
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


def gap_losses(path: str, lane: str, result: Scan) -> Iterator[Loss]:
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


def pack_losses(path: str, named: PackName, data: bytes, text: Text, result: Scan) -> Iterator[Loss]:
    """Yield a loss for each member that does not inflate, or for the whole where only its name says that it changed."""
    for offset, length, start in text.lost:
        low, high = _around(result, start, named.first)
        reason = f"the gzip member at byte {offset} does not inflate"
        yield Loss("damaged", path, offset, length, named.lane, low, high, reason)
    if not text.lost and not is_pack_whole(path.rsplit("/", 1)[-1], data):
        yield Loss("damaged", path, 0, len(data), named.lane, 0, -1, NOT_AS_NAMED)


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


def header_findings(
    path: str, folder: str, named: SegmentName | PackName, data: bytes, result: Scan, store: str
) -> Iterator[Finding]:
    """Yield what is wrong with headers: of a later format, of another store, of another name."""
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
            hint = "git, or another clone, may have this file as it was: git log -- FILE lists its versions"
            yield Finding("bad-header", "error", path, f"the header cannot be read: {error}", hint)


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


def tail_findings(path: str, folder: str, data: bytes, result: Scan) -> Iterator[Finding]:
    """Yield information on bytes that a killed writer left."""
    if result.is_torn and folder != ARCHIVE:
        size = len(data) - result.end
        message = f"{size:,} bytes after the last whole record were never acknowledged; everyone ignores them"
        yield Finding("torn-tail", "info", path, message)
