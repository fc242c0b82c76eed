"""Applying records to a view: the one place where events become state."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from journal.format.light import TEXT, payload_of
from journal.format.lines import BadLineError
from journal.format.names import parse_segment_file, segment_file
from journal.format.record import Record
from journal.format.segment import Header, Vector
from journal.index.overlay import Owner
from journal.index.replay import Piece
from journal.index.rows import DamageFacts, SectionFacts
from journal.index.streams import note_record
from journal.index.view import Key, View
from journal.segments.scan import Found
from journal.state import vector
from journal.state.entity import NO_HOLES, Change, EntityState, Past, apply, follow
from journal.state.latest import Latest
from journal.state.redaction import KEY, NOTE


class Applier:
    """Applies pieces to a view, in the total order.

    ``is_listing``: whether the places of events are noted too, which history needs and state does not.
    ``is_light``: whether records may be light ones; their payloads are decoded when they are needed, at
    ``finish`` at the latest, and may turn out not to be JSON then (BadLineError).
    """

    def __init__(self, view: View, *, is_listing: bool = True, is_light: bool = False) -> None:
        self._view, self._is_listing, self.is_light = view, is_listing, is_light
        self._latest: dict[Key, Latest] = {}
        self._sections: dict[int, SectionFacts] = {}
        self._pasts: dict[int, Past] = {}
        self._gaps = vector.EMPTY
        """Seqs between a lane's segments, which no event has: bridged here, and not in what writers say they saw."""
        self._places: dict[int, list[tuple[int, int]]] = {}
        self.resolved: set[tuple[str, int]] = set()
        """(lane, first) of the segments whose headers came."""
        self.applied = 0

    def opened(self, piece: Piece) -> None:
        """Take a piece in: everything with a lower seq has been applied."""
        view = self._view
        section = view.section_at(piece.lane, piece.first) if piece.header is None else None
        if section is None:
            section = resolve(view, piece)
            view.put_section(section)
            self.resolved.add((piece.lane, piece.first))
        if piece.found:
            # Between the end of a lane's segment and the first seq of the next there is nothing.
            view.add_bridge(section.lane, *section.gap)
            self._gaps = vector.union(self._gaps, vector.of(section.lane, *section.gap))
        self._sections[id(piece)] = section
        self._pasts.pop(id(piece), None)

    def _past(self, piece: Piece) -> Past:
        """Return what the writer of a piece saw, and what of that is not here, as of when the piece was opened.

        Put together when an entity needs it: what has been applied since, no writer of this piece can have seen.
        """
        past = self._pasts.get(id(piece))
        if past is None:
            past = self._pasts[id(piece)] = past_of(self._view, self._sections[id(piece)], piece)
        return past

    def apply(self, piece: Piece, found: Sequence[Found]) -> None:
        """Apply the next records of a piece; one that is here already only gains a place."""
        view, lane = self._view, piece.lane
        found = self._redacted(piece, found)
        if not found:
            return
        low, high = found[0].record["seq"], found[-1].record["seq"]
        these = vector.of(lane, low, high)
        known = vector.intersect(these, view.have) if _is_known_to(view, lane, low) else vector.EMPTY
        lost: list[int] = []
        if known != these:
            new = [item for item in found if not vector.contains(known, item.record["seq"], lane)] if known else found
            lost = self._apply_new(piece, new, saw_all=not known and self._saw_all(piece, low, len(found)))
        if self._is_listing:
            self._list(piece, [item for item in found if item.record["seq"] not in lost] if lost else found)
        self.applied += len(found)
        for start, stop in vector.intervals([item.record["seq"] for item in found if item.record["seq"] not in lost]):
            view.add_have(lane, start, stop)

    def _redacted(self, piece: Piece, found: Sequence[Found]) -> Sequence[Found]:
        """Hear what these records say of redactions, and return them as the redactions leave them."""
        view = self._view
        if view.redacting is None and not any(KEY in record or record.get("note") == NOTE for _, _, record in found):
            return found
        from journal.index.redacting import take

        facts = view.by_id[piece.file]
        return take(view, found, piece.lane, (facts.folder, facts.name))

    def _apply_new(self, piece: Piece, found: Sequence[Found], *, saw_all: bool) -> list[int]:
        """Apply records that are not here yet; return the seqs of those whose payload is missing."""
        view, lane = self._view, piece.lane
        lost: list[int] = []
        for item in found:
            record = item.record
            if record["kind"] != "entity":
                continue
            key = (record["type"], record["id"])
            if saw_all and TEXT in record and self._keep(key, record, lane):
                continue
            try:
                change = self._change_of(record, lane)
            except BadLineError as error:
                if TEXT in record:
                    raise
                lost.append(record["seq"])
                self._lose(piece, item, str(error))
                continue
            before = self._state(key)
            if saw_all and (before is None or before.holes is NO_HOLES):
                view.put_state(key, follow(before, change))
            else:
                view.put_state(key, apply(before, change, self._past(piece)))
        return lost

    def _keep(self, key: Key, record: Record, lane: str) -> bool:
        """Keep the newest of an entity's events undecoded; False where something is missing of its past."""
        latest = self._latest.get(key)
        if latest is None:
            before = self._view.state(key)
            if before is not None and before.holes is not NO_HOLES:
                return False
            latest = self._latest[key] = Latest(before)
        latest.add((record["seq"], lane), record["rev"], record[TEXT], record.get("set", ()), record.get("unset", ()))
        return True

    def _state(self, key: Key) -> EntityState | None:
        latest = self._latest.pop(key, None) if self._latest else None
        if latest is not None:
            self._view.put_state(key, latest.state(payload_of))
        return self._view.state(key)

    def _change_of(self, record: Record, lane: str) -> Change:
        if record.get(TEXT) is not None:
            record["data"] = payload_of(record[TEXT])
        return self._view.change_of(record, lane)

    def finish(self) -> None:
        """Decode what was kept. Raises BadLineError."""
        for key in list(self._latest):
            self._state(key)

    def _saw_all(self, piece: Piece, low: int, count: int) -> bool:
        """Tell whether the writer of consecutive records saw all that is here; for a few it is not worth asking."""
        if count < _MANY or (past := self._past(piece)).hidden:
            return False
        return vector.is_subset(vector.subtract(self._view.have, past.seen_by(low)), self._gaps)

    def place(self, file: int, places: list[tuple[int, int]]) -> None:
        """Tell where the text of a pack's lines stands in it (see ``segments.folders.Text``)."""
        self._places[file] = places

    def _list(self, piece: Piece, found: Sequence[Found]) -> None:
        places, overlay, lane, file = self._places.get(piece.file), self._view.overlay, piece.lane, piece.file
        owners = [self._owner(record, lane) for _, _, record in found]
        if places is None and _stand_together(found):
            lengths = [length for _, length, _ in found]
            overlay.place((found[0].record["seq"], lane), file, found[0].offset, None, lengths, owners)
            return
        for (start, length, record), owner in zip(found, owners, strict=True):
            offset, inner = (start, None) if places is None else locate(places, start)
            overlay.place((record["seq"], lane), file, offset, inner, [length], [owner])

    def _owner(self, record: Record, lane: str) -> Owner:
        if record["kind"] == "entity":
            return record["type"], record["id"]
        return note_record(self._view, record, (record["seq"], lane))

    def _lose(self, piece: Piece, item: Found, reason: str) -> None:
        seq = item.record["seq"]
        blob = item.record.get("ref", {}).get("sha256", "")
        self._view.add_damage(DamageFacts(piece.file, item.offset, item.length, piece.lane, seq, seq, reason, blob))


