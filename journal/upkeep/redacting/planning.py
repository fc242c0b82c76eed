"""What a redaction would take out: every record of every file looked at, nothing changed."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from journal.disk.files import TEMPORARY_SUFFIX
from journal.disk.folders import full_path
from journal.disk.pieces import pieces_of
from journal.format.checkpoint import decode_entities, decompress_lines
from journal.format.lines import BadLineError, unseal
from journal.format.names import event_id, parse_pack_file, parse_segment_file
from journal.format.record import Record
from journal.index.redacting import redacted
from journal.index.view import Key, View, state_from_texts
from journal.projections.paths import entity_at
from journal.segments.folders import ARCHIVE, CHECKPOINTS, SEGMENTS, text_of
from journal.state import vector
from journal.state.encoding import decode_state
from journal.state.entity import ABSENT, EntityState, Payload
from journal.state.redaction import Redactions, merge, redact_payload, redact_state
from journal.state.vector import EventId
from journal.store.blobs import BLOBS, blob_files, blob_paths
from journal.store.engine import Engine
from journal.store.layout import LOCAL
from journal.upkeep.checks.walking import walk
from journal.upkeep.redacting.carried import place_of_bytes
from journal.upkeep.redacting.needles import Needles
from journal.upkeep.redacting.places import Match, Selection, match_of
from journal.upkeep.redacting.rewriting import counted_lines, references_in, with_cut_off

_LOOKED_AT = (SEGMENTS, ARCHIVE, CHECKPOINTS, BLOBS, LOCAL, ".git")
"""Folders that are looked through on their own."""
_TEXT_CHARACTERS_MIN = 6
"""Of what is taken out, texts of so many characters are looked for elsewhere: shorter ones stand there by chance."""


@dataclass(slots=True)
class Plan:
    """What is to be taken out, and where it stands now.

    ``files``: of the truth, to be written anew; ``blobs``: sha256 of those that leave; ``texts``: what is taken out;
    ``stays``: a sentence for each place where it cannot be.
    """

    redactions: Redactions = field(default_factory=dict)
    keys: set[Key] = field(default_factory=set)
    files: set[Key] = field(default_factory=set)
    more: set[Key] = field(default_factory=set)
    """Files that hold the text where no record counts: beyond a torn end, in residue."""
    blobs: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    shown: set[tuple[str, bytes]] = field(default_factory=set)
    """(id of an entity, a document that holds it), as projections have shown it."""
    stays: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    """Paths, in the store, of what could not be looked into."""


def plan_of(engine: Engine, view: View, selection: Selection) -> Plan:
    """Look at everything and return what is to be done; all files have to be listed."""
    return _Planner(engine, view, selection).run()


class _Planner:
    def __init__(self, engine: Engine, view: View, selection: Selection) -> None:
        self._engine, self._view, self._selection = engine, view, selection
        self._needles = Needles.of([] if selection.value is None else [selection.value])
        self._plan = Plan()
        self._blobs: dict[str, bool] = {}
        self._seen: set[EventId] = set()

    def run(self) -> Plan:
        plan, view, report = self._plan, self._view, self._engine.options.progress
        keys = sorted(view.facts)
        for done, key in enumerate(keys):
            if report is not None:
                report("redact", done, len(keys))
            if key[0] != CHECKPOINTS:
                self._look_at_file(key)
        if not vector.is_subset(view.covers, view.have_files):
            self._look_at_states()
        for key in keys:
            if key[0] == CHECKPOINTS and self._holds_state(key):
                plan.files.add(key)
        self._look_at_values_shown()
        if self._needles.forms:
            self._look_at_loose_blobs()
            self._look_at_other_files()
        plan.more |= with_cut_off(self._engine, self._view, plan.files | plan.more) - plan.files
        return plan

    # -- events ---------------------------------------------------------------------------------

    def _look_at_file(self, key: Key) -> None:
        named = parse_segment_file(key[1]) or parse_pack_file(key[1])
        assert named is not None, key
        data = self._engine.files.read(os.path.join(self._engine.root, *key))
        lines = counted_lines(self._view, key, data)
        for line in lines:
            fields = unseal(line)
            if fields["kind"] != "segment" and self._look_at_record(fields, named.lane):
                self._plan.files.add(key)
        if self._needles.forms and key not in self._plan.files:
            text = text_of(data, key[0]).data
            if text != b"".join(lines) and self._needles.is_in(text) and not self._needles.is_in(b"".join(lines)):
                self._plan.more.add(key)

    def _look_at_record(self, fields: Record, lane: str) -> bool:
        """Take in what is to be taken out of a record; tell whether that is anything."""
        record = redacted(self._view, fields, lane)
        if record is None:
            return False
        id = (record["seq"], lane)
        try:
            payload = self._view.payload(record) if "data" in record or "ref" in record else None
        except BadLineError:
            payload = {}  # a lost blob is damage, and told as such
        match = match_of(self._selection, self._needles, id, record, payload, self._blob_holds)
        self._take(match, id, record, payload)
        return bool(match.paths)

    def _take(self, match: Match, id: EventId, record: Record, payload: Payload | None) -> None:
        plan = self._plan
        if id not in self._seen:
            plan.stays.extend(f"event {event_id(*id)}: {phrase}" for phrase in match.stays)
            self._seen.add(id)
        if not match.paths:
            return
        merge(plan.redactions, {id: match.paths})
        after = redact_payload(payload or {}, match.paths)
        plan.texts.update(texts_taken(payload or {}, after))
        plan.blobs |= (references_in(payload) | references_in(record.get("ref"))) - references_in(after)
        if record["kind"] == "entity":
            key = (record["type"], record["id"])
            plan.keys.add(key)
            if payload is not None and after != payload:
                plan.shown.add(_rendering(key, payload))

    # -- what checkpoints hold ------------------------------------------------------------------

    def _look_at_states(self) -> None:
        """Look at events that only a checkpoint counts in: what the state holds of them."""
        view = self._view
        for type, id, data, text in view.index.every_state():
            state = state_from_texts(data, text)
            for event, image in _images(state).items():
                if not vector.contains(view.have_files, *event):
                    record = {"kind": "entity", "seq": event[0], "type": type, "id": id}
                    match = match_of(self._selection, self._needles, event, record, image, self._blob_holds)
                    self._take(match, event, record, image)

    def _holds_state(self, key: Key) -> bool:
        if not self._plan.redactions and not self._needles.forms:
            return False
        data = self._engine.files.read(os.path.join(self._engine.root, *key))
        try:
            return any(form_holds(self._view, form, self._plan.redactions) for form in _forms(data))
        except BadLineError:
            return True

    def _look_at_values_shown(self) -> None:
        for key in self._plan.keys:
            row = self._view.row(key)
            if row is not None and row.data is not None:
                self._plan.shown.add((key[1], row.data.encode()))

    # -- the rest -------------------------------------------------------------------------------

    def _blob_holds(self, sha256: str) -> bool:
        if sha256 not in self._blobs:
            self._blobs[sha256] = any(
                self._file_holds(place)
                for path in blob_paths(sha256)
                if (place := place_of_bytes(self._engine, path)) is not None
            )
        return self._blobs[sha256]

    def _file_holds(self, path: str) -> bool:
        try:
            return self._needles.is_inside_pieces(lambda: pieces_of(self._engine.files, path))
        except FileNotFoundError:
            return False
        except OSError:
            self._plan.unread.append(os.path.relpath(path, self._engine.root).replace(os.sep, "/"))
            return False

    def _look_at_loose_blobs(self) -> None:
        unfetched = 0
        for file in blob_files(self._engine.files, self._engine.root):
            unfetched += place_of_bytes(self._engine, file.path) is None
            if self._blob_holds(file.name.sha256):
                self._plan.blobs.add(file.name.sha256)
        if unfetched:
            why = "git LFS has their bytes, and nobody here could look into them: git lfs pull, then run it again"
            self._plan.stays.append(f"blobs that are not fetched ({unfetched:,}): {why}")

    def _look_at_other_files(self) -> None:
        """Tell of the files beside the truth that hold the text and are a person's to change."""
        engine, unread = self._engine, self._plan.unread
        for path, stat in walk(engine.files, engine.root, skip=_LOOKED_AT, unlisted=unread.append):
            if stat.kind != "file" or entity_at(path) is not None or path.endswith(TEMPORARY_SUFFIX):
                continue
            if self._file_holds(full_path(engine.root, path)):
                self._plan.stays.append(f"the file {path}: it is yours to change")


