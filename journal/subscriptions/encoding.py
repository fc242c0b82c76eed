"""The bytes of a cursor's state: ids and times, never what an event says: redaction need not look here. Pure."""

import zlib
from typing import Any, NamedTuple

from journal.format import values
from journal.format.lines import BadLineError
from journal.format.names import event_id, is_lane, parse_event_id
from journal.format.segment import decode_vector
from journal.state.vector import EventId
from journal.subscriptions.group import Group, Parked, Work
from journal.subscriptions.selection import Selection

FORMAT = 1
_CRC_BYTES = 10  # LF, eight hex digits, LF


class Saved(NamedTuple):
    """What a cursor's file holds; ``made`` tells where and by whom it was made (see ``shelf``)."""

    made: list[Any]
    selection: Selection
    group: Group


def encode(saved: Saved) -> bytes:
    """Return the bytes of a state: a JSON object, and a line with the CRC-32 of it."""
    group = saved.group
    text = values.encode_trusted(
        {
            "format": FORMAT,
            "made": saved.made,
            "types": saved.selection.types,
            "streams": saved.selection.streams,
            "notes": saved.selection.notes,
            "taken": group.taken,
            "work": [[event_id(*id), *work] for id, work in sorted(group.work.items())],
            "parked": [[event_id(*id), *parked] for id, parked in sorted(group.parked.items())],
            "reported": group.reported,
        }
    )
    return b"%b\n%08x\n" % (text, zlib.crc32(text))


def decode(data: bytes) -> Saved:
    """Return the state of its bytes. Raises BadLineError."""
    text = data[:-_CRC_BYTES]
    if data[-_CRC_BYTES:] != b"\n%08x\n" % zlib.crc32(text):
        raise BadLineError("it does not match its checksum")
    try:
        fields = values.decode_bounded(text, 8)
        if fields["format"] != FORMAT:
            raise BadLineError(f"it has format {str(fields['format'])[:20]}; this version reads {FORMAT}")
        group = Group(
            decode_vector(fields["taken"]),
            {_id(id): _work(*work) for id, *work in fields["work"]},
            {_id(id): Parked(int(tries), float(at), str(cause)) for id, tries, at, cause in fields["parked"]},
            decode_vector(fields["reported"]),
        )
        selection = Selection(
            tuple(map(str, fields["types"])), tuple(map(str, fields["streams"])), bool(fields["notes"])
        )
        return Saved(list(fields["made"]), selection, group)
    except (ValueError, KeyError, TypeError) as error:
        raise (
            error if isinstance(error, BadLineError) else BadLineError(f"it is not what it should be: {error}")
        ) from error


def _work(attempts: Any, holder: Any, since: Any, until: Any) -> Work:
    # A holder is the name of a file: it must not lead anywhere.
    if holder != "" and not is_lane(holder):
        raise BadLineError("not a consumer")
    return Work(int(attempts), holder, float(since), float(until))


def _id(text: Any) -> EventId:
    id = parse_event_id(text) if type(text) is str else None
    if id is None:
        raise BadLineError("not an event id")
    return id
