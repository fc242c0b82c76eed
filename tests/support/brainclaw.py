"""Stores as brainclaw writes them: old ones with a log alone, newer ones with a journal, and damaged ones."""

import hashlib
import json
import os
from typing import Any

TIME = "2026-03-01T09:30:{:02d}.000Z"


def plan(number: int = 1, **more: Any) -> dict[str, Any]:
    """Return a plan as the tool writes one; its fields are in no order of the alphabet."""
    base = {"schema_version": 3, "id": f"pln_{number}", "title": f"Plan {number} – größer", "status": "open"}
    steps = [{"id": f"stp_{number}_{at}", "text": f"step {at}", "done": False} for at in range(3)]
    return {**base, "created_at": TIME.format(number), "steps": steps, "tags": ["a", "b"], "estimate": 1.0, **more}


def put(base: str, path: str, document: Any, **style: Any) -> bytes:
    """Write a document as the tool does: two spaces, in the order of its fields, with or without a final line end."""
    end = style.pop("end", "\n")
    text = (json.dumps(document, **{"indent": 2, "ensure_ascii": False, **style}) + end).encode()
    put_bytes(base, path, text)
    return text


def put_bytes(base: str, path: str, text: bytes) -> None:
    """Write a file of the old store."""
    full = os.path.join(base, *path.split("/"))
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as file:
        file.write(text)


def old_store(base: str) -> None:
    """Write a store with a notification log, in the flat layout; folders differ in style."""
    for number in (1, 2, 3):
        put(base, f"plans/pln_{number}.json", plan(number))
    put(base, "constraints/cst_1.json", {"schema_version": 2, "id": "cst_1", "text": "no ünicode"}, ensure_ascii=True)
    put(base, "decisions/dec_1.json", {"id": "dec_1", "schema_version": 1, "outcome": "yes"}, indent="\t", end="")
    put(base, "traps/trp_1.json", {"b": 1, "a": [], "id": "trp_1", "schema_version": 1}, indent=None)
    put_bytes(base, "claims/clm_1.json", b'{"id":"clm_1",\r\n "schema_version":1, "n": 1e3}\r\n')
    put_bytes(base, "config.yaml", b"project_id: p\n")
    log = [{"ts": TIME.format(1), "agent": "ana", "action": "create", "item_type": "plan", "item_id": "pln_1"}]
    put_bytes(base, "events.jsonl", "".join(json.dumps(line) + "\n" for line in log).encode())


def damaged_store(base: str) -> None:
    """Write a store with all that goes wrong in one."""
    old_store(base)
    put_bytes(base, "plans/pln_bad.json", b'{"id": "pln_bad", "title": ')
    put_bytes(base, "plans/pln_merge.json", b'<<<<<<< ours\n{}\n=======\n{"a": 1}\n>>>>>>> theirs\n')
    put_bytes(base, "plans/list.json", b"[1, 2]\n")
    put_bytes(base, "plans/huge.json", b'{"id": "huge", "n": 123456789012345678901234567890}')
    put(base, "plans/renamed.json", plan(9))
    put(base, "plans/no-id.json", {"title": "its name is its id"})
    put(base, "coordination/plans/pln_1.json", plan(1, title="the newer layout counts"))
    put(base, "lore/l1.json", {"id": "l1", "schema_version": 1})
    put(base, "inbox/accepted/can_1.json", {"id": "can_1", "schema_version": 1})


def record(seq: int, action: str, type: str | None, id: str | None, **more: Any) -> dict[str, Any]:
    """Return a record of the tool's journal."""
    fields: dict[str, Any] = {"v": 2, "seq": seq, "ts": TIME.format(seq % 60), "writer": "w_1-aa", "agent": "ana"}
    fields |= {"action": action, "item_type": type} | ({} if id is None else {"item_id": id})
    return fields | more


def history(base: str) -> list[dict[str, Any]]:
    """Return the records of a store's journal: create, update, delete, meta, a blob, a checkpoint's entity."""
    blob = json.dumps({"schema_version": 1, "id": "hnd_1", "diff": "x" * 200}).encode()
    sha256 = hashlib.sha256(blob).hexdigest()
    put_bytes(base, f"events/blobs/{sha256[:2]}/{sha256}", blob)
    held = {"item_type": "trap", "item_id": "trp_1", "entity_rev": 1, "payload": {"id": "trp_1", "schema_version": 1}}
    put(base, "events/checkpoints/ckpt-00000005.json", {"head_seq": 5, "entities": [held]})
    return [
        record(1, "journal_note", "journal", None, payload={"kind": "genesis"}),
        record(2, "backfill", "plan", "pln_1", entity_rev=1, payload=plan(1), agent="system"),
        record(3, "update", "plan", "pln_1", entity_rev=2, payload=plan(1, status="done"), summary="step done"),
        record(4, "create", "plan", "pln_2", entity_rev=1, payload=plan(2), agent="bob"),
        record(5, "session_start", "session", None, summary="hello"),
        record(6, "create", "handoff", "hnd_1", entity_rev=1, payload_ref={"sha256": sha256, "bytes": len(blob)}),
        record(7, "upgrade", "trap", "trp_1", entity_rev=1, checkpoint_ref="ckpt-00000005.json"),
        record(8, "delete", "plan", "pln_2", entity_rev=2, agent="bob"),
        record(9, "checkpoint_ref", "journal", None, payload={"file": "ckpt-00000005.json", "head_seq": 5}),
    ]


def new_store(base: str, *, damaged: bool = False) -> None:
    """Write a newer store: a journal in two segments, and documents; one was changed since, one never had an event."""
    records = history(base)
    put_segment(base, records[:4], records[4:])
    put(base, "coordination/plans/pln_1.json", plan(1, status="done", title="changed since its last event"))
    put(base, "coordination/handoffs/hnd_1.json", {"schema_version": 1, "id": "hnd_1", "diff": "x" * 200})
    put(base, "memory/traps/trp_1.json", {"id": "trp_1", "schema_version": 1})
    put(base, "memory/constraints/cst_1.json", {"schema_version": 1, "id": "cst_1", "text": "no event"})
    if damaged:
        put_bytes(base, "events/seg-00000012.jsonl", _lines(damage()) + b'{"v":2,"seq":15,"act')


def damage() -> list[Any]:
    """Return records after a gap, with a line that is none, a double, and a revision that is missing."""
    jump = record(12, "update", "plan", "pln_1", entity_rev=5, payload=plan(1, status="late"))
    return [jump, "no json {", jump, record(13, "update", "plan", "pln_3", payload={"n": 10**30})]


def put_segment(base: str, *segments: list[dict[str, Any]]) -> None:
    """Write the segments of a journal, each named by its first seq."""
    for records in segments:
        put_bytes(base, f"events/seg-{records[0]['seq']:08d}.jsonl", _lines(records))


def _lines(records: list[Any]) -> bytes:
    """Return lines as the tool frames them: an empty one before each."""
    texts = [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in records]
    return "".join(f"\n{text}\n" for text in texts).encode()


def contents(base: str) -> dict[str, bytes]:
    """Return the bytes of every file of an old store, by path."""
    found = {}
    for place, _, names in os.walk(base):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, base).replace(os.sep, "/")] = file.read()
    return found
