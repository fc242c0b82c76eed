"""Reading the journal of a brainclaw store: segments of records, one a line, and checkpoints beside them. No writing.

Segments are read in the order of their names, and lines as they stand: the order of the file counts, not ``seq``. A
line that is cut off at the very end was never acknowledged; any other that cannot be read costs one record, and is
told.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from journal.disk.files import ReadFiles
from journal.errors import RefusedError
from journal.format import values
from journal.format.limits import BLOB_BYTES_MAX, DEPTH_MAX, LINE_BYTES_MAX
from journal.index.view import Key
from journal.state.entity import Payload
from journal.upkeep.stages.layout import EVENTS
from journal.upkeep.stages.model import HistoryProblem

_SEGMENT = re.compile(r"seg-\d{1,16}\.jsonl")
_CHECKPOINT = re.compile(r"ckpt-(\d{1,16})\.json")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAY_BE_ROUNDED = re.compile(rb"\d{19}")
_META = ("checkpoint_ref", "journal_note", "seq_repair", "federation_apply")


class Place(NamedTuple):
    """Up to where a history was read: a segment, and how many of its bytes."""

    segment: str
    offset: int


class Record(NamedTuple):
    """One record; ``data`` is the entity after it, None where it has none. ``place``: where it ends."""

    fields: dict[str, Any]
    key: Key | None
    data: Payload | None
    place: Place

    @property
    def is_delete(self) -> bool:
        """Whether it is a tombstone."""
        return self.key is not None and self.fields.get("action") == "delete"


@dataclass(slots=True)
class History:
    """Reads a history once; what is the matter with it is in ``problems`` afterwards."""

    files: ReadFiles
    base: str
    problems: list[HistoryProblem] = field(default_factory=list)
    keys: set[Key] = field(default_factory=set)
    """The entities that the records read so far tell of."""
    _revs: dict[Key, int] = field(default_factory=dict)
    _seen: dict[tuple[int, str], str] = field(default_factory=dict)
    _last_seq: int = 0
    _checkpoints: dict[str, dict[Key, Payload] | None] = field(default_factory=dict)

    def segments(self) -> list[str]:
        """Return the names of the segments in order; [] where the store has no journal."""
        listed = self.files.list(os.path.join(self.base, EVENTS))
        names = [name for name, stat in listed if stat.kind == "file" and _SEGMENT.fullmatch(name)]
        return sorted(names, key=lambda name: (int(name[4:-6]), name))

    def records(self) -> Iterator[Record]:
        """Yield all records in order, with what came before the first one, from a checkpoint, where that is gone."""
        segments = self.segments()
        for at, name in enumerate(segments):
            path = os.path.join(self.base, EVENTS, name)
            data, start, line = self.files.read(path), 0, 0
            while start < len(data):
                end = data.find(b"\n", start)
                line += 1
                text = data[start:] if end < 0 else data[start:end]
                stop = len(data) if end < 0 else end + 1
                fields = self._fields(text, name, line, is_end=at == len(segments) - 1 and not data[stop:].strip())
                if fields is not None and end < 0:
                    self._tell("torn", name, line, "has no end: it was never acknowledged, and is left out")
                elif fields is not None:
                    yield from self._before(fields, Place(name, 0))
                    yield from self._one(fields, name, line, Place(name, stop))
                start = stop

    def _tell(self, code: str, path: str, line: int | None, message: str) -> None:
        self.problems.append(HistoryProblem(code, f"{EVENTS}/{path}", line, message))

    def _fields(self, text: bytes, name: str, line: int, *, is_end: bool) -> dict[str, Any] | None:
        if not text.strip():
            return None
        try:
            if len(text) > 4 * LINE_BYTES_MAX:
                raise ValueError("too long")
            fields = values.decode_bounded(text, DEPTH_MAX)
            if type(fields) is not dict or type(fields.get("seq")) is not int or fields["seq"] < 1:
                raise ValueError("no record")
            if _MAY_BE_ROUNDED.search(text):
                values.parse_text(text.decode(), what=f"seq {fields['seq']}")
        except RefusedError as error:
            self._tell("refused", name, line, error.message)
            return None
        except ValueError:
            code = "torn" if is_end else "damaged"
            message = "was cut off, and never acknowledged" if is_end else "cannot be read: one record is lost"
            self._tell(code, name, line, message)
            return None
        return fields

    def _before(self, fields: dict[str, Any], place: Place) -> Iterator[Record]:
        """Before the first record: what the latest checkpoint before it holds, if the history does not begin at 1."""
        if self._last_seq or fields["seq"] == 1:
            return
        heads = sorted(
            (int(found[1]), name)
            for name, stat in self.files.list(os.path.join(self.base, EVENTS, "checkpoints"))
            if (found := _CHECKPOINT.fullmatch(name)) and stat.kind == "file" and int(found[1]) < fields["seq"]
        )
        for head, name in reversed(heads):
            entities = self._checkpoint(name, None)
            if entities is not None:
                for key, data in sorted(entities.items()):
                    made = {"seq": head, "action": "snapshot", "summary": f"from {name}"}
                    yield Record(made, key, data, place)
                return
        self._tell("gap", place.segment, 1, f"begins with seq {fields['seq']}; what came before is not here")

    def _one(self, fields: dict[str, Any], name: str, line: int, place: Place) -> Iterator[Record]:
        seq, writer = fields["seq"], str(fields.get("writer"))
        text = hashlib.sha256(values.canonical(fields)).hexdigest()
        known = self._seen.get((seq, writer))
        if known == text:
            self._tell("duplicate", name, line, f"seq {seq} of {writer} stands here twice; it counts once")
            return
        if known is not None:
            self._tell("duplicate", name, line, f"seq {seq} of {writer} is there with another content; both count")
        self._seen[seq, writer] = text
        if self._last_seq and seq > self._last_seq + 1:
            self._tell("gap", name, line, f"seq {self._last_seq + 1} to {seq - 1} are not here")
        self._last_seq = max(self._last_seq, seq)
        key = _key_of(fields)
        if key is not None:
            self.keys.add(key)
            self._check_rev(key, fields, name, line)
        yield Record(fields, key, None if key is None else self._data(fields, key, name, line), place)

    def _check_rev(self, key: Key, fields: dict[str, Any], name: str, line: int) -> None:
        rev, last = fields.get("entity_rev"), self._revs.get(key)
        if type(rev) is not int:
            return
        if last is not None and rev != last + 1:
            what = "events are missing between" if rev > last else "it does not go on"
            self._tell("rev", name, line, f"{key[0]} {key[1]!r} has entity_rev {rev} after {last}: {what}")
        self._revs[key] = max(rev, last or 0)

    def _data(self, fields: dict[str, Any], key: Key, name: str, line: int) -> Payload | None:
        payload, ref = fields.get("payload"), fields.get("payload_ref")
        if fields.get("action") == "delete":
            return None
        if type(payload) is dict:
            return payload
        if type(ref) is dict:
            return self._blob(ref, name, line)
        if "checkpoint_ref" in fields:
            return self._in_checkpoint(fields["checkpoint_ref"], key, name, line)
        return None

    def _blob(self, ref: dict[str, Any], name: str, line: int) -> Payload | None:
        sha256 = ref.get("sha256")
        try:
            if type(sha256) is not str or not _SHA256.fullmatch(sha256):
                raise ValueError("no hash")
            data = self.files.read_at(
                os.path.join(self.base, EVENTS, "blobs", sha256[:2], sha256), 0, BLOB_BYTES_MAX + 1
            )
            if hashlib.sha256(data).hexdigest() != sha256:
                raise ValueError("not what its name says")
            found = values.decode_bounded(data, DEPTH_MAX)
        except (OSError, ValueError):
            self._tell("blob", name, line, "its payload is in a blob that is gone or damaged")
            return None
        return found if type(found) is dict else None

    def _in_checkpoint(self, ref: Any, key: Key, name: str, line: int) -> Payload | None:
        named: dict[str, Any] = ref if type(ref) is dict else {"file": ref}
        file, sha256 = named.get("file"), named.get("sha256")
        entities = None
        if type(file) is str and _CHECKPOINT.fullmatch(file):
            entities = self._checkpoint(file, sha256 if type(sha256) is str else None)
        if entities is None or key not in entities:
            self._tell("checkpoint", name, line, "its payload is in a checkpoint that is gone, damaged or lacks it")
            return None
        return entities[key]

    def _checkpoint(self, name: str, sha256: str | None) -> dict[Key, Payload] | None:
        if name not in self._checkpoints:
            try:
                path = os.path.join(self.base, EVENTS, "checkpoints", name)
                data = self.files.read_at(path, 0, 4 * BLOB_BYTES_MAX)
                if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
                    raise ValueError("not what the journal says")
                self._checkpoints[name] = dict(_entities_in(values.decode_bounded(data, DEPTH_MAX)))
            except (OSError, ValueError):
                self._tell("checkpoint", f"checkpoints/{name}", None, "cannot be read, or is not what the journal says")
                self._checkpoints[name] = None
        return self._checkpoints[name]


def _key_of(fields: dict[str, Any]) -> Key | None:
    type_, id = fields.get("item_type"), fields.get("item_id")
    if fields.get("action") in _META or type(type_) is not str or type(id) is not str:
        return None
    from journal.format import names

    try:
        names.check_type(type_)
        names.check_id(id)
    except RefusedError:
        return None
    return type_, id


def _entities_in(checkpoint: Any) -> Iterator[tuple[Key, Payload]]:
    """Yield the entities of a checkpoint: a list of them, or an object that names them, or has them as ``entities``."""
    found = checkpoint.get("entities", checkpoint) if type(checkpoint) is dict else checkpoint
    items = found.values() if type(found) is dict else found if type(found) is list else ()
    for item in items:
        key = _key_of(item) if type(item) is dict else None
        if key is not None and type(item.get("payload")) is dict:
            yield key, item["payload"]
