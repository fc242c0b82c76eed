"""The records of a brainclaw store's journal become events.

Each record becomes one event: one that has an entity's state becomes that entity's event, with the agent as actor and
its time, action and summary; any other (a session began, a note of the journal about itself) becomes a note ``import``
that holds it. A record's own texts are cut to what a line may have.
"""

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from journal.errors import RefusedError
from journal.format import values
from journal.format.limits import ID_BYTES_MAX, SUMMARY_CHARACTERS_MAX
from journal.index.records import read_record
from journal.index.view import Key, View
from journal.projections.paths import ID_FIELD
from journal.state.entity import Payload
from journal.store.batch import Delete, Note, Operation, Put
from journal.store.engine import Engine
from journal.store.looking_back import look_back
from journal.upkeep.importing import NOTE
from journal.upkeep.migrating.brainclaw_history import History, Place, Record
from journal.upkeep.stages.layout import EVENTS
from journal.upkeep.stages.model import HistoryProblem

SOURCE = "brainclaw"
_RECORDS_AT_ONCE = 256
_BYTES_AT_ONCE = 1 << 20
_TS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def new_records(engine: Engine, history: History, path: str) -> Iterator[Record]:
    """Yield the records that were not brought in yet; reads all, so that the problems are complete afterwards."""
    done = look_back(engine, lambda view: _read_so_far(view, path))
    order = {name: at for at, name in enumerate(history.segments())}
    reached = (-1, 0) if done is None else (order.get(done.segment, -1), done.offset)
    for record in history.records():
        if (order[record.place.segment], record.place.offset) > reached:
            yield record


def rehearse(engine: Engine, history: History, path: str) -> tuple[int, dict[Key, Payload | None]]:
    """Return how many records would come in, and what they would make of their entities."""
    count = 0
    after: dict[Key, Payload | None] = {}
    for record in new_records(engine, history, path):
        count += 1
        operation = _operation(record, history.problems)
        if isinstance(operation, Put):
            after[operation.type, operation.id] = operation.data
        elif isinstance(operation, Delete):
            after[operation.type, operation.id] = None
    return count, after


def bring_in(engine: Engine, history: History, path: str, progress: Callable[[int, int], None] | None) -> int:
    """Under the lock: write what was not brought in yet, some records a transaction; return how many there were."""
    count = 0
    for part in _parts(new_records(engine, history, path)):
        last = part[-1].place
        operations = [_operation(record, history.problems) for record in part]
        data = {"source": SOURCE, "from": path, "segment": last.segment, "bytes": last.offset}
        engine.write([*operations, Note(note=NOTE, data=data)])
        count += len(part)
        if progress is not None:
            progress(count, count)
    return count


def _parts(records: Iterator[Record]) -> Iterator[list[Record]]:
    """Yield the records in parts that one transaction takes, each of one segment.

    What a checkpoint says of the time before the first record goes into the first part, however much that is: the
    place up to which the history was read cannot lie within it.
    """
    for _, of_segment in groupby(records, key=lambda record: record.place.segment):
        part: list[Record] = []
        for record in of_segment:
            is_long = bool(part) and record.place.offset - part[0].place.offset > _BYTES_AT_ONCE
            if part and part[-1].place.offset and (is_long or len(part) >= _RECORDS_AT_ONCE):
                yield part
                part = []
            part.append(record)
        yield part


def _read_so_far(view: View, path: str) -> Place | None:
    for place in view.notes():
        record = read_record(view, place)
        data: dict[str, Any] = {} if record is None or record.get("note") != NOTE else record["data"]
        if data.get("source") == SOURCE and data.get("from") == path and "segment" in data:
            return Place(str(data["segment"]), int(data["bytes"]))
    return None


def _operation(record: Record, problems: list[HistoryProblem]) -> Operation:
    fields = record.fields
    actor, ts = _short(fields.get("agent"), ID_BYTES_MAX // 4), fields.get("ts")
    ts = ts if type(ts) is str and _TS.fullmatch(ts) else None
    summary = _short(fields.get("summary"), SUMMARY_CHARACTERS_MAX)
    if record.is_delete and record.key is not None:
        type_, id = record.key
        return Delete(type=type_, id=id, actor=actor, ts=ts, summary=summary, missing="record")
    if record.key is not None and record.data is not None:
        try:
            values.encode_payload(record.data)
            if ID_FIELD in record.data:
                raise RefusedError(f"the field {ID_FIELD!r} is reserved")
            return Put(
                type=record.key[0],
                id=record.key[1],
                data=record.data,
                action=_short(fields.get("action"), 100) or "update",
                actor=actor,
                ts=ts,
                summary=summary,
                records_same=True,
            )
        except RefusedError as error:
            path = f"{EVENTS}/{record.place.segment}"
            problems.append(HistoryProblem("refused", path, None, f"seq {fields['seq']}: {error.message}"))
    kept = {name: item for name, item in fields.items() if name != "payload" or record.key is None}
    return Note(note=NOTE, data={"source": SOURCE, "record": kept}, actor=actor, ts=ts, summary=summary)


def _short(text: Any, characters_max: int) -> str | None:
    """Return a text that a line may hold: without control characters, and not too long; None for what is none."""
    if type(text) is not str:
        return None
    cleaned = _CONTROL.sub(" ", text.encode("utf-8", "replace").decode()).strip()
    if len(cleaned) > characters_max:
        cleaned = f"{cleaned[: characters_max - 1]}…"
    return cleaned or None
