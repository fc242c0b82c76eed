"""The main job on real input: a trace of 66,801 events, imported, killed, resumed and compared."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from journal import Journal, RefusedError

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


def test_a_line_that_is_no_event_is_named_and_what_stands_before_it_is_kept(store, tmp_path):
    good = {"item_type": "t", "item_id": "a", "action": "create", "payload": {"n": 1}, "ts": "2026-01-01T00:00:00Z"}
    good |= {"author": "ana", "commit": "c1"}
    path = tmp_path / "trace.jsonl"
    path.write_text(json.dumps(good) + "\n" + json.dumps(good | {"commit": "c2", "payload": [1]}) + "\n")
    with Journal.open(store) as journal:
        with pytest.raises(RefusedError, match="line 2"):
            journal.import_trace(path)
        assert [event.entity for event in entity_events(journal)] == ["a"]


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