def texts_taken(before: Any, after: Any) -> Iterator[str]:
    """Yield the texts in a value that another lacks in the same place, if they are long enough to be looked for."""
    if before == after:
        return
    if type(before) is dict:
        for name, item in before.items():
            yield from texts_taken(item, after[name] if type(after) is dict else None)
    elif type(before) is list:
        for at, item in enumerate(before):
            yield from texts_taken(item, after[at] if type(after) is list else None)
    elif type(before) is str and len(before) >= _TEXT_CHARACTERS_MIN:
        yield before


def form_holds(view: View, form: dict[str, Any], redactions: Redactions) -> bool:
    """Tell whether a checkpoint's line holds what is taken out of events. Raises BadLineError."""
    if "ref" in form:
        form = {**form, "data": view.blob_payload(form["ref"])}
    state = decode_state(form)
    return redact_state(state, redactions) != state


def _forms(data: bytes) -> Iterator[dict[str, Any]]:
    lines = decompress_lines(data)
    next(lines, b"")
    return decode_entities(lines)


def _images(state: EntityState) -> dict[EventId, Payload]:
    """Return what a state holds of each event: all of a head, of others the fields that count."""
    images: dict[EventId, Payload] = {}
    for name, pairs in state.fields.items():
        for event, item in pairs:
            if item is not ABSENT:
                images.setdefault(event, {})[name] = item
    images.update((event, image) for event, image in state.heads.items() if image is not None)
    return images


def _rendering(key: Key, payload: Payload) -> tuple[str, bytes]:
    from journal.format import values

    return key[1], values.encode_trusted(payload)
