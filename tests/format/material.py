"""What the tests of the format draw: JSON values, ids, lanes, records, headers."""

import string

from hypothesis import strategies as st

from journal.format import record, values
from journal.format.limits import BLOB_BYTES_MAX, SEQ_MAX
from journal.format.names import LANE_ALPHABET, LANE_CHARACTERS, segment_file
from journal.format.segment import Header, Previous

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = texts.filter(bool)
seqs = st.integers(1, SEQ_MAX)
lanes = st.text(LANE_ALPHABET, min_size=LANE_CHARACTERS, max_size=LANE_CHARACTERS)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
json_values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
payloads = st.dictionaries(texts, json_values, max_size=5)
refs = st.fixed_dictionaries(
    {
        "sha256": st.text(string.hexdigits[:16], min_size=64, max_size=64),
        "bytes": st.integers(0, BLOB_BYTES_MAX),
    }
)
ids = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12),
    st.text("abAB.-_~% ", min_size=1, max_size=6),
    st.text("ab", min_size=90, max_size=200),
    st.sampled_from(
        ["con", "CON", "Con.txt", "nul", "lpt1", "COM9.x", "conin$", "..", ".git", "a.", "a ", "-rf", "%41"]
    ),
)


@st.composite
def _tx(draw):
    size = draw(st.integers(1, 9))
    return draw(st.integers(1, size)), size


def _common(own, payload):
    return st.fixed_dictionaries(
        {
            "seq": seqs,
            "ts": texts,
            "writer": texts,
            "actor": st.one_of(st.none(), texts),
            "summary": st.one_of(st.none(), texts),
            "tx": _tx(),
            "own": own,
            "payload": payload,
        }
    )


_data = payloads.map(values.encode_payload)
_entity = st.fixed_dictionaries(
    {
        "type": names,
        "id": names,
        "rev": seqs,
        "action": names.filter(lambda action: action != record.DELETE),
        "set": st.lists(texts, max_size=3),
        "unset": st.lists(texts, max_size=3),
    }
)
_tombstone = st.fixed_dictionaries({"type": names, "id": names, "rev": seqs, "action": st.just(record.DELETE)})
_event = st.fixed_dictionaries(
    {"stream": names, "rev": seqs, "event": names}, optional={"key": names, "meta": payloads}
)
_kinds = {
    "entity": _common(_entity, _data),
    "tombstone": _common(_tombstone, st.none()),
    "event": _common(_event, _data),
    "note": _common(st.fixed_dictionaries({"note": names}), _data),
    "with a blob": st.tuples(_common(_entity, st.none()), refs).map(lambda pair: {**pair[0], "ref": pair[1]}),
}
record_parts = st.one_of(
    *(parts.map(lambda made, kind=kind: {"kind": _KIND.get(kind, kind), **made}) for kind, parts in _kinds.items())
)
_KIND = {"tombstone": "entity", "with a blob": "entity"}


@st.composite
def vectors(draw, below=SEQ_MAX + 1):
    """A vector of the format, all of whose seqs are less than ``below``."""
    made = {}
    for lane in draw(st.lists(lanes, unique=True, max_size=3)):
        bounds = sorted(draw(st.sets(st.integers(0, below // 2 - 1), min_size=2, max_size=6)))
        pairs = [(2 * low + 1, 2 * high - 1) for low, high in zip(bounds[::2], bounds[1::2], strict=False)]
        if pairs:
            made[lane] = tuple(pairs)
    return made


@st.composite
def headers(draw):
    """A header that says in any of the three ways what its writer saw."""
    store, lane, first = "st_" + draw(st.text("abc0", max_size=4)), draw(lanes), draw(st.integers(20, SEQ_MAX))
    before = segment_file(draw(st.integers(1, first - 1)), lane).removesuffix(".jsonl")
    previous = Previous(before, draw(st.integers(0, 2**40)), draw(st.integers(0, first - 1)))
    way = draw(st.sampled_from(["sees", "ref", "difference"]))
    if way == "difference":
        added, dropped = draw(vectors(first)), draw(vectors(first))
        return Header(store, lane, first, added=added, dropped=dropped, previous=previous)
    other = draw(lanes.filter(lambda one: one != lane))
    ended = previous._replace(segment=segment_file(draw(st.integers(1, first - 1)), other).removesuffix(".jsonl"))
    previous = draw(st.sampled_from([None, previous, ended]))
    if way == "ref":
        return Header(store, lane, first, sees_ref=draw(refs), previous=previous)
    return Header(store, lane, first, sees=draw(vectors(first)), previous=previous)
