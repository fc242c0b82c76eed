"""A line that rots after it was taken in is damage: told, named by no token, and back once it is mended."""

import os
import shutil
import time

import pytest

from journal import Fold, Journal
from journal.disk.memory import MemoryBackend
from journal.index.view import View
from journal.segments.pack import read_members
from tests.support.stores import bring, clone, new_store, truth

NAMES = Fold("names", [], lambda value, event: [*value, event.event])


def in_place(path, data):
    """Write a file's bytes without its stat saying so, as rot does."""
    stat = os.stat(path)
    with open(path, "r+b") as file:
        file.write(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def touched(path, data):
    with open(path, "r+b") as file:
        file.write(data)


def replaced(path, data):
    with open(f"{path}.new", "wb") as file:
        file.write(data)
    os.replace(f"{path}.new", path)


@pytest.fixture
def root(tmp_path):
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        for number in range(40):
            journal.append("s", f"E{number}", {"n": number})
        journal.put("t", "x", {"n": 1})
    return root


def rot(root, change, what=b'"E1"'):
    """Change a line of the first segment; return how to mend it."""
    name, good = next((name, text) for name, text in sorted(truth(root).items()) if name.startswith("segments/"))
    path = f"{root}/{name}"
    assert what in good
    change(path, good.replace(what, what.swapcase()))
    return lambda: touched(path, good)


def settle(journal):
    """Let a journal look until time stamps of folders count, so that it lists none of them again."""
    for _ in range(2):
        time.sleep(0.03)
        list(journal.read("s"))


ALL = [f"E{number}" for number in range(40)]
REST = [name for name in ALL if name != "E1"]


def told(events):
    return [event.event for event in events if event.kind == "event"]


@pytest.mark.parametrize("is_warm", [True, False])
@pytest.mark.parametrize("change", [in_place, touched, replaced])
def test_readers_pass_over_it_tell_of_it_and_have_it_once_it_is_back(root, change, is_warm):
    with Journal.open(store=root) as journal, journal.subscribe("feed", on_gap=lambda gap: None) as feed:
        if is_warm:
            assert told(journal.read("s")) == ALL
        mend = rot(root, change)
        events = list(journal.read("s"))
        everything = list(journal.read_all())
        state, view = journal.fold(NAMES, "s"), journal.view(NAMES, "s")
        taken = feed.take(100)
        feed.ack(*taken)
        assert told(events) == told(everything) == told([delivery.event for delivery in taken]) == REST
        assert state.value == view.read() == REST
        assert [event.position for event in events] == list(range(1, 40))
        assert journal.damage_note() is not None
        assert len(journal.status().damage) == 1
        assert journal.gaps(events[-1].token).unreadable
        mend()
        assert told(journal.read("s", since=events[-1].token)) == ["E1"]
        assert told(journal.read_all(since=everything[-1].token)) == ["E1"]
        assert journal.fold(NAMES, "s", state=state).value == view.read() == ALL
        assert [delivery.event.event for delivery in feed.take(100)] == ["E1"]
        assert journal.damage_note() is None


def test_the_past_of_an_entity_is_told_without_it(root):
    with Journal.open(store=root) as journal:
        journal.put("t", "x", {"n": 2})
        assert len(journal.history("t", "x")) == 2
        mend = rot(root, in_place, b'"data":{"n":1},"crc"')
        assert [event.data for event in journal.history("t", "x")] == [{"n": 2}]
        assert journal.damage_note() is not None
        mend()
        assert len(journal.history("t", "x")) == 2


def test_a_pack_that_has_it_too_serves(root):
    with Journal.open(store=root) as journal:
        ((name, text),) = truth(root).items()
        journal.compact()
        journal.put("t", "y", {})
        assert journal.compact().packs
        with open(f"{root}/{name}", "wb") as file:
            file.write(text)  # as a merge with a branch that has not packed brings it back
        assert told(journal.read("s")) == ALL
        rot(root, in_place)
        assert told(journal.read("s")) == ALL


def test_while_another_holds_the_lock_too(root):
    with Journal.open(store=root) as journal, Journal.open(store=root) as other:
        assert told(journal.read("s")) == ALL
        rot(root, in_place)
        with other._engine.locked():
            assert told(journal.read("s")) == REST
            assert told(journal.read("s")) == REST
        assert told(journal.read("s")) == REST


def test_a_log_that_is_read_slowly_finds_what_has_moved_to_other_files_meanwhile(root, monkeypatch):
    monkeypatch.setattr("journal.facade.reading._LOG_PIECE", 8)
    with Journal.open(store=root) as journal:
        log = journal.log(reverse=True)
        found = [next(log)]
        journal.compact()
        journal.put("t", "y", {})
        assert journal.compact().packs
        shutil.rmtree(f"{root}/local")
        with Journal.open(store=root) as other:
            other.append("a", "Other")
            other.append("s", "Other")
        monkeypatch.setattr(View, "doubt", lambda view, file: pytest.fail("no file is other than it was applied"))
        assert told([*found, *log]) == ALL


@pytest.mark.parametrize("is_covered", [True, False])
@pytest.mark.parametrize("read", [lambda journal: journal.read("s"), lambda journal: journal.read_all()])
def test_no_token_of_a_reading_under_way_names_it_where_a_checkpoint_covers_it_too(root, read, is_covered):
    with Journal.open(store=root) as journal:
        if is_covered:
            journal.checkpoint()
        assert told(read(journal)) == ALL
        settle(journal)
        mend = rot(root, in_place)
        events = list(read(journal))
        assert told(events) == REST
        assert journal.gaps(events[-1].token).unreadable
        view = journal.view(NAMES, "s")
        assert view.read() == REST
        mend()
        assert told(journal.read("s", since=events[-1].token)) == ["E1"]
        assert view.read() == ALL


@pytest.mark.parametrize("change", [in_place, touched])
def test_it_is_told_where_the_places_of_events_are_listed_only_after_it_rotted(root, change):
    shutil.rmtree(f"{root}/local")
    with Journal.open(store=root) as journal:
        assert journal.get("t", "x").rev == 1  # builds the index, and no list of events
    with Journal.open(store=root) as journal:
        journal.get("t", "x")
        mend = rot(root, change)
        events = list(journal.read("s"))
        assert told(events) == REST
        assert journal.damage_note() is not None
        mend()
        assert told(journal.read("s", since=events[-1].token)) == ["E1"]


@pytest.mark.parametrize("change", [in_place, touched])
def test_the_last_line_of_a_segment_is_no_torn_end_to_who_has_read_it(root, change):
    with Journal.open(store=root) as journal:
        journal.append("s", "Last", {"n": 1})
    shutil.rmtree(f"{root}/local")  # so that it is another's segment
    with Journal.open(store=root) as journal:
        assert told(journal.read("s")) == [*ALL, "Last"]
        settle(journal)
        rot(root, change, b'"Last"')
        assert told(journal.read("s")) == ALL
        assert "1 event lost" in journal.damage_note()


def test_what_neighbours_cost_is_counted_once(root):
    with Journal.open(store=root) as journal:
        for what in (b'"E1"', b'"E5"', b'"E6"', b'"E7"'):
            rot(root, touched, what)
        assert told(journal.read("s")) == [name for name in ALL if name not in ("E1", "E5", "E6", "E7")]
        assert "and 3 more places: 4 events lost" in journal.damage_note()


def test_who_knows_of_it_while_others_write_the_index_goes_on_knowing():
    backend = MemoryBackend()
    with Journal.on(backend) as journal, Journal.on(backend) as other:
        for name in ALL[:3]:
            journal.append("s", name)
        assert told(journal.read("s")) == told(other.read("s")) == ALL[:3]
        ((name, _),) = backend.files.list(f"{journal.root}/segments")
        node = backend.files._file(f"{journal.root}/segments/{name}")
        node.data[:] = bytes(node.data).replace(b'"E1"', b'"e1"')  # and no stat tells
        view = journal._engine.indexing.view
        view.doubt(view.facts["segments", name].id)
        other.put("t", "y", {})
        with other._engine.locked():
            other._engine.indexing.bring_forward()
            other._engine.flush()
        assert other.status().damage == ()
        journal.get("t", "y")
        assert len(journal.status().damage) == 1


def test_a_pack_that_rots_is_told_and_comes_back_whole(root):
    with Journal.open(store=root) as journal:
        journal.compact()
        journal.put("t", "y", {})
        assert journal.compact().packs
        assert told(journal.read("s")) == ALL
        (name,) = (name for name in truth(root) if name.startswith("archive/"))
        good = truth(root)[name]
        in_place(f"{root}/{name}", good[:200] + b"rotten" + good[206:])
        assert told(journal.read("s")) == []
        assert "events may be lost" in journal.damage_note()
        touched(f"{root}/{name}", good)
        assert told(journal.read("s")) == ALL
        assert journal.damage_note() is None


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("change", [in_place, touched])
def test_the_last_line_of_another_lane_is_no_torn_end_once_it_was_taken_in(root, tmp_path, change, is_open):
    here = clone(root, tmp_path / "here")
    with Journal.open(store=root) as journal:
        journal.append("s", "Last")
    bring(root, here)
    with Journal.open(store=here) as journal:
        assert told(journal.read("s")) == [*ALL, "Last"]
        if is_open:
            mend = rot(here, change, b'"Last"')
    if not is_open:
        mend = rot(here, change, b'"Last"')
    with Journal.open(store=here) as journal:
        assert told(journal.read("s")) == ALL
        assert "1 event lost" in journal.damage_note()
        assert "damaged" in {finding.code for finding in journal.doctor().findings}
        mend()
        assert told(journal.read("s")) == [*ALL, "Last"]
        assert journal.damage_note() is None


def test_what_is_mended_in_its_place_is_seen_also_where_another_process_has_written_since(root):
    with Journal.open(store=root) as journal:
        journal.checkpoint()
        journal.put("t", "y", {})
        assert journal.compact().packs
        (name,) = (name for name in truth(root) if name.startswith("archive/"))
        good = truth(root)[name]
        settle(journal)
        os.truncate(f"{root}/{name}", len(good) // 2)
        assert told(journal.read("s")) == []
        with Journal.open(store=root) as other:
            other.append("s", "Last")
        touched(f"{root}/{name}", good)
        assert told(journal.read("s")) == [*ALL, "Last"]


@pytest.mark.parametrize("kept", [(), (0,), (1,), (0, 2), (1, 2), (0, 1)], ids=str)
@pytest.mark.parametrize("has_local", [True, False])
def test_a_pack_that_lacks_members_is_told_though_the_others_read_well(root, kept, has_local):
    """A file that git wrote, and whose bytes a power cut took, often ends at nothing at all."""
    with Journal.open(store=root) as journal:
        for number in range(40, 60):
            journal.append("s", f"E{number}", {"text": os.urandom(2500).hex()})
        journal.checkpoint()
        journal.put("t", "y", {})
        assert journal.compact().packs
        expected = told(journal.read("s"))
    (name,) = (name for name in truth(root) if name.startswith("archive/"))
    good = truth(root)[name]
    members = list(read_members(good))
    assert len(members) >= 3
    parts = (members[at] for at in kept)
    replaced(f"{root}/{name}", b"".join(good[part.offset : part.offset + part.length] for part in parts))
    for path in [path for path in truth(root) if path.startswith("checkpoints/")]:
        os.remove(f"{root}/{path}")
    if not has_local:
        shutil.rmtree(f"{root}/local")
    with Journal.open(store=root) as journal:
        assert len(told(journal.read("s"))) < len(expected)
        assert "events may be lost" in journal.damage_note()
        assert [path for path, *_ in journal.status().damage] == [name]
        assert "damaged" in {finding.code for finding in journal.doctor().findings}
        replaced(f"{root}/{name}", good)
        assert told(journal.read("s")) == expected
        assert journal.damage_note() is None


@pytest.mark.parametrize("folder", ["segments", "archive"])
def test_a_file_that_was_read_while_it_was_being_written_is_read_again(root, tmp_path, folder):
    with Journal.open(store=root) as journal:
        if folder == "archive":
            journal.compact()
            journal.put("t", "y", {})
            journal.compact()
        name, text = next((name, text) for name, text in sorted(truth(root).items()) if name.startswith(folder))
    here = new_store(tmp_path / "here")
    shutil.copy(f"{root}/journal.toml", f"{here}/journal.toml")
    with Journal.open(store=here) as journal:
        journal.put("t", "own", {})
        os.makedirs(f"{here}/{folder}", exist_ok=True)
        with open(f"{here}/{name}", "wb") as file:
            file.write(text[: len(text) // 2])
            file.flush()
            for _ in range(3):
                time.sleep(0.06)  # until time stamps of folders count
                assert len(told(journal.read("s"))) < 40
            file.write(text[len(text) // 2 :])
        assert told(journal.read("s")) == ALL
        assert journal.damage_note() is None


@pytest.mark.parametrize("is_covered", [True, False])
def test_what_was_accepted_is_no_gap_where_a_checkpoint_covers_it_either(root, is_covered):
    with Journal.open(store=root) as journal:
        if is_covered:
            journal.checkpoint()
        rot(root, touched)
        assert not journal.doctor().ok
        assert journal.doctor(fix=True, accept_loss=True).ok
        assert not journal.gaps()
        with journal.subscribe("feed") as feed:
            assert told([delivery.event for delivery in feed.take(100)]) == REST


def test_an_upcaster_that_reads_the_journal_sees_the_moment_that_is_looked_at(root):
    with Journal.open(store=root) as journal:
        seen = []

        def lift(data):
            seen.append(len(list(journal.read("s"))))
            return {**data, "schema_version": 1}

        journal.put("t", "z", {"n": 2})
        journal.upcasters.register("t", 0)(lift)
        list(journal.read("s"))
        rot(root, in_place)
        assert [entity.id for entity in journal.list("t", where={"n": 2})] == ["z"]
        assert seen
