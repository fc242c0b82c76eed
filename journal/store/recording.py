"""From drafts to lines, and from lines that are durable to what the view knows."""

from collections.abc import Sequence

from journal.disk.backend import Backend
from journal.disk.clock import Clock
from journal.disk.files import Files, FileStat
from journal.format import record as records
from journal.format.limits import PAYLOAD_BYTES_INLINE_MAX, SPACES_MAX
from journal.index.overlay import Owner
from journal.index.streams import note_event, note_record
from journal.index.view import View, checksum_on, with_stat
from journal.segments.folders import SEGMENTS
from journal.state.redaction import NOTE as REDACTION
from journal.state.stream import TRUNCATE_NOTE, Entry
from journal.state.vector import EventId
from journal.store.batch import Draft, Written
from journal.store.blobs import write_blob
from journal.store.lanes import Target


def encode_lines(
    backend: Backend, root: str, writer: str, target: Target, drafts: Sequence[Draft], now: str
) -> list[bytes]:
    """Return the lines of one transaction; payloads that are too long for a line are made durable as blobs first."""
    size, chance = len(drafts), backend.random(len(drafts))
    return [
        _line(backend.files, root, writer, draft, target.seq + at, (at + 1, size), now, chance[at] & SPACES_MAX)
        for at, draft in enumerate(drafts)
    ]


def time_stamp(clock: Clock) -> str:
    """Return the present time as records have it."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(clock.now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _line(
    files: Files, root: str, writer: str, draft: Draft, seq: int, tx: tuple[int, int], now: str, spaces: int
) -> bytes:
    operation, payload, ref = draft.operation, draft.payload, None
    if payload is not None and len(payload) > PAYLOAD_BYTES_INLINE_MAX:
        ref = write_blob(files, root, payload)
    return records.encode(
        kind=draft.kind,
        seq=seq,
        ts=operation.ts or now,
        writer=writer,
        actor=operation.actor,
        summary=operation.summary,
        tx=tx,
        own=draft.own,
        payload=payload,
        ref=ref,
        spaces=spaces,
    )


def take_in(view: View, target: Target, drafts: Sequence[Draft], lines: Sequence[bytes], stat: FileStat) -> None:
    """Note records that were just made durable in the view, as a catch-up would find them."""
    last = target.seq + len(drafts) - 1
    key = (SEGMENTS, target.name)
    if target.header is not None:
        facts = view.new_file(*key, stat)
        view.overlay.sections[target.lane, target.section.first] = target.section
        facts = facts._replace(applied=len(target.header), crc=checksum_on(0, target.header))
        if target.section.prev_seq:
            view.add_have(target.lane, target.section.prev_seq + 1, target.seq - 1)
    else:
        facts = view.facts[key]
    offset, crc = facts.applied, checksum_on(facts.crc, b"".join(lines))
    owners: list[Owner] = []
    for seq, (draft, line) in enumerate(zip(drafts, lines, strict=True), start=target.seq):
        owners.append(draft.key or _note_stream(view, draft, line, (seq, target.lane)))
        if draft.key is not None:
            view.put_state(draft.key, draft.state)
        elif draft.own.get("note") == REDACTION:
            from journal.index.redacting import hear_record

            hear_record(view, records.decode(line), target.lane)
    lengths = [len(line) for line in lines]
    view.overlay.place((target.seq, target.lane), facts.id, offset, None, lengths, owners)
    offset += sum(lengths)
    view.add_have(target.lane, target.seq, last)
    view.grow_part(facts.id, target.lane, target.section.first, target.seq, last)
    view.put_file(with_stat(facts, stat)._replace(applied=offset, crc=crc, last=last))


def _note_stream(view: View, draft: Draft, line: bytes, at: EventId) -> str | None:
    """Note what a draft says of a stream; return which."""
    own = draft.own
    if draft.kind == "event":
        note_event(view, own["stream"], Entry(at, own["rev"], own.get("key")))
        name: str = own["stream"]
        return name
    return note_record(view, records.decode(line), at) if own.get("note") == TRUNCATE_NOTE else None


def written_of(view: View, drafts: Sequence[Draft], target: Target, now: str, writer: str) -> list[Written]:
    """Return what is to be told of the records of one transaction."""
    size = len(drafts)
    here = dict(view.have) if any(draft.position for draft in drafts) else {}
    return [
        Written(
            draft,
            target.seq + at,
            target.lane,
            draft.operation.ts or now,
            writer,
            (at + 1, size) if size > 1 else None,
            here,
        )
        for at, draft in enumerate(drafts)
    ]
