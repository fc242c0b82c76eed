"""A rebuild that leaves superseded payloads undecoded gives what one that decodes everything gives."""

import os
import zlib
from typing import Any

import pytest

from journal.format import light, record, values
from journal.format.lines import seal
from journal.segments import scan as scanning
from journal.state.entity import Change, EntityState, follow
from journal.state.latest import Latest
from tests.benchmark.fixture import LIVED, Shape, write_truth
from tests.support.stores import fresh_view, meaning, new_store, newest_segment, read_bytes


def line(
    seq: int = 7,
    data: Any = None,
    *,
    id: str = "x",
    actor: str | None = "me",
    tx: tuple[int, int] = (1, 1),
    action: str = "update",
    unset: tuple[str, ...] = (),
    spaces: int = 0,
) -> bytes:
    own: dict[str, Any] = {"type": "t", "id": id, "rev": 3, "action": action}
    if action != "delete":
        own["set"] = sorted(data or {})
    if unset:
        own["unset"] = list(unset)
    payload = None if action == "delete" else values.encode_payload(data or {})
    return record.encode(
        kind="entity",
        seq=seq,
        ts="now",
        writer="w",
        actor=actor,
        summary=None,
        tx=tx,
        own=own,
        payload=payload,
        spaces=spaces,
    )


USUAL = {
    "spaced": line(data={"a": 1}, spaces=63),
    "plain": line(data={"a": 1, "b": [1, {"c": "]}"}]}),
    "empty": line(data={}),
    "other alphabets": line(data={"ä": "日本"}, id="größe", actor="Zoë"),
    "no actor": line(data={"a": 1}, actor=None),
    "one of several": line(data={"a": 1}, tx=(2, 3)),
    "an escape in a name": line(data={'a"b': 1}),
    "unset": line(data={"a": 1}, unset=("b", "c")),
    "a tombstone": line(action="delete"),
    "text that looks like a tail": line(data={"a": ',"crc":"00000000"}', "b": '"set":["x"],"data":{'}),
}


@pytest.mark.parametrize("text", USUAL.values(), ids=USUAL.keys())
def test_a_light_record_says_what_the_record_says(text: bytes) -> None:
    whole, found = record.decode(text), light.decode_lightly(text)
    assert found is not None
    raw = found.pop(light.TEXT)
    assert (None if raw is None else light.payload_of(raw)) == whole.get("data")
    for name in ("kind", "seq", "type", "id", "rev", "action", "tx"):
        assert found.get(name) == whole.get(name), name
    assert list(found.get("set", [])) == whole.get("set", [])
    assert list(found.get("unset", [])) == whole.get("unset", [])


UNUSUAL = {
    "an escape in an id": line(data={}, id='a"b'),
    "a bracket in a name": line(data={"a]": 1}),
    "a blob": seal(
        {"kind": "entity", "seq": 1, "ts": "", "writer": "w", "type": "t", "id": "x", "rev": 1, "action": "update"}
        | {"set": [], "ref": {"sha256": "0" * 64, "bytes": 1}}
    ),
    "a tombstone with data": line(data={"a": 1}).replace(b'"update"', b'"delete"'),
    "a changed byte": line(data={"a": 1}).replace(b'"me"', b'"mE"'),
    "no newline": line(data={"a": 1})[:-1],
    "a note": seal({"kind": "note", "seq": 1, "ts": "", "writer": "w", "note": "n", "data": {}}),
    "a seq that is too great": line(seq=2**53),
}


@pytest.mark.parametrize("text", UNUSUAL.values(), ids=UNUSUAL.keys())
def test_what_is_unusual_is_left_to_the_careful_reader(text: bytes) -> None:
    assert light.decode_lightly(text) is None


def test_latest_is_follow_event_by_event() -> None:
    changes = [
        ({"a": 1, "b": 2}, ["a", "b"], []),
        ({"a": 1, "c": 3}, ["c"], ["b"]),
        (None, [], []),
        ({"a": 1, "d": None}, ["a", "d"], ["c"]),
        ({"d": 4}, ["d"], ["a"]),
    ]
    for start in range(len(changes)):
        state: EntityState | None = None
        latest: Latest | None = None
        for at, (image, names, gone) in enumerate(changes):
            if at == start:
                latest = Latest(state)
            change = Change((at + 1, "a" * 13), at + 1, image, names, gone)
            state = follow(state, change)
            if latest is not None:
                text = None if image is None else values.encode_trusted(image)
                latest.add(change.id, change.rev, text, change.set, change.unset)
        assert latest is not None
        assert latest.state(light.payload_of) == state


@pytest.mark.parametrize("shape", [LIVED, Shape(3, 2, 4), Shape(2, 1, 9)])
def test_a_light_rebuild_means_what_a_careful_one_means(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, shape: Shape
) -> None:
    root = new_store(tmp_path)
    write_truth(root, 40, 3_000, shape)
    lightly = meaning(fresh_view(root))
    assert len(lightly["entities"]) == 40
    monkeypatch.setattr(scanning, "decode_lightly", lambda _: None)
    assert meaning(fresh_view(root)) == lightly


def test_a_payload_that_is_not_json_under_a_right_checksum_is_damage(tmp_path: Any) -> None:
    root = new_store(tmp_path)
    write_truth(root, 10, 100, Shape(1, 0, 1))
    path = newest_segment(root)
    lines = read_bytes(path).splitlines(keepends=True)
    forged = lines[-1][: -len(b',"crc":"00000000"}\n')].replace(b'"data":{', b'"data":{,')
    with open(path, "wb") as file:
        file.write(b"".join([*lines[:-2], b'%b,"crc":"%08x"}\n' % (forged, zlib.crc32(forged)), lines[-1]]))
    view = fresh_view(root)
    assert [item.reason[:20] for item in view.damage] == ["the line is not JSON"]
    assert os.path.basename(path) in {name for _, name in view.facts}