def past_of(view: View, section: SectionFacts, piece: Piece) -> Past:
    """Return what the writer of a piece saw, and what of that is not here: lines lost in the segment too."""
    past = Past(section.lane, section.first, section.sees)
    if not piece.found:
        return past
    seqs = [item.record["seq"] for item in piece.found]
    own = vector.intervals(seqs)
    missing = vector.subtract(past.seen_by(seqs[-1] + 1), view.have)
    return Past(section.lane, section.first, section.sees, vector.subtract(missing, {piece.lane: own}))


def _stand_together(found: Sequence[Found]) -> bool:
    """Tell whether lines stand one behind the other, and their seqs count up by one."""
    if not found or found[-1].record["seq"] - found[0].record["seq"] + 1 != len(found):
        return False
    return all(before.offset + before.length == item.offset for before, item in pairwise(found))


def _is_known_to(view: View, lane: str, seq: int) -> bool:
    """Tell whether a view has anything of a lane from a seq on."""
    intervals = view.have.get(lane, ())
    return bool(intervals) and intervals[-1][1] >= seq


_MANY = 8


def locate(places: list[tuple[int, int]], offset: int) -> tuple[int, int]:
    """Return (offset in the file, offset in the member's text) of an offset in the text of a pack."""
    start, member = places[bisect_right(places, (offset, 1 << 62)) - 1]
    return member, offset - start


def resolve(view: View, piece: Piece) -> SectionFacts:
    """Return what the writer of a piece's segment saw, put together from differences if need be.

    Where the header is lost, or the one that a difference refers to is not here, the past is unknown:
    then it counts as what the lane's own earlier segments saw, and they themselves.
    """
    header, lane, first = piece.header, piece.lane, piece.first
    if header is None:
        return SectionFacts(lane, first, _own_past(view, lane, first), None, 0, 0)
    previous = header.previous
    names = (previous.segment, previous.seq) if previous else (None, 0)
    if header.sees is not None:
        return SectionFacts(lane, first, header.sees, names[0], names[1], 0)
    if header.sees_ref is not None:
        return SectionFacts(lane, first, _sees_in_blob(view, header, lane, first), names[0], names[1], 0)
    base, number = _base(view, header)
    sees = vector.union(vector.subtract(base, header.dropped or {}), header.added or {})
    return SectionFacts(lane, first, vector.below(sees, first), names[0], names[1], number + 1)


def _base(view: View, header: Header) -> tuple[Vector, int]:
    named = parse_segment_file(f"{header.previous.segment}.jsonl") if header.previous else None
    section = view.section_at(named.lane, named.first) if named else None
    if named is None or section is None or section.first != named.first:
        return vector.EMPTY, 0
    return section.sees, section.number


def _own_past(view: View, lane: str, first: int) -> Vector:
    section = view.section_at(lane, first - 1)
    own = vector.below({lane: view.have[lane]}, first) if lane in view.have else vector.EMPTY
    return vector.union(section.sees, own) if section else own


def _sees_in_blob(view: View, header: Header, lane: str, first: int) -> Vector:
    from journal.format.segment import decode_vector

    try:
        return decode_vector(view.blob_payload(header.sees_ref or {}), below=first)
    except BadLineError:
        return _own_past(view, lane, first)


def section_name(section: SectionFacts) -> str:
    """Return how a header names this segment: its file name without the extension."""
    return segment_file(section.first, section.lane).removesuffix(".jsonl")
