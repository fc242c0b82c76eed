"""Several open journals on one store share its lane, and each sees what the others do."""

import os
import shutil
import time

import pytest

from journal import Journal
from journal.disk.files import OsFiles
from journal.errors import NotAppliedError
from journal.index.flushing import flush_overlay
from journal.index.view import OvertakenError
from journal.store.looking_back import look_back
from journal.upkeep import blob_parking
from tests.support.stores import new_store


@pytest.fixture
def root(tmp_path):
    Journal.init(tmp_path)
    path = tmp_path / ".journal" / "journal.toml"
    path.write_text(path.read_text().replace("[options]", "[options]\nroll_bytes = 4096"))
    return tmp_path


def segments(root):
    return sorted(path.name for path in (root / ".journal" / "segments").iterdir())


def test_writers_that_take_turns_share_one_segment_and_one_lane(root):
    with Journal.open(root) as first, Journal.open(root) as second:
        for turn in range(8):
            first.put("plan", "a", {"turn": turn})
            second.put("plan", "b", {"turn": turn})
        assert len({name.split("-")[1] for name in segments(root)}) == 1
        assert len(segments(root)) <= 2


def test_writers_that_take_turns_stay_in_one_lane_across_rolls(root):
    with Journal.open(root) as first, Journal.open(root) as second:
        for turn in range(40):
            first.put("plan", "a", {"turn": turn, "text": "x" * 300})
            second.put("plan", "b", {"turn": turn, "text": "y" * 300})
        rolled = segments(root)
        assert len(rolled) > 3
        assert len({name.split("-")[1] for name in rolled}) == 1
        assert all((root / ".journal" / "segments" / name).stat().st_size > 3000 for name in rolled[:-1])


def test_a_reader_that_wrote_once_sees_what_another_writes_into_later_segments(root):
    with Journal.open(root) as writer, Journal.open(root) as reader:
        reader.put("plan", "mine", {"n": 0})
        for turn in range(60):
            writer.put("plan", "theirs", {"turn": turn, "text": "x" * 300})
            assert reader.get("plan", "theirs").data["turn"] == turn


def test_one_that_only_reads_sees_every_write_at_once(root):
    with Journal.open(root) as writer, Journal.open(root) as reader:
        for turn in range(60):
            writer.put("plan", "a", {"turn": turn, "text": "x" * 300})
            assert reader.get("plan", "a").data["turn"] == turn
            assert len(reader.history("plan", "a")) == turn + 1


def test_a_reader_whose_index_is_behind_meets_a_segment_that_grows(tmp_path):
    """It saw the segment grow by a view of its own; the index that it opens then does not know of the segment."""
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        journal.append("s", "E", {"n": 0})
    shutil.rmtree(f"{root}/local")
    with Journal.open(store=root) as writer, Journal.open(store=root) as reader:
        with writer._engine.locked():
            writer.append("s", "E", {"n": 1})
            for _ in range(3):
                time.sleep(0.06)  # until time stamps of folders count
                assert [event.data["n"] for event in reader.read("s")] == [0, 1]
            writer.append("s", "E", {"n": 2})
        assert [event.data["n"] for event in reader.read("s")] == [0, 1, 2]


def _flush(journal):
    with journal._engine.locked():
        view = journal._engine.indexing.bring_forward()
        flush_overlay(view)
        return view


def _generation(journal):
    return journal._engine.indexing.view.generation


@pytest.fixture
def pair(tmp_path):
    """Two journals on one store, both of which know the index as it was written last."""
    root = new_store(tmp_path, options='projections = "lazy"')
    with Journal.open(store=root) as first, Journal.open(store=root) as second:
        for journal in (first, second, first, second):
            journal.append("s", "Begun")
            _flush(journal)
        yield first, second


