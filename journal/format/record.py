"""Records: entity changes, stream events and notes (docs/format.md, "Records"). Pure.

A record travels as a plain dict in the order of its keys: a rebuild decodes a million of them.
``check`` is what makes a dict a record; everything after it may rely on the types.
"""

from collections.abc import Sequence
from itertools import count, repeat
from typing import Any, NamedTuple
from zlib import crc32

from journal.format import values
from journal.format.limits import BLOB_BYTES_MAX, LINE_BYTES_MAX, SEQ_MAX, SPACES_MAX
from journal.format.lines import BadLineError, seal, too_long, unseal
from journal.format.names import is_sha256

Record = dict[str, Any]

DELETE = "delete"
_NO_NAMES: list[str] = []
_NO_META: dict[str, Any] = {}
_PADS = [b" " * number for number in range(SPACES_MAX + 1)]
_UNUSUAL = frozenset(("summary", "unset", "ref"))


def encode(
    *,
    kind: str,
    seq: int,
    ts: str,
    writer: str,
    actor: str | None,
    summary: str | None,
    tx: tuple[int, int],
    own: dict[str, Any],
    payload: bytes | None,
    ref: dict[str, Any] | None = None,
    spaces: int = 0,
) -> bytes:
    """Return the line of one record; ``own`` are the fields of its kind, in order; ``spaces`` is for ``seal``.

    ``payload`` is the stored text of ``data`` (``values.encode_payload``); ``ref`` stands in its place
    where it went to a blob. ``tx`` is (number in the transaction, size of the transaction).
    """
    fields: Record = {"kind": kind, "seq": seq, "ts": ts, "writer": writer}
    if actor is not None:
        fields["actor"] = actor
    if summary is not None:
        fields["summary"] = summary
    if tx[1] > 1:
        fields["tx"] = tx
    fields.update(own)
    if ref is not None:
        fields["ref"] = ref
    elif payload is not None:
        fields["data"] = values.fragment(payload)
    return seal(fields, spaces=spaces)


class EventTexts(NamedTuple):
    """What the lines of several events of one stream say, by event; ``payloads`` are stored texts.

    ``keys`` and ``metas`` are None where no event has one; ``refs`` has those whose payloads went to blobs, by number.
    """

    names: Sequence[str]
    payloads: Sequence[bytes]
    keys: Sequence[str | None] | None = None
    metas: Sequence[dict[str, Any] | None] | None = None
    refs: dict[int, dict[str, Any]] = {}  # noqa: RUF012 - never changed


def encode_events(
    events: EventTexts,
    *,
    seq: int,
    ts: str,
    writer: str,
    actor: str | None,
    summary: str | None,
    tx: tuple[int, int],
    stream: str,
    rev: int,
    spaces: Sequence[int],
) -> list[bytes]:
    """Return the lines of events that follow each other in one stream, just as ``encode`` spells each of them.

    ``seq``, ``rev`` and the number in ``tx`` are the first one's, and count up.
    """
    said: Record = {"ts": ts, "writer": writer}
    said.update({name: text for name, text in (("actor", actor), ("summary", summary)) if text is not None})
    number, size = tx
    template = b'{"kind":"event",%b"seq":%d,' + _literal(values.encode_trusted(said)[1:-1])
    template += b',"tx":[%%d,%d]' % size if size > 1 else b"%b"
    template += _literal(b',"stream":' + values.encode_trusted(stream)) + b',"rev":%d,"event":%b%b'
    pads = [_PADS[width] for width in spaces]
    numbers = count(number) if size > 1 else repeat(b"")
    fields = zip(pads, count(seq), numbers, count(rev), _own_texts(events), _bodies(events), strict=False)
    lines = [b'%b,"crc":"%08x"}\n' % (head, crc32(head)) for head in map(template.__mod__, fields)]
    longest = max(map(len, lines), default=0)
    if longest <= LINE_BYTES_MAX:
        return lines
    if not any(spaces):
        raise too_long(longest)
    return encode_events(
        events,
        seq=seq,
        ts=ts,
        writer=writer,
        actor=actor,
        summary=summary,
        tx=tx,
        stream=stream,
        rev=rev,
        spaces=[0] * len(pads),
    )


def _literal(text: bytes) -> bytes:
    """Return a text that stands for itself in a template."""
    return text.replace(b"%", b"%%")


def _bodies(events: EventTexts) -> Sequence[bytes]:
    if not events.refs:
        return events.payloads
    refs = {at: values.encode_trusted(ref) for at, ref in events.refs.items()}
    return [refs.get(at, text) for at, text in enumerate(events.payloads)]


def _own_texts(events: EventTexts) -> list[bytes]:
    """Return the text of each event from its name on, up to its payload."""
    names = {name: values.encode_trusted(name) for name in set(events.names)}
    if events.keys is None and events.metas is None and not events.refs:
        usual = {name: text + b',"data":' for name, text in names.items()}
        return [usual[name] for name in events.names]
    keys, metas = events.keys or repeat(None), events.metas or repeat(None)
    texts = []
    for at, name, key, meta in zip(count(), events.names, keys, metas, strict=False):
        more = {name: item for name, item in (("key", key), ("meta", meta)) if item is not None}
        rest = b"," + values.encode_trusted(more)[1:-1] if more else b""
        texts.append(b"%b%b%b" % (names[name], rest, b',"ref":' if at in events.refs else b',"data":'))
    return texts


