"""From drafts to lines, and from lines that are durable to what the view knows."""

import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from journal.disk.backend import Backend
from journal.disk.clock import Clock
from journal.disk.files import Files, FileStat
from journal.errors import NotAppliedError
from journal.format import record as records
from journal.format.limits import PAYLOAD_BYTES_INLINE_MAX, SEQ_MAX, SPACES_MAX
from journal.index.overlay import Owner
from journal.index.rows import checksum_on, grown
from journal.index.streams import changes_of, note_event, note_record
from journal.index.view import View
from journal.segments.folders import SEGMENTS
from journal.state.redaction import NOTE as REDACTION
from journal.state.stream import TRUNCATE_NOTE
from journal.state.vector import EventId
from journal.store.batch import Block, Draft, Written
from journal.store.lanes import Target


class Lines(NamedTuple):
    """The lines of one transaction, one behind the other, and how many bytes each has."""

    text: bytes
    lengths: list[int]

    def of_each(self, drafts: Sequence[Draft | Block]) -> Iterator["Lines"]:
        """Yield the lines of each draft."""
        if len(drafts) == 1:
            yield self
            return
        at, start = 0, 0
        for draft in drafts:
            lengths = self.lengths[at : at + draft.size]
            at, stop = at + draft.size, start + sum(lengths)
            yield Lines(self.text[start:stop], lengths)
            start = stop


def encode_lines(
    backend: Backend, root: str, writer: str, target: Target, drafts: Sequence[Draft | Block], now: str
) -> Lines:
    """Return the lines of one transaction; payloads that are too long for a line are made durable as blobs first."""
    size = sum(draft.size for draft in drafts)
    _refuse_used_up(target.seq + size - 1, drafts)
    spaces = [byte & SPACES_MAX for byte in backend.random(size)]
    lines: list[bytes] = []
    for draft in drafts:
        at = len(lines)
        place = _Place(target.seq + at, draft.operation.ts or now, writer, (at + 1, size), spaces[at : at + draft.size])
        if isinstance(draft, Block):
            lines += _block(backend.files, root, draft, place)
        else:
            lines.append(_line(backend.files, root, draft, place))
    return Lines(b"".join(lines), list(map(len, lines)))


def _refuse_used_up(last: int, drafts: Sequence[Draft | Block]) -> None:
    """Raise NotAppliedError where a seq or a rev would pass the greatest one: no reader would take such a line.

    Only events that say so can lead there, and a merge may bring some.
    """
    revs = (draft.rev + draft.size - 1 if isinstance(draft, Block) else draft.own.get("rev", 0) for draft in drafts)
    if last <= SEQ_MAX and max(revs) <= SEQ_MAX:
        return
    what = "seq of the journal" if last > SEQ_MAX else "rev of what is written"
    raise NotAppliedError(
        f"the greatest {what} is used up by an event that is here, so no further one can be written",
        hint="journal log -n 1 shows the newest event: no journal counts so far by itself; git tells who brought it",
    )


class _Place(NamedTuple):
    """What a record says beside what it is about; ``seq``, and the number in ``tx``, are the first one's of a block."""

    seq: int
    ts: str
    writer: str
    tx: tuple[int, int]
    spaces: list[int]


def time_stamp(clock: Clock) -> str:
    """Return the present time as records have it."""
    seconds, milliseconds = divmod(round(clock.now() * 1_000_000) // 1000, 1000)
    return f"{_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=8)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _line(files: Files, root: str, draft: Draft, place: _Place) -> bytes:
    operation, payload, ref = draft.operation, draft.payload, None
    if payload is not None and len(payload) > PAYLOAD_BYTES_INLINE_MAX:
        ref = _blob(files, root, payload)
    return records.encode(
        kind=draft.kind,
        seq=place.seq,
        ts=place.ts,
        writer=place.writer,
        actor=operation.actor,
        summary=operation.summary,
        tx=place.tx,
        own=draft.own,
        payload=payload,
        ref=ref,
        spaces=place.spaces[0],
    )


def _blob(files: Files, root: str, payload: bytes) -> dict[str, Any]:
    from journal.store.blobs import write_blob  # most payloads stand in their line

    return write_blob(files, root, payload)


def _block(files: Files, root: str, block: Block, place: _Place) -> list[bytes]:
    operation, payloads = block.operation, block.texts.payloads
    long = [at for at, payload in enumerate(payloads) if len(payload) > PAYLOAD_BYTES_INLINE_MAX]
    refs = {at: _blob(files, root, payloads[at]) for at in long}
    return records.encode_events(
        block.texts._replace(refs=refs) if refs else block.texts,
        seq=place.seq,
        ts=place.ts,
        writer=place.writer,
        actor=operation.actor,
        summary=operation.summary,
        tx=place.tx,
        stream=operation.stream,
        rev=block.rev,
        spaces=place.spaces,
    )


def take_in(view: View, target: Target, drafts: Sequence[Draft | Block], lines: Lines, stat: FileStat) -> None:
    """Note records that were just made durable in the view, as a catch-up would find them."""
    last = target.seq + len(lines.lengths) - 1
    key = (SEGMENTS, target.name)
    if target.header is not None:
        facts = view.new_file(*key, stat)
        view.put_section(target.section)
        facts = facts._replace(applied=len(target.header), crc=checksum_on(0, target.header))
        view.add_bridge(target.lane, *target.section.gap)
    else:
        facts = view.facts[key]
    owners: list[Owner] = []
    for draft, own in zip(drafts, lines.of_each(drafts), strict=True):
        at = (target.seq + len(owners), target.lane)
        if isinstance(draft, Block):
            _note_block(view, draft, at)
            owners += [draft.operation.stream] * draft.size
        else:
            owners.append(_note_draft(view, draft, own.text, at))
    view.overlay.place((target.seq, target.lane), facts.id, facts.applied, None, lines.lengths, owners)
    view.add_have(target.lane, target.seq, last)
    view.grow_part(facts.id, target.lane, target.section.first, target.seq, last)
    view.put_file(grown(facts, stat, lines.text, last))


def _note_block(view: View, block: Block, at: EventId) -> None:
    name, keys = block.operation.stream, block.texts.keys
    if keys is None:
        changes_of(view, name).add(at, block.size, block.rev)
        return
    for number, key in enumerate(keys):
        note_event(view, name, (at[0] + number, at[1]), block.rev + number, key)


def _note_draft(view: View, draft: Draft, line: bytes, at: EventId) -> Owner:
    """Note what a draft does; return whose event it is."""
    if draft.key is not None:
        view.put_state(draft.key, draft.state)
        return draft.key
    note = draft.own["note"]
    if note == REDACTION:
        from journal.index.redacting import hear_record

        hear_record(view, records.decode(line), at[1])
    return note_record(view, records.decode(line), at) if note == TRUNCATE_NOTE else None


def written_of(
    view: View, drafts: Sequence[Draft | Block], target: Target, lines: Lines, now: str, writer: str
) -> list[Written]:
    """Return what is to be told of the records of one transaction."""
    here = dict(view.have) if any(isinstance(draft, Block) for draft in drafts) else {}
    size = len(lines.lengths)
    written: list[Written] = []
    at = 0
    for draft, own in zip(drafts, lines.of_each(drafts), strict=True):
        ts = draft.operation.ts or now
        written.append(Written(draft, target.seq + at, target.lane, ts, writer, at + 1, size, here, *own))
        at += draft.size
    return written
