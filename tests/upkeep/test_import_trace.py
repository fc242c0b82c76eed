"""The main job on real input: a trace of 66,801 events, imported, killed, resumed and compared."""

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from journal import Journal, RefusedError
from journal.store.batch import Note

TRACE = Path(__file__).parents[3] / "shared" / "data" / "beads-trace-net.jsonl.gz"
needs_trace = pytest.mark.skipif(not TRACE.exists(), reason="the real trace is not beside this checkout")
ENOUGH = 6000

_CHILD = """
import sys
from journal import Journal
with Journal.open(sys.argv[1]) as journal:
    journal.import_trace(sys.argv[2])
"""


@pytest.fixture
def store(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    Journal.init(tmp_path)
    return tmp_path


def lines(count):
    """The first lines of the real trace: whole source commits, so a cut inside one is likely too."""
    with gzip.open(TRACE, "rt") as stream:
        return [next(stream) for _ in range(count)]


def write_trace(path, events):
    with gzip.open(path, "wt") as stream:
        stream.writelines(events)
    return path


def computed(events):
    """What the trace says, by a few lines that know nothing of the journal."""
    state = {}
    for event in map(json.loads, events):
        if event["action"] == "delete":
            state.pop(event["item_id"], None)
        else:
            state[event["item_id"]] = event["payload"]
    return state


def entity_events(journal):
    return [event for event in journal.log(reverse=True) if event.kind == "entity"]


@needs_trace
@pytest.mark.parametrize("count", [ENOUGH, pytest.param(66801, marks=pytest.mark.soak)])
def test_the_final_state_is_what_independent_python_computes(store, tmp_path, count):
    events = lines(count)
    with Journal.open(store) as journal:
        result = journal.import_trace(write_trace(tmp_path / "trace.gz", events))
        assert result.events == count
        assert {entity.id: entity.data for entity in journal.list("issue")} == computed(events)
        imported = [(event.entity, event.action, event.ts, event.actor) for event in entity_events(journal)]
        source = [json.loads(line) for line in events]
        assert imported == [(each["item_id"], each["action"], each["ts"], each["author"]) for each in source]
    shown = {}
    for path in (store / ".journal" / "entities" / "issue").iterdir():
        document = json.loads(path.read_text())
        shown[document["id"]] = document
    assert shown == computed(events)


@needs_trace
def test_a_killed_import_goes_on_without_a_lost_or_a_doubled_event(store, tmp_path):
    events = lines(ENOUGH)
    trace = write_trace(tmp_path / "trace.gz", events)
    kills = 0
    for attempt in range(200):
        child = subprocess.Popen([sys.executable, "-c", _CHILD, str(store), str(trace)])
        time.sleep(0.15 + 0.05 * (attempt % 14))
        if child.poll() is not None:
            assert child.returncode == 0
            break
        child.send_signal(signal.SIGKILL)
        child.wait()
        kills += 1
    assert kills >= 2, "the import was never killed, so this shows nothing"
    with Journal.open(store) as journal:
        assert journal.import_trace(trace).events == 0
        assert [event.entity for event in entity_events(journal)] == [json.loads(line)["item_id"] for line in events]
        assert {entity.id: entity.data for entity in journal.list("issue")} == computed(events)


@needs_trace
def test_nothing_but_the_truth_is_needed(store, tmp_path):
    events = lines(ENOUGH)
    with Journal.open(store) as journal:
        journal.import_trace(write_trace(tmp_path / "trace.gz", events))
    entities = store / ".journal" / "entities"
    before = {path.relative_to(entities): path.read_bytes() for path in entities.rglob("*.json")}
    for path in [*entities.rglob("*.json"), *(store / ".journal" / "local").iterdir()]:
        path.unlink()
    with Journal.open(store) as journal:
        assert {entity.id: entity.data for entity in journal.list("issue")} == computed(events)
    assert {path.relative_to(entities): path.read_bytes() for path in entities.rglob("*.json")} == before


@needs_trace
def test_a_flipped_byte_costs_one_event_and_says_so(store, tmp_path):
    events = lines(2000)
    with Journal.open(store) as journal:
        journal.import_trace(write_trace(tmp_path / "trace.gz", events))
        assert journal.damage_note() is None
        complete = [event.id for event in journal.log()]
    segment = max((store / ".journal" / "segments").iterdir(), key=lambda path: path.stat().st_size)
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 0x20
    segment.write_bytes(data)
    with Journal.open(store) as journal:
        found = [event.id for event in journal.log()]
        assert len(complete) - len(found) == 1
        assert "1 event lost" in journal.damage_note()


def made(number, **more):
    """A line of a trace, with a commit of its own."""
    event = {"item_type": "t", "item_id": f"i{number}", "action": "create", "payload": {"n": number}, "author": "ana"}
    return json.dumps(event | {"ts": "2026-01-01T00:00:00Z", "commit": f"c{number}"} | more) + "\n"


FIVE = [made(number) for number in range(5)]
WRONG = {
    "garbage\n": "line 6: column 1: a value is missing",
    made(6, payload=[1]): "line 6: a payload is a JSON object",
    made(6, item_type="$mine"): "line 6: .*type",
    made(6, item_id=""): "line 6: .*id",
    made(6, author="a\nb"): "line 6: .*actor",
    made(6, payload={"$journal_id": "x"}): "line 6: .*reserved",
    made(6, ts=None): "line 6: ts is missing or wrong",
    '{"item_type": "t"}\n': "line 6: .*commit",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_line_that_is_no_event_is_named_and_nothing_is_written(store, tmp_path, line):
    path = tmp_path / "trace.jsonl"
    path.write_text("".join(FIVE) + line)
    with Journal.open(store) as journal:
        with pytest.raises(RefusedError, match=WRONG[line]) as caught:
            journal.import_trace(path)
        assert caught.value.path == str(path)
        assert entity_events(journal) == []


def test_what_does_not_fit_a_schema_is_refused_before_anything_is_written(store, tmp_path):
    path = tmp_path / "trace.jsonl"
    path.write_text("".join(FIVE) + made(6, payload={"n": "six"}))
    with Journal.open(store) as journal:
        journal.schemas.put("t", {"properties": {"n": {"type": "integer"}}})
        with pytest.raises(RefusedError, match=r"line 6: .*schema"):
            journal.import_trace(path)
        assert entity_events(journal) == []


def test_a_file_that_has_grown_goes_on_behind_what_was_imported(store, tmp_path):
    path = tmp_path / "trace.jsonl"
    with Journal.open(store) as journal:
        for lines_now, new, done in [(FIVE, 5, 0), ([*FIVE, "\n", "  \n"], 0, 5), ([*FIVE, "\n", made(7)], 1, 5)]:
            path.write_text("".join(lines_now))
            result = journal.import_trace(path)
            assert (result.events, result.resumed_at) == (new, done)
        path.write_text("".join([*FIVE, "\n", made(7), made(8)]).rstrip("\n"))
        assert journal.import_trace(path).resumed_at == 7
        path.write_text("".join([*FIVE, "\n", made(7), made(8), made(9)]))
        assert journal.import_trace(path).resumed_at == 8
        assert [event.entity for event in entity_events(journal)] == ["i0", "i1", "i2", "i3", "i4", "i7", "i8", "i9"]


def test_a_file_that_was_changed_where_it_was_imported_goes_on_before_the_change(store, tmp_path):
    path = tmp_path / "trace.jsonl"
    path.write_text("".join(FIVE))
    with Journal.open(store) as journal:
        journal.import_trace(path)
        path.write_text("".join([*FIVE[:3], made(3, payload={"n": 33}), FIVE[4]]))
        assert journal.import_trace(path).resumed_at == 3
        assert journal.get("t", "i3").data == {"n": 33}


@pytest.mark.parametrize("end", ["\n", ""])
def test_notes_of_older_versions_have_the_hash_of_the_whole_file_and_count(store, tmp_path, end):
    path = tmp_path / "trace.jsonl"
    text = "".join(FIVE).rstrip("\n") + end
    path.write_text(text)
    source = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    with Journal.open(store) as journal:
        note = Note(note="import", data={"source": source, "file": "trace.jsonl", "offset": 3, "commit": "c2"})
        journal._engine.write([note])
        assert journal.import_trace(path).resumed_at == 3
        assert [event.entity for event in entity_events(journal)] == ["i3", "i4"]


def test_a_folder_and_a_damaged_archive_are_told_as_what_they_are(store, tmp_path):
    (tmp_path / "cut.gz").write_bytes(gzip.compress("".join(FIVE).encode())[:-20])
    with Journal.open(store) as journal:
        with pytest.raises(RefusedError, match="not a file"):
            journal.import_trace(tmp_path)
        with pytest.raises(RefusedError, match="damaged") as caught:
            journal.import_trace(tmp_path / "cut.gz")
        assert caught.value.path == str(tmp_path / "cut.gz")
        assert entity_events(journal) == []


def test_importing_leaves_no_temporary_file(store, tmp_path):
    event = {"item_type": "t", "item_id": "a", "action": "create", "payload": {}, "ts": "2026-01-01T00:00:00Z"}
    path = tmp_path / "trace.jsonl"
    path.write_text(json.dumps(event | {"author": "ana", "commit": "c1"}) + "\n")
    with Journal.open(store) as journal:
        journal.import_trace(path)
    assert not [name for _, _, names in os.walk(store) for name in names if name.endswith(".journal-tmp")]


def test_a_flipped_byte_is_said_even_where_a_checkpoint_covers_it(store):
    with Journal.open(store) as journal:
        for number in range(40):
            journal.put("plan", f"p{number}", {"n": number})
        journal.checkpoint()
        journal.put("plan", "later", {"n": 1})
        shown = journal.list("plan")
    segment = min((store / ".journal" / "segments").iterdir())
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 0x20
    segment.write_bytes(data)
    with Journal.open(store) as journal:
        assert journal.list("plan") == shown
        assert "1 event lost" in journal.damage_note()