def decode(line: bytes) -> Record:
    """Return the record of a line. Raises BadLineError for anything ``encode`` cannot have made."""
    fields = unseal(line)
    check(fields)
    return fields


def check(fields: Record) -> None:
    """Raise BadLineError unless these fields are a record of a known kind with the right types."""
    if _is_usual_event(fields) if fields.get("kind") == "event" else _is_usual(fields):
        return
    seq = fields.get("seq")
    if type(seq) is not int or not 1 <= seq <= SEQ_MAX:
        raise BadLineError("no seq")
    if type(fields.get("ts")) is not str or type(fields.get("writer")) is not str:
        raise BadLineError("no ts or no writer")
    for name in ("actor", "summary"):
        if name in fields and type(fields[name]) is not str:
            raise BadLineError(f"{name} is not a string")
    _check_transaction(fields.get("tx"))
    kind = fields.get("kind")
    if kind == "entity":
        _check_entity(fields)
    elif kind == "event":
        _check_event(fields)
    elif kind == "note":
        if type(fields.get("note")) is not str or type(fields.get("data")) is not dict:
            raise BadLineError("a note without name or data")
    else:
        raise BadLineError(f"unknown kind {str(kind)[:40]!r}")


def _is_usual(fields: Record) -> bool:
    """Tell, in as few steps as can be, whether this is a sound record of the usual kind; False: look closer."""
    try:
        seq, rev, set_names = fields["seq"], fields["rev"], fields["set"]
        return (
            fields["kind"] == "entity"
            and type(seq) is int
            and 1 <= seq <= SEQ_MAX
            and type(rev) is int
            and 1 <= rev <= SEQ_MAX
            and type(set_names) is list
            and type(fields["data"]) is dict
            and fields["action"] != DELETE
            and type("".join((fields["ts"], fields["writer"], fields.get("actor", ""), *set_names))) is str
            and "" not in (fields["type"], fields["id"], fields["action"])
            and type("".join((fields["type"], fields["id"], fields["action"]))) is str
            and fields.keys().isdisjoint(_UNUSUAL)
            and ("tx" not in fields or _is_transaction(fields["tx"]))
        )
    except (KeyError, TypeError):
        return False


def _is_usual_event(fields: Record) -> bool:
    """Tell the same of an event of a stream."""
    try:
        seq, rev, key = fields["seq"], fields["rev"], fields.get("key", "-")
        stream, event = fields["stream"], fields["event"]
        return (
            type(seq) is int
            and 1 <= seq <= SEQ_MAX
            and type(rev) is int
            and 1 <= rev <= SEQ_MAX
            and type(fields["data"]) is dict
            and "" not in (stream, event, key)
            and type("".join((fields["ts"], fields["writer"], fields.get("actor", ""), stream, event, key))) is str
            and type(fields.get("meta", _NO_META)) is dict
            and "ref" not in fields
            and "summary" not in fields
            and ("tx" not in fields or _is_transaction(fields["tx"]))
        )
    except (KeyError, TypeError):
        return False


def check_ref(ref: Any, what: str) -> None:
    """Raise BadLineError unless this refers to a blob of a size that may be read."""
    if type(ref) is not dict or not is_sha256(ref.get("sha256")) or type(ref.get("bytes")) is not int:
        raise BadLineError(f"{what} is not {{sha256, bytes}}")
    if not 0 <= ref["bytes"] <= BLOB_BYTES_MAX:
        raise BadLineError(f"{what} is of no possible size")


def is_last_of_transaction(record: Record) -> bool:
    """Tell whether a record ends its transaction (one that stands alone does)."""
    tx = record.get("tx")
    return tx is None or tx[0] == tx[1]


def _check_transaction(tx: Any) -> None:
    if tx is not None and not _is_transaction(tx):
        raise BadLineError("tx is not [i, n] with 1 <= i <= n")


def _is_transaction(tx: Any) -> bool:
    return type(tx) is list and len(tx) == 2 and type(tx[0]) is type(tx[1]) is int and 1 <= tx[0] <= tx[1]


def _check_entity(fields: Record) -> None:
    _check_named(fields, "type", "id", "action")
    _check_rev(fields)
    for name in ("set", "unset"):
        names = fields.get(name, _NO_NAMES)
        # Joining is the quickest way to see that all are strings.
        try:
            is_sound = type(names) is list and type("".join(names)) is str
        except TypeError:
            is_sound = False
        if not is_sound:
            raise BadLineError(f"{name} is not a list of field names")
    if fields["action"] != DELETE:
        _check_payload(fields)
    elif "data" in fields or "ref" in fields:
        raise BadLineError("a tombstone with data")


def _check_event(fields: Record) -> None:
    _check_named(fields, "stream", "event")
    _check_rev(fields)
    if "key" in fields:
        _check_named(fields, "key")
    if "meta" in fields and type(fields["meta"]) is not dict:
        raise BadLineError("meta is not an object")
    _check_payload(fields)


def _check_named(fields: Record, *names: str) -> None:
    for name in names:
        if type(fields.get(name)) is not str or not fields[name]:
            raise BadLineError(f"no {name}")


def _check_rev(fields: Record) -> None:
    rev = fields.get("rev")
    if type(rev) is not int or not 1 <= rev <= SEQ_MAX:
        raise BadLineError("no rev")


def _check_payload(fields: Record) -> None:
    if "ref" in fields:
        check_ref(fields["ref"], "ref")
        if "data" in fields:
            raise BadLineError("data beside ref")
    elif type(fields.get("data")) is not dict:
        raise BadLineError("no data")
