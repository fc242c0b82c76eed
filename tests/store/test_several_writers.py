"""Several open journals on one store share its lane, and each sees what the others do."""

import shutil
import time

import pytest

from journal import Journal
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
