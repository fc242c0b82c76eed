"""The story that tests/golden/format1 tells: the values whose bytes are kept there for ever.

Two work trees. The first plans and orders; the second takes all that over and edits the plan, while
the first goes on. Never edit this file or those: a new format gets a new folder.
"""

from journal.format import values
from journal.format.checkpoint import CheckpointHeader
from journal.format.segment import Header, Previous

STORE = "st_0123456789abcdefghjkmnpqrs"
ANN, BOB = "k3f9x2a7b4c5d", "p0q7w8e9r1t2y"
BLOB = {"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "bytes": 70_000}


def _record(kind, seq, own, data=None, *, actor=None, summary=None, tx=(1, 1), ref=None):
    second = f"{seq:02d}"
    return {
        "kind": kind,
        "seq": seq,
        "ts": f"2026-03-01T09:30:{second}.000Z",
        "writer": "w_815-03aa" if actor == "bob" else "w_4711-8c1f",
        "actor": actor,
        "summary": summary,
        "tx": tx,
        "own": own,
        "payload": None if data is None else values.encode_payload(data),
        "ref": ref,
    }


def _entity(type, id, rev, action, set=(), unset=()):
    own = {"type": type, "id": id, "rev": rev, "action": action}
    if action != "delete":
        own["set"] = list(set)
    if unset:
        own["unset"] = list(unset)
    return own


# File name -> (header, records).
SEGMENTS = {
    f"000000000001-{ANN}.jsonl": (
        Header(STORE, ANN, 1, sees={}),
        [
            _record("note", 1, {"note": "genesis"}, {}),
            _record(
                "entity",
                2,
                _entity("plan", "PROJ-12", 1, "create", ["open", "tags", "title"]),
                {"title": "Größe 1\u20442 \U0001f6a2", "open": True, "tags": ["sea"]},
                actor="ann",
                summary="First plan",
                tx=(1, 2),
            ),
            _record(
                "entity",
                3,
                _entity("todo", "a/b", 1, "create", ["plan", "weight"]),
                {"plan": "PROJ-12", "weight": 1.5},
                actor="ann",
                tx=(2, 2),
            ),
            _record(
                "event",
                4,
                {"stream": "orders", "rev": 1, "event": "OrderPlaced", "key": "k-1", "meta": {"source": "web"}},
                {"total": 18446744073709551615, "quote": 'say "hi"\n\u2028'},
            ),
            _record("entity", 5, _entity("todo", "a/b", 2, "delete"), actor="ann"),
            _record("entity", 6, _entity("scan", "s1", 1, "create", ["pixels"]), ref=BLOB),
        ],
    ),
    f"000000000007-{BOB}.jsonl": (
        Header(STORE, BOB, 7, sees={ANN: ((1, 6),)}),
        [
            _record(
                "entity",
                7,
                _entity("plan", "PROJ-12", 2, "retitle", ["title"], ["tags"]),
                {"title": "Bob's", "open": True},
                actor="bob",
            )
        ],
    ),
    f"000000000007-{ANN}.jsonl": (
        Header(STORE, ANN, 7, added={ANN: ((1, 6),)}, dropped={}, previous=Previous(f"000000000001-{ANN}", 1457, 6)),
        [
            _record(
                "entity",
                7,
                _entity("plan", "PROJ-12", 2, "close", ["open", "title"]),
                {"title": "Ann's", "open": None, "tags": ["sea"]},
                actor="ann",
            )
        ],
    ),
    f"000000000008-{BOB}.jsonl": (
        Header(STORE, BOB, 8, sees_ref=BLOB, previous=Previous(f"000000000007-{BOB}", 390, 7)),
        [],
    ),
}

CHECKPOINT = (
    CheckpointHeader(STORE, 7, {ANN: ((1, 7),), BOB: ((7, 7),)}, 8, {"orders": 1}),
    [
        {
            "type": "plan",
            "id": "PROJ-12",
            "rev": 2,
            "heads": [f"7@{ANN}", f"7@{BOB}"],
            "images": [
                {"title": "Ann's", "open": None, "tags": ["sea"]},
                {"title": "Bob's", "open": True},
            ],
            "unset": {f"7@{BOB}": ["tags"]},
            "values": {f"7@{ANN}": {"open": None, "title": "Ann's"}, f"7@{BOB}": {"title": "Bob's"}},
        },
        {"type": "todo", "id": "a/b", "rev": 2, "heads": [f"5@{ANN}"], "images": [None]}
        | {"values": {f"3@{ANN}": {"plan": "PROJ-12", "weight": 1.5}}},
    ],
)

# What the plan shows, and the file that shows it.
PROJECTIONS = {
    "PROJ-12~f.json": {"title": "Bob's", "open": None},
}
