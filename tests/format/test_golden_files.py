"""The files of tests/golden/format1: this version writes the same bytes, and reads the same values.

They were checked by hand and are never edited again.
"""

from pathlib import Path

import format1_story as story
import pytest

from journal.format import record, values
from journal.format.checkpoint import compress, decode_entities, decode_header, decompress_lines, encode_lines
from journal.format.lines import unseal
from journal.format.names import checkpoint_file, encode_name, parse_segment_file
from journal.format.segment import decode_header as decode_segment_header
from journal.format.segment import encode_header
from journal.state.encoding import decode_state, encode_state
from journal.state.entity import Change, Past, fold, normal
from journal.state.value import conflicts, value

GOLDEN = Path(__file__).parent.parent / "golden" / "format1"
ALL = {story.ANN: ((1, 7),), story.BOB: ((7, 7),)}


def lines(name):
    return [line + b"\n" for line in (GOLDEN / "segments" / name).read_bytes().split(b"\n")[:-1]]


def checkpoint():
    (path,) = (GOLDEN / "checkpoints").iterdir()
    return path.name, path.read_bytes()


def test_no_golden_file_is_missing():
    assert sorted(path.name for path in (GOLDEN / "segments").iterdir()) == sorted(story.SEGMENTS)


@pytest.mark.parametrize("name", story.SEGMENTS)
def test_the_story_has_the_golden_bytes(name):
    header, records = story.SEGMENTS[name]
    assert lines(name) == [encode_header(header), *(record.encode(**parts) for parts in records)]


@pytest.mark.parametrize("name", story.SEGMENTS)
def test_the_golden_bytes_tell_the_story(name):
    header, records = story.SEGMENTS[name]
    first, *rest = lines(name)
    assert decode_segment_header(unseal(first)) == header
    assert parse_segment_file(name) == (header.first, header.lane)
    for line, parts in zip(rest, records, strict=True):
        fields = record.decode(line)
        assert fields.get("actor") == parts["actor"]
        assert fields.get("summary") == parts["summary"]
        assert fields.get("tx", [1, 1]) == list(parts["tx"])
        assert fields.get("ref") == parts["ref"]
        assert {name: fields[name] for name in parts["own"]} == parts["own"]
        assert fields.get("data") == (parts["payload"] and values.decode(parts["payload"]))


def test_the_golden_checkpoint_tells_the_story():
    name, data = checkpoint()
    assert name == checkpoint_file(7, data)
    first, *rest = decompress_lines(data)
    assert decode_header(first) == story.CHECKPOINT[0]
    assert list(decode_entities(rest)) == story.CHECKPOINT[1]


def test_the_checkpoint_has_the_golden_lines():
    """The lines, not the file: another zlib may compress them otherwise."""
    _, data = checkpoint()
    written = list(encode_lines(*story.CHECKPOINT))
    assert list(decompress_lines(data)) == written
    assert list(decompress_lines(compress(written))) == written


def states():
    """The state of every entity whose data is no blob, from the golden segments."""
    changes = {}
    for name in story.SEGMENTS:
        first, *rest = lines(name)
        header = decode_segment_header(unseal(first))
        past = Past(header.lane, header.first, header.sees or header.added or {})
        for line in rest:
            fields = record.decode(line)
            if fields["kind"] == "entity" and "ref" not in fields:
                id = (fields["seq"], header.lane)
                own = Change(id, fields["rev"], fields.get("data"), fields.get("set", []), fields.get("unset", []))
                changes.setdefault((fields["type"], fields["id"]), []).append((own, past))
    return {key: normal(fold(some), ALL) for key, some in sorted(changes.items())}


def test_the_golden_segments_mean_the_golden_checkpoint():
    forms = [{"type": type, "id": id, **encode_state(state)} for (type, id), state in states().items()]
    assert forms == story.CHECKPOINT[1]
    assert [decode_state(form) for form in story.CHECKPOINT[1]] == [*states().values()]


def test_the_golden_projections_show_what_the_golden_segments_mean():
    shown = {}
    for (_, id), state in states().items():
        if not state.is_deleted:
            shown[encode_name(id) + ".json"] = value(state, {})
    assert shown == story.PROJECTIONS
    for name, data in shown.items():
        assert (GOLDEN / "entities" / "plan" / name).read_bytes() == values.pretty(data)
    assert [path.name for path in (GOLDEN / "entities" / "plan").iterdir()] == [*shown]


def test_the_golden_story_has_one_conflict():
    plan = states()["plan", "PROJ-12"]
    (conflict,) = conflicts(plan, {})
    assert (conflict.field, conflict.winner) == ("title", (7, story.BOB))
    assert conflict.losers == (((7, story.ANN), "Ann's"),)
