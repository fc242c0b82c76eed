"""Bulk import of an event trace: one transaction per run of equal source commits, resumable.

The whole file is checked before anything is written. Each transaction carries an ``import`` note with how many lines
are done and the hash of these lines. So a killed import goes on where it stopped, without a lost or a doubled event,
whatever was half done; and so does one of a file that has grown, or was mended behind the lines that are done.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from journal.errors import NotFoundError, RefusedError
from journal.format import values
from journal.index.records import read_record
from journal.index.view import View
from journal.store.batch import Delete, Note, Put, check_texts, checked_document, checked_key
from journal.store.engine import Engine
from journal.store.looking_back import look_back
from journal.store.options import Report
from journal.upkeep.checkpoint import write_checkpoint
from journal.upkeep.migrating.lines import lines_of
from journal.upkeep.migrating.reading import FILE_BYTES_MAX, UnreadableError, parse

NOTE = "import"
CHECKPOINT_AFTER_EVENTS = 10_000
"""So many events at once are worth a checkpoint: every clone would replay them."""
_ACTIONS = ("create", "update", "delete")

Noted = dict[int, set[str]]
"""The hashes that notes of earlier imports have, by how many lines were done."""


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
    event; nothing was written then.
    """
    if not os.path.exists(path):
        raise NotFoundError("there is no such file", path=path)
    if not os.path.isfile(path):
        raise RefusedError("this is not a file; an import reads one, and reads it twice", path=path)
    try:
        done, total = _checked(engine, path)
        return _import(engine, path, done, total, progress)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise RefusedError(f"the compressed file is damaged: {error}", path=path) from error


def _import(engine: Engine, path: str, resumed_at: int, total: int, progress: Report | None) -> ImportResult:
    """Write what stands behind the lines that are done."""
    events, transactions = 0, 0
    entities: set[tuple[str, str]] = set()
    with engine.deferring_projections():
        for run in _runs(path, resumed_at):
            events += len(run.events)
            entities.update((item.type, item.id) for item in run.events)
            data = {"source": run.source, "file": os.path.basename(path), "offset": run.done, "commit": run.commit}
            last = run.events[-1]
            note = Note(note=NOTE, data=data, actor=last.actor, ts=last.ts)
            try:
                engine.write([*run.events, note])
            except RefusedError as error:  # checked above, so it is something rare: a line grew too long, say
                hint = "the lines before were imported; mend the file and run it again: it goes on behind them"
                message = f"in the transaction that ends with line {run.done}: {error.message}"
                raise RefusedError(message, path=path, hint=hint) from error
            transactions += 1
            if progress is not None:
                progress("import", run.done, total)
    if events >= CHECKPOINT_AFTER_EVENTS:
        write_checkpoint(engine, None)
    return ImportResult(events, transactions, len(entities), resumed_at)


# -- before anything is written --------------------------------------------------------------------


def _checked(engine: Engine, path: str) -> tuple[int, int]:
    """Return how many lines are done, and how many there are. Raises RefusedError for a line that is no event."""
    noted = look_back(engine, _noted)
    done = total = 0
    lines, whole = hashlib.sha256(), hashlib.sha256()
    for total, line in _lines(path, whole):
        _check(engine, path, total, line)
        lines.update(line)
        lines.update(b"\n")
        if total in noted and _name_of(lines) in noted[total]:
            done = total
    # Notes of old have the hash of the whole file, also where they do not end it.
    source = _name_of(whole)
    return max([done, *(offset for offset, sources in noted.items() if source in sources and offset <= total)]), total


def _noted(view: View) -> Noted:
    noted: Noted = {}
    for place in view.notes():
        record = read_record(view, place)
        if record is not None and record.get("note") == NOTE:
            data: dict[str, Any] = record["data"]
            offset, source = data.get("offset"), data.get("source")
            if type(offset) is int and type(source) is str:
                noted.setdefault(offset, set()).add(source)
    return noted


def _check(engine: Engine, path: str, number: int, line: bytes) -> None:
    """Raise RefusedError for a line that cannot become an event, whatever the state is by then."""
    event = _event(path, number, line)
    if event is None:
        return
    operation, _ = event
    try:
        check_texts(operation)
        type_, id_ = checked_key(operation)
        if isinstance(operation, Put):
            checked_document(type_, operation.data)
            engine.schemas.refuse(type_, id_, operation.data or {})
    except RefusedError as error:
        raise RefusedError(f"line {number}: {error.message}", path=path, hint=error.hint) from error


# -- reading ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Run:
    """Events of one source commit; ``source`` is the hash of all lines up to the last of them, which is ``done``."""

    commit: Any
    events: list[Put | Delete]
    done: int
    source: str


def _runs(path: str, skip: int) -> Iterator[_Run]:
    lines = hashlib.sha256()
    commit: Any = None
    events: list[Put | Delete] = []
    number = 0
    for number, line in _lines(path):
        event = _event(path, number, line) if number > skip else None
        if event is not None:
            if events and event[1] != commit:
                yield _Run(commit, events, number - 1, _name_of(lines))
                events = []
            events.append(event[0])
            commit = event[1]
        lines.update(line)
        lines.update(b"\n")
    if events:
        yield _Run(commit, events, number, _name_of(lines))


def _name_of(digest: "hashlib._Hash") -> str:
    return f"sha256:{digest.hexdigest()}"


def _lines(path: str, whole: "hashlib._Hash | None" = None) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file, however it is compressed, with their numbers; ``whole`` takes in all there is."""
    with open(path, "rb") as plain:
        is_gzip = plain.read(2) == b"\x1f\x8b"
        plain.seek(0)
        stream: IO[bytes] | gzip.GzipFile = gzip.GzipFile(fileobj=plain) if is_gzip else plain

        def read(_: int, size: int) -> bytes:
            piece = stream.read(size)
            if whole is not None:
                whole.update(piece)
            return piece

        for number, line in enumerate(lines_of(read), start=1):
            if line is None:
                raise RefusedError(f"line {number} has more than {FILE_BYTES_MAX:,} bytes", path=path)
            yield number, line


def _event(path: str, number: int, line: bytes) -> tuple[Put | Delete, Any] | None:
    """Return what a line says, and its commit; None for an empty one."""
    if not line.strip():
        return None
    try:
        fields = _parsed(line)
        if type(fields) is not dict or "commit" not in fields:
            raise RefusedError("this is no object with a commit")
        return _operation(fields), fields["commit"]
    except RefusedError as error:
        raise RefusedError(f"line {number}: {error.message}", path=path) from error


def _parsed(line: bytes) -> Any:
    try:
        return values.decode(line)
    except ValueError:
        try:
            return parse(line)  # says in plain words what is wrong
        except UnreadableError as error:
            raise RefusedError(str(error)) from error


def _operation(fields: dict[str, Any]) -> Put | Delete:
    type_, id_, action = fields.get("item_type"), fields.get("item_id"), fields.get("action")
    ts, actor = fields.get("ts"), fields.get("author")
    texts = {"item_type": type_, "item_id": id_, "ts": ts}
    wrong = next((name for name, text in texts.items() if type(text) is not str), None)
    if wrong is not None or action not in _ACTIONS or (actor is not None and type(actor) is not str):
        raise RefusedError(f"{wrong or 'action or author'} is missing or wrong")
    if action == "delete":
        return Delete(type=str(type_), id=str(id_), actor=actor, ts=ts, missing="record")
    payload = fields.get("payload")
    if type(payload) is not dict:
        values.encode_payload(payload)  # refuses it
    return Put(type=str(type_), id=str(id_), data=payload, action=action, actor=actor, ts=ts, records_same=True)
