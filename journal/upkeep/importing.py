"""Bulk import of an event trace: one transaction per run of equal source commits, resumable.

Each transaction carries an ``import`` note with the source's hash and how many of its lines are done. So a
killed import goes on where it stopped, without a lost or a doubled event, whatever was half done.
"""

import gzip
import hashlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from journal.errors import NotFoundError, RefusedError
from journal.format import values
from journal.index.records import read_record
from journal.index.view import View
from journal.store.batch import Delete, Note, Operation, Put
from journal.store.engine import Engine
from journal.store.looking_back import look_back
from journal.store.options import Report
from journal.upkeep.checkpoint import write_checkpoint

NOTE = "import"
CHECKPOINT_AFTER_EVENTS = 10_000
"""So many events at once are worth a checkpoint: every clone would replay them."""
_ACTIONS = ("create", "update", "delete")


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did; ``resumed_at`` is the number of lines that an earlier run had done."""

    events: int
    transactions: int
    entities: int
    resumed_at: int


def import_trace(engine: Engine, path: str, progress: Report | None = None) -> ImportResult:
    """Import a trace: a JSON object a line, gzipped or not (docs/guide.md, "Importing").

    Raises NotFoundError for a missing file and RefusedError, with the line's number, for a line that is no
    event; what stands before the line's transaction has been imported, and a mended file is another source.
    """
    if not os.path.isfile(path):
        raise NotFoundError("there is no such file", path=path)
    source, total = _source_of(path)
    done = resumed_at = _lines_done(engine, source)
    events, transactions = 0, 0
    entities: set[tuple[str, str]] = set()
    with engine.deferring_projections(), _opened(path) as stream:
        for commit, lines in itertools.groupby(_lines_from(stream, resumed_at), key=lambda item: item[1]["commit"]):
            operations: list[Operation] = [_operation(number, fields) for number, fields in lines]
            done += len(operations)
            entities.update((item.type, item.id) for item in operations if isinstance(item, Put | Delete))
            events += len(operations)
            data = {"source": source, "file": os.path.basename(path), "offset": done, "commit": commit}
            last = operations[-1]
            operations.append(Note(note=NOTE, data=data, actor=last.actor, ts=last.ts))
            engine.write(operations)
            transactions += 1
            if progress is not None:
                progress("import", done, total)
    if events >= CHECKPOINT_AFTER_EVENTS:
        write_checkpoint(engine, None)
    return ImportResult(events, transactions, len(entities), resumed_at)


def _opened(path: str) -> "IO[bytes] | gzip.GzipFile":
    with open(path, "rb") as stream:
        is_gzip = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if is_gzip else open(path, "rb")


def _source_of(path: str) -> tuple[str, int]:
    """Return the hash of what the file says, however it is compressed, and its number of lines."""
    digest, lines = hashlib.sha256(), 0
    try:
        with _opened(path) as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
                lines += piece.count(b"\n")
    except (EOFError, gzip.BadGzipFile) as error:
        raise RefusedError(f"the file is damaged: {error}", path=path) from error
    return f"sha256:{digest.hexdigest()}", lines


def _lines_done(engine: Engine, source: str) -> int:
    return look_back(engine, lambda view: _offset_noted(view, source))


def _offset_noted(view: View, source: str) -> int:
    for place in view.notes():
        record = read_record(view, place)
        if record is not None and record.get("note") == NOTE:
            data: dict[str, Any] = record["data"]
            if data.get("source") == source and type(data.get("offset")) is int:
                offset: int = data["offset"]
                return offset
    return 0


def _lines_from(stream: "IO[bytes] | gzip.GzipFile", skip: int) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(stream, start=1):
        if number <= skip:
            continue
        try:
            fields = values.decode(line)
        except ValueError as error:
            raise RefusedError(f"line {number} is not JSON: {error}") from error
        if type(fields) is not dict or "commit" not in fields:
            raise RefusedError(f"line {number} is not an object with a commit")
        yield number, fields


def _operation(number: int, fields: dict[str, Any]) -> Operation:
    type_, id_, action = fields.get("item_type"), fields.get("item_id"), fields.get("action")
    ts, actor, payload = fields.get("ts"), fields.get("author"), fields.get("payload")
    texts = {"item_type": type_, "item_id": id_, "ts": ts}
    wrong = next((name for name, text in texts.items() if type(text) is not str), None)
    if wrong is not None or action not in _ACTIONS or (actor is not None and type(actor) is not str):
        raise RefusedError(f"line {number}: {wrong or 'action or author'} is missing or wrong")
    try:
        if action == "delete":
            return Delete(type=str(type_), id=str(id_), actor=actor, ts=ts, missing="record")
        values.encode_payload(payload)
    except RefusedError as error:
        raise RefusedError(f"line {number}: {error.message}") from error
    return Put(type=str(type_), id=str(id_), data=payload, action=action, actor=actor, ts=ts, records_same=True)
