"""The state of this checkout as a reader sees it: the index, and over it what is not in it yet.

The overlay holds what was applied since the last flush. It is never the only copy of anything: all of
it is replayed from the truth when the index turns out to be older, or newer, than this process thought.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from journal.disk.files import FileStat, ReadFiles
from journal.errors import UnsafePathError
from journal.format import values
from journal.format.limits import DEPTH_MAX
from journal.format.lines import BadLineError
from journal.format.names import blob_file, parse_event_id
from journal.format.record import DELETE, Record, check_ref
from journal.index.database import Index
from journal.index.overlay import Key, Overlay
from journal.index.rows import DamageFacts, EntityRow, SectionFacts
from journal.index.view_files import AppliedFiles
from journal.index.view_places import Places
from journal.state import vector
from journal.state.encoding import decode_state, encode_state
from journal.state.entity import Change, EntityState, Past
from journal.state.value import Strategies, conflicts, value

if TYPE_CHECKING:
    from journal.index.redactions import Redacting

__all__ = [
    "Key",
    "OvertakenError",
    "View",
    "state_from_texts",
    "state_text",
]

_RECENT_MAX = 2048
_GROUPS = ("set", "unset", "values")


class OvertakenError(sqlite3.OperationalError):
    """Another process wrote the index between two looks at it; look again."""


class View(Places, AppliedFiles):
    """Index and overlay as one. Not safe for several threads at once: the journal's lock guards it."""

    def __init__(self, files: ReadFiles, root: str, index: Index, strategies: Callable[[str], Strategies]) -> None:
        super().__init__()
        self.files, self.root, self.index = files, root, index
        self.strategies = strategies
        self.is_bare = False
        """The index is empty and all that is known stands in the overlay: so it is while it is rebuilt."""
        self.overlay = Overlay()
        self.reload()

    def reload(self, open_segment: str | None = None) -> bool:
        """Forget the overlay and read the watermark from the index again, as it is at one moment.

        Whether all files are as they were before, but for the end of the open segment.
        """
        with self.index.snapshot():
            return self._read_watermark(open_segment)

    def _read_watermark(self, open_segment: str | None) -> bool:
        are_same = self.reload_files(open_segment)
        # What another process has taken in anew meanwhile is as that found it.
        self.doubted = {key: file for key, file in self.doubted.items() if key in self.facts and file in self.by_id}
        self.overlay = Overlay()
        self._section_asked = None
        self._recent: dict[Key, EntityState] = {}
        """States as the index holds them, decoded."""
        self.undecoded: dict[Key, dict[str, Any]] = {}
        """Entities of a checkpoint that nothing has touched since, while the index is rebuilt; and their rows."""
        self.plain_rows: dict[Key, tuple[EntityRow, str]] = {}
        self.whole: dict[int, tuple[FileStat | None, int, float]] = {}
        """Files that were compared with their checksum: with which stat, up to where, and when."""
        self.have_files = dict(self.index.vector("have_files"))
        self.covers = self.index.vector("covers")
        self.bridges = self.index.vector("bridges")
        """Numbers between a lane's segments, which it left to others: counted as here, and no event has them."""
        self.have = dict(vector.union(self.have_files, self.covers))
        self.top = vector.highest(self.have)
        """The greatest seq of any event here."""
        self.damage = self.index.damage()
        self.redacting: Redacting | None = None
        """What is redacted here; None for nothing."""
        if (kept := self.index.meta("redacting")) is not None:
            from journal.index import redactions

            self.redacting = redactions.Redacting.of(kept)
        if not are_same:
            self.renew()
        self.version = self.index.changes_of_others()
        return are_same

    def is_overtaken(self) -> bool:
        """Tell whether another process has written the index since it was read."""
        return self.index.changes_of_others() != self.version

    # -- reading --------------------------------------------------------------------------------

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read the index as it was when this view read it, whatever others write meanwhile.

        Raises OvertakenError where another process has written it already.
        """
        with self.index.snapshot():
            if self.is_overtaken():
                raise OvertakenError("the index was written by another process")
            yield

    def state(self, key: Key) -> EntityState | None:
        """Return an entity's state, None where no event here is of it."""
        if key in self.overlay.states:
            return self.overlay.states[key]
        if key in self.undecoded:
            return self.state_of_form(self.undecoded[key])
        state = self._recent.get(key)
        if state is None and not self.is_bare:
            found = self.index.state_texts(*key)
            if found is not None:
                state = self._recent[key] = state_from_texts(*found)
        return state

    def state_of_form(self, form: dict[str, Any]) -> EntityState:
        """Return the state of a checkpoint's line. Raises BadLineError."""
        if "ref" in form:
            form = {**form, "data": self.blob_payload(form["ref"])}
        return decode_state(form)

    def plain_row(self, key: Key, form: dict[str, Any]) -> tuple[EntityRow, str]:
        """Return the row and state text of a checkpoint's line, decoded no further than need be.

        Raises BadLineError for what is no entity's state.
        """
        try:
            names = [name for part in _GROUPS for group in form.get(part, {}).values() for name in group]
            head = parse_event_id(form["heads"][0]) if len(form["heads"]) == 1 else None
            is_plain = head is not None and len(set(names)) == len(names) and not ("holes" in form or "ref" in form)
            if head is None or not is_plain or not _is_rev(form["rev"]) or type(form.get("data", {})) is not dict:
                state = self.state_of_form(form)
                return self.row_of(key, state), state_text(state)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise BadLineError(f"not an entity's state: {error}") from error
        data = values.encode_trusted(form["data"]).decode() if "data" in form else None
        rest = {name: part for name, part in form.items() if name not in ("type", "id", "data")}
        return EntityRow(*key, form["rev"], *head, 0, data), values.encode_trusted(rest).decode()

    def row(self, key: Key) -> EntityRow | None:
        """Return what an entity shows, deleted ones too; None where there is none."""
        if key in self.overlay.states:
            state = self.overlay.states[key]
            return None if state is None else self.overlay_row(key, state)
        return self.index.entity(*key)

    def overlay_rows(self) -> dict[Key, EntityRow | None]:
        """Return the rows of all entities that the overlay knows better than the index."""
        return {key: self.row(key) for key in self.overlay.states}

    def overlay_row(self, key: Key, state: EntityState) -> EntityRow:
        """Return the row of a state in the overlay."""
        row = self.overlay.rows.get(key)
        if row is None:
            row = self.overlay.rows[key] = self.row_of(key, state)
        return row

    def row_of(self, key: Key, state: EntityState) -> EntityRow:
        """Return the row that a state gives."""
        strategies = self.strategies(key[0])
        shown = value(state, strategies)
        data = None if shown is None else values.encode_trusted(shown).decode()
        is_simple = len(state.heads) == 1 and set(map(len, state.fields.values())) <= {1}
        open_conflicts = 0 if is_simple else len(conflicts(state, strategies))
        seq, lane = state.event
        return EntityRow(*key, state.rev, seq, lane, open_conflicts, data)

    def section_at(self, lane: str, seq: int) -> SectionFacts | None:
        """Return the lane's segment that a seq falls into; the last answer is kept while no file moves."""
        asked = (lane, seq, self.generation)
        if asked != self._section_asked:
            found = self.index.section_at(lane, seq)
            for (other, first), section in self.overlay.sections.items():
                if other == lane and first <= seq and (found is None or first >= found.first):
                    found = section
            self._section_asked, self._section = asked, found
        return self._section

    _section_asked: tuple[str, int, int] | None = None
    _section: SectionFacts | None = None

    def saw(self, event: vector.EventId) -> Past:
        """Return what the writer of an event saw."""
        seq, lane = event
        section = self.section_at(lane, seq)
        return Past(lane, seq, vector.EMPTY) if section is None else Past(lane, section.first, section.sees)

    def past_of(self, event: vector.EventId) -> Past:
        """Return what the writer of an event saw, and what of it is missing here."""
        past = self.saw(event)
        return Past(past.lane, past.first, past.sees, vector.subtract(past.seen_by(event[0]), self.have))

    def payload(self, record: Record) -> dict[str, Any]:
        """Return a record's payload, from its blob if need be. Raises BadLineError where it is missing."""
        if "ref" not in record:
            data: dict[str, Any] = record["data"]
            return data
        return self.blob_payload(record["ref"])

    def blob_payload(self, ref: dict[str, Any]) -> dict[str, Any]:
        """Return the JSON object in a blob. Raises BadLineError."""
        import hashlib

        check_ref(ref, "ref")
        path = os.path.join(self.root, "blobs", *blob_file(ref["sha256"]).split("/"))
        try:
            text = self.files.read_at(path, 0, ref["bytes"] + 1)
        except (OSError, UnsafePathError) as error:
            raise BadLineError(f"the blob {ref['sha256'][:16]}… is missing: {error}") from error
        if hashlib.sha256(text).hexdigest() != ref["sha256"]:
            raise BadLineError(f"the blob {ref['sha256'][:16]}… does not match its name")
        try:
            payload = values.decode_bounded(text, DEPTH_MAX)
        except ValueError as error:
            raise BadLineError(f"the blob {ref['sha256'][:16]}… is not JSON") from error
        if type(payload) is not dict:
            raise BadLineError(f"the blob {ref['sha256'][:16]}… is not a JSON object")
        return payload

    def change_of(self, record: Record, lane: str) -> Change:
        """Return what an entity record does. Raises BadLineError where its blob is missing."""
        at = (record["seq"], lane)
        if record["action"] == DELETE:
            return Change(at, record["rev"], None, (), ())
        return Change(at, record["rev"], self.payload(record), record.get("set", ()), record.get("unset", ()))

    # -- changing -------------------------------------------------------------------------------

    def put_state(self, key: Key, state: EntityState | None) -> None:
        """Note an entity's new state in the overlay."""
        self.overlay.states[key] = state
        self.overlay.rows.pop(key, None)
        if self.undecoded.pop(key, None) is not None:
            del self.plain_rows[key]

    def put_section(self, section: SectionFacts) -> None:
        """Note what the header of a segment says."""
        self.overlay.sections[section.lane, section.first] = section
        self._section_asked = None

    def add_bridge(self, lane: str, low: int, high: int) -> None:
        """Note that a lane left the numbers of a range to others: so it is one interval, however often merged."""
        if low <= high and not vector.contains(self.bridges, low, lane):
            self.bridges = vector.union(self.bridges, vector.of(lane, low, high))
        self.add_have(lane, low, high)

    def add_have(self, lane: str, low: int, high: int) -> None:
        """Note that a lane's events of a range are here."""
        if low > high:
            return
        for have in (self.have_files, self.have):
            # In place: with many lanes a copy for each segment would cost their square.
            before = have.get(lane)
            if before is None:
                have[lane] = ((low, high),)
            elif before[-1][1] + 1 == low:
                have[lane] = (*before[:-1], (before[-1][0], high))
            else:
                have[lane] = vector.normal([*before, (low, high)])
        self.top = max(self.top, high)

    def grow_part(self, file: int, lane: str, first: int, low: int, high: int) -> None:
        """Note that a file holds more of a segment."""
        known = self.overlay.parts.get((file, lane, first))
        if known is None:
            known = next((spans for holder, spans in self.index.holders(lane, first) if holder == file), ())
        if known and known[-1][1] + 1 == low:
            self.overlay.parts[file, lane, first] = (*known[:-1], (known[-1][0], high))
        else:
            self.overlay.parts[file, lane, first] = (*known, (low, high))

    def add_damage(self, facts: DamageFacts) -> None:
        """Note bytes of the truth that do not verify."""
        self.overlay.damage.append(facts)
        self.damage.append(facts)

    def settle(self) -> None:
        """Forget the overlay after it was written."""
        if len(self._recent) + len(self.overlay.states) > _RECENT_MAX:
            self._recent.clear()
        else:
            gone = [key for key, state in self.overlay.states.items() if state is None]
            self._recent.update((key, state) for key, state in self.overlay.states.items() if state is not None)
            for key in gone:
                self._recent.pop(key, None)
        self.overlay = Overlay()
        self.undecoded, self.plain_rows = {}, {}
        self.settle_version()

    def settle_version(self) -> None:
        """Take the index as it is now for the one that this view has read: nobody else can have written it."""
        self.version = self.index.changes_of_others()


def _is_rev(value: Any) -> bool:
    return type(value) is int and value >= 1


def state_text(state: EntityState) -> str:
    """Return the text of a state as the index keeps it: without the data that stands beside it."""
    form = encode_state(state)
    form.pop("data", None)
    return values.encode_trusted(form).decode()


def state_from_texts(data: str | None, text: str) -> EntityState:
    """Return the state from what the index keeps."""
    form = values.decode(text)
    if "images" not in form:
        form["data"] = values.decode(data or "null")
    return decode_state(form)