def test_what_another_flushes_of_the_open_segment_leaves_what_is_known_of_the_other_files(pair):
    first, second = pair
    second.append("s", "E")
    first.append("s", "E")
    before = _generation(second)
    _flush(first)
    first.append("s", "E")
    assert second.append("s", "E").position == 8
    assert _generation(second) == before
    with Journal.open(store=second.root) as third:
        assert [event.id for event in third.read("s")] == [event.id for event in second.read("s")]


def test_a_file_that_came_and_was_flushed_by_another_is_known_anew(pair):
    first, second = pair
    first._engine.lanes.end_segment()
    first.append("s", "E")
    before = _generation(second)
    _flush(first)
    assert second.append("s", "E").position == 6
    assert _generation(second) != before
    assert second._engine.indexing.view.facts.keys() == _flush(first).facts.keys()


def test_a_file_that_only_the_overlay_knows_is_looked_at_again_when_another_has_flushed(pair):
    first, second = pair
    second.append("s", "E")
    _flush(second)
    first.append("s", "E")
    before = _generation(second)
    view = second._engine.indexing.view
    view.put_file(next(iter(view.facts.values()))._replace(id=99, name="000000000009-0000000000000.jsonl"))
    _flush(first)
    assert second.append("s", "E").position == 7
    assert _generation(second) != before
    assert 99 not in second._engine.indexing.view.by_id


class SlowToSync(OsFiles):
    """A disk on which something happens once, just before a file is synced by its path."""

    def __init__(self, meanwhile):
        self.meanwhile = meanwhile

    def sync(self, path):
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        super().sync(path)


@pytest.mark.parametrize("part", [0.3, 0.5, 0.9])
def test_of_a_batch_that_is_just_being_written_nothing_is_shown_and_nothing_called_damaged(tmp_path, part):
    """A long write becomes visible page by page; it may be whole, and acknowledged, before a reader has synced it."""
    root = new_store(tmp_path)
    with Journal.open(store=root, projections="lazy") as writer:
        writer.append("s", "First", {"n": 0})
        tip = os.path.join(root, "local", "tip")
        paths = [tip, os.path.join(root, "segments", os.listdir(os.path.join(root, "segments"))[0])]

        def texts():
            return [read(path) for path in paths]

        def put(texts):
            for path, text in zip(paths, texts, strict=True):
                with open(path, "r+b") as file:
                    file.write(text)
                    file.truncate()

        before = texts()
        files = SlowToSync(lambda: None)
        with Journal.open(store=root, files=files) as reader:
            assert len(list(reader.read("s"))) == 1
            writer.append_batch("s", [("E", {"n": number}) for number in range(1, 61)])
            whole = texts()
            put([before[0], whole[1][: len(before[1]) + int((len(whole[1]) - len(before[1])) * part)]])
            with writer._engine.locked():
                files.meanwhile = lambda: put(whole)
                shown = [event.data["n"] for event in reader.read("s")]
                assert shown in ([0], list(range(61)))
                assert reader._engine.indexing.view.damage == []
            assert [event.data["n"] for event in reader.read("s")] == list(range(61))
            assert reader.doctor(verify=True).ok


def read(path):
    with open(path, "rb") as file:
        return file.read()


@pytest.fixture
def crossed(tmp_path):
    """A writer and a reader; ``rounds(n)`` writes entities a and b as one, and ``at(call)`` has more come just then."""
    root = new_store(tmp_path)
    with Journal.open(store=root, projections="lazy") as writer, Journal.open(store=root) as reader:
        for journal in (writer, reader):
            journal.append("s", "E", {})
        write_pair(writer, 1)
        _flush(writer)
        assert pair_of(reader) == [1, 1]
        yield writer, reader


def write_pair(journal, number):
    with journal.transaction() as together:
        for id in ("a", "b"):
            together.put("pair", id, {"n": number})


def pair_of(journal):
    return [entity.data["n"] for entity in journal.list("pair")]


def once_before(monkeypatch, owner, name, call, act):
    """Have something happen just before a method is called for the ``call``th time."""
    method, calls = getattr(owner, name), []

    def called(*arguments, **options):
        calls.append(name)
        if len(calls) == call:
            act()
        return method(*arguments, **options)

    monkeypatch.setattr(owner, name, called)
    return calls


def test_what_others_write_to_the_index_is_not_mixed_with_what_a_reader_is_just_folding(crossed, monkeypatch):
    writer, reader = crossed
    index = reader._engine.indexing.view.index
    with writer._engine.locked():  # so that the reader has to fold without the lock
        write_pair(writer, 2)

        def more():
            writer.put("pair", "b", {"n": 3})
            _flush(writer)

        calls = once_before(monkeypatch, index, "state_texts", 2, more)
        shown = reader.texts("pair", "b")
    assert len(calls) >= 2
    assert (shown.rev, shown.data, shown.conflicts) in ((2, '{"n":2}', 0), (3, '{"n":3}', 0))
    assert reader.get("pair", "b").rev == 3


def test_a_list_is_of_one_moment_whatever_others_write_to_the_index(crossed, monkeypatch):
    writer, reader = crossed
    index = reader._engine.indexing.view.index
    with writer._engine.locked():
        writer.put("pair", "a", {"n": 2})
        assert pair_of(reader) == [2, 1]

        def more():
            write_pair(writer, 3)
            _flush(writer)

        once_before(monkeypatch, index, "entities", 1, more)
        assert pair_of(reader) in ([2, 1], [3, 3])
        assert pair_of(reader) == [3, 3]


def test_a_view_that_others_have_overtaken_is_never_written_over_theirs(crossed):
    writer, reader = crossed
    with reader._engine.locked():
        reader.append("s", "E", {"n": 1})  # it is in the overlay alone
    write_pair(writer, 2)
    writer.append("s", "E", {"n": 2})
    _flush(writer)
    with reader._engine.locked(), pytest.raises(OvertakenError):
        reader._engine.flush()
    assert [event.data for event in reader.read("s")][-2:] == [{"n": 1}, {"n": 2}]
    assert reader.doctor(verify=True).findings == ()


def test_compaction_writes_nothing_over_what_others_wrote_while_it_looked_at_blobs(tmp_path, monkeypatch):
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal, Journal.open(store=root) as other:
        journal.blobs.put(b"x" * 2000)
        journal.put("t", "x", {"n": 0, "m": 0})
        other.put("t", "x", {"n": 1, "m": 1})

        def look_and_wait(engine, read):
            found = look_back(engine, read)
            other.put("t", "x", {"n": other.get("t", "x").data["n"] + 1, "m": 2})
            other.append("s", "E", {})
            return found

        monkeypatch.setattr(blob_parking, "look_back", look_and_wait)
        for number in range(1, 3):
            journal.append("s", "E", {})  # it is in the overlay alone
            journal.compact()
            other.put("t", "x", {"n": 10 * number, "m": 3})
            assert journal.stream("s").length == 2 * number
        journal.checkpoint()
        assert [found for found in journal.doctor(verify=True).findings if found.severity != "info"] == []


def test_where_local_was_removed_under_the_lock_nothing_is_written_into_a_lane_of_another(tmp_path, monkeypatch):
    root = new_store(tmp_path)
    with Journal.open(store=root) as first, Journal.open(store=root) as second, Journal.open(store=root) as third:
        first.append("s", "E", {"by": "first"})
        target = first._engine.lanes.target

        def chosen_too_late(view, standing):
            shutil.rmtree(f"{root}/local")
            second.append("s", "E", {"by": "second"})
            chosen = target(view, first._engine.tip_file.look())
            third.append("s", "E", {"by": "third"})
            return chosen

        monkeypatch.setattr(first._engine.lanes, "target", chosen_too_late)
        with pytest.raises(NotAppliedError, match="the local folder was removed"):
            first.append("s", "E", {"by": "first again"})
        monkeypatch.undo()
        first.append("s", "E", {"by": "first at last"})
        assert [event.data["by"] for event in third.read("s")] == ["first", "second", "third", "first at last"]
        assert third.doctor(verify=True).findings == ()
