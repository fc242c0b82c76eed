"""What is brought forward step by step is what would be built anew from the files, whatever git does to them."""

import contextlib
import itertools
import os
import shutil
import tempfile
import time
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from journal import Journal
from journal.disk.files import OsFiles
from journal.errors import JournalError
from journal.format import names
from journal.format.segment import Header, Previous, encode_header
from journal.store.indexing import Indexing
from tests.support.stores import clone, drop_file, examples, fresh_view, meaning, new_store, put_file, segments, truth

TREES = 3
ENTITIES = ("ant", "bee", "Cat/1")


class Forest:
    """Work trees of one store. Files travel between them as git carries them: whole, new inodes, in any order."""

    def __init__(self, scratch: str) -> None:
        self.scratch = scratch
        first = new_store(os.path.join(scratch, "0"), options='durability = "os"\nroll_bytes = 4096')
        self.roots = [first, *(clone(first, os.path.join(scratch, str(at))) for at in range(1, TREES))]
        self.journals: list[Journal | None] = [None] * TREES
        self.removed: list[dict[str, bytes]] = [{} for _ in range(TREES)]
        self.counter = 0

    def journal(self, at: int) -> Journal:
        found = self.journals[at]
        if found is None:
            found = self.journals[at] = Journal.open(store=self.roots[at], projections="lazy")
        return found

    def close(self) -> None:
        for journal in self.journals:
            if journal is not None:
                journal.close()

    def write(self, at: int, id: str, field: int, size: int) -> None:
        self.counter += 1
        value = self.counter if not size else "x" * 1500
        self.journal(at).put("t", id, set={f"f{field % 3}": value, "n": self.counter % 3})

    def delete(self, at: int, id: str, *_: int) -> None:
        with contextlib.suppress(JournalError):
            self.journal(at).delete("t", id)

    def transaction(self, at: int, id: str, field: int, more: int) -> None:
        self.counter += 1
        with self.journal(at).transaction() as tx:
            for other in ENTITIES[: 2 + more]:
                tx.put("t", other, set={"f0": self.counter, f"t{field % 2}": id})

    def send(self, at: int, _: str, mask: int, cut: int) -> None:
        """The next work tree gets some of this one's files; at times an early version of the last one."""
        to = (at + 1) % TREES
        files, there = truth(self.roots[at]), truth(self.roots[to])
        for number, (path, data) in enumerate(sorted(files.items())):
            known = there.get(path, b"")
            if not mask >> number % 8 & 1 or known == data or (len(known) > len(data) and known.startswith(data)):
                continue
            if cut and path.startswith("segments/"):
                put_file(self.roots[to], path, data[: max(len(known), len(data) - 40 * cut)])
            else:
                put_file(self.roots[to], path, data)

    def remove(self, at: int, _: str, mask: int, only_archive: int) -> None:
        """Git takes some files away; they may come back."""
        for number, (path, data) in enumerate(sorted(truth(self.roots[at]).items())):
            if mask >> number % 8 & 1 and (not only_archive or not path.startswith("segments/")):
                self.removed[at][path] = data
                drop_file(self.roots[at], path)

    def restore(self, at: int, _: str, mask: int, __: int) -> None:
        for number, (path, data) in enumerate(sorted(self.removed[at].items())):
            if mask >> number % 8 & 1:
                del self.removed[at][path]
                if not os.path.exists(os.path.join(self.roots[at], path)):
                    put_file(self.roots[at], path, data)

    def reopen(self, at: int, _: str, drops_local: int, __: int) -> None:
        journal = self.journals[at]
        if journal is not None:
            journal.close()
        self.journals[at] = None
        if drops_local % 4 == 0:
            shutil.rmtree(os.path.join(self.roots[at], "local"), ignore_errors=True)

    def checkpoint(self, at: int, *_: object) -> None:
        with contextlib.suppress(JournalError):
            self.journal(at).checkpoint()

    def compact(self, at: int, *_: object) -> None:
        with contextlib.suppress(JournalError):
            self.journal(at).compact()

    def history(self, at: int, *_: object) -> None:
        list(self.journal(at).log())

    def locked_read(self, at: int, *_: object) -> None:
        """Somebody else holds the lock: the gap is folded in memory."""
        journal = self.journal(at)
        journal.list()
        with Journal.open(store=self.roots[at]) as other, other._engine.locked():
            self.check(at)

    def check(self, at: int) -> None:
        with self.journal(at)._engine.reading() as view:
            found = meaning(view)
        assert found == meaning(fresh_view(self.roots[at]))


STEPS = (
    "write",
    "write",
    "write",
    "delete",
    "transaction",
    "send",
    "send",
    "remove",
    "restore",
    "reopen",
    "locked_read",
    "history",
)
PACKING = ("checkpoint", "compact")


def steps(kinds: tuple[str, ...], length: int):
    step = st.tuples(
        st.sampled_from(kinds),
        st.integers(0, TREES - 1),
        st.sampled_from(ENTITIES),
        st.integers(0, 255),
        st.integers(0, 2),
    )
    return st.lists(step, min_size=4, max_size=length)


def play(story, kind: type[Forest] = Forest) -> None:
    lanes = (f"{number:0>13}" for number in itertools.count(1))
    with tempfile.TemporaryDirectory() as scratch, patch.object(names, "lane_from", lambda _: next(lanes)):
        forest = kind(scratch)
        try:
            for step, at, id, number, small in story:
                getattr(forest, step)(at, id, number, small)
                for tree in {at, (at + 1) % TREES} if step == "send" else {at}:
                    forest.check(tree)
        finally:
            forest.close()


@settings(max_examples=examples(100, 3000))
@given(steps(STEPS, examples(14, 25)))
def test_catching_up_means_the_same_as_building_anew(story):
    play(story)


WRITES = [("write", 0, "ant", 0, 0)]
STORIES = {
    "a header comes that says more of a torn segment": [
        *WRITES,
        ("write", 1, "ant", 0, 0),
        ("write", 0, "ant", 0, 0),
        ("checkpoint", 2, "ant", 0, 0),
        ("transaction", 2, "ant", 0, 0),
        ("send", 1, "ant", 1, 0),
        ("write", 2, "ant", 0, 0),
        ("send", 2, "ant", 255, 1),
        ("send", 2, "ant", 255, 0),
    ],
    "events leave that others have seen": [
        *WRITES * 17,
        ("checkpoint", 0, "ant", 0, 0),
        ("write", 0, "bee", 0, 0),
        ("checkpoint", 0, "ant", 0, 0),
        ("remove", 0, "ant", 7, 0),
    ],
    "what is missing at the end of a segment comes later": [
        ("write", 0, "ant", 0, 0),
        ("write", 0, "bee", 0, 0),
        ("send", 0, "ant", 255, 0),
        ("write", 1, "ant", 0, 0),
        ("write", 0, "ant", 0, 0),
        ("send", 0, "ant", 255, 1),
        ("write", 0, "bee", 0, 0),
        ("send", 0, "ant", 255, 0),
    ],
}


@pytest.mark.parametrize("name", STORIES)
def test_stories_that_once_went_wrong(name):
    play(STORIES[name])


def test_a_header_that_says_more_of_a_segment_than_was_read_of_it_is_heeded(tmp_path):
    """A torn transaction counts, as far as it is there, once its lane's next header says that it was acknowledged."""
    here = new_store(tmp_path / "here")
    with Journal.open(store=here) as journal:
        journal.put("t", "a", {"n": 1})
        with journal.transaction() as tx:
            tx.put("t", "b", {"n": 2})
            tx.put("t", "c", {"n": 3})
        journal._engine.lanes.end_segment()
        journal.put("t", "d", {"n": 4})
    first, second = sorted(truth(here))
    there = new_store(tmp_path / "there")
    put_file(there, first, truth(here)[first][:-20])
    with Journal.open(store=there) as journal:
        assert [entity.id for entity in journal.list()] == ["a"]
        put_file(there, second, truth(here)[second])
        assert [entity.id for entity in journal.list()] == ["a", "b", "d"]
        assert journal.damage_note() is not None
        put_file(there, first, truth(here)[first])
        assert [entity.id for entity in journal.list()] == ["a", "b", "c", "d"]
        assert journal.damage_note() is None


def test_what_grows_behind_the_end_that_a_known_header_names_does_not_count(tmp_path):
    """As where a power cut brings back a line that was cut off, when the index knows the lane's next segment."""
    here, there = new_store(tmp_path / "here"), new_store(tmp_path / "there")
    with Journal.open(store=here) as journal:
        lane = journal.append("s", "A").lane
        ((first, short),) = truth(here).items()
        journal.append("s", "B")
        store = journal._engine.config.store
    previous = Previous(first.removeprefix("segments/").removesuffix(".jsonl"), len(short), 1)
    put_file(there, first, short)
    put_file(
        there,
        f"segments/{names.segment_file(3, lane)}",
        encode_header(Header(store, lane, 3, {lane: ((1, 1),)}, previous=previous)),
    )
    with Journal.open(store=there) as journal:
        assert [event.event for event in journal.read("s")] == ["A"]
        journal.append("s", "C")  # the index is kept
    with open(os.path.join(there, first), "ab") as file:
        file.write(truth(here)[first][len(short) :])
    with Journal.open(store=there) as journal:
        assert [event.event for event in journal.read("s")] == ["A", "C"]
        assert meaning(journal._engine.indexing.view) == meaning(fresh_view(there))


def test_files_come_and_leave_without_a_rebuild_though_a_checkpoint_was_all_that_was_read(tmp_path, monkeypatch):
    """As on a switch of branches in a fresh clone: the first file that leaves has the rest listed, once."""
    here, there = new_store(tmp_path / "here"), new_store(tmp_path / "there")
    with Journal.open(store=here) as journal:
        for number in range(3):
            journal.put("t", f"e{number}", {"n": number})
            journal._engine.lanes.end_segment()
        journal.checkpoint()
    for path, data in truth(here).items():
        put_file(there, path, data)
    more = clone_with_one_more(there, tmp_path / "elsewhere")
    with Journal.open(store=there) as journal:
        journal.put("t", "own", {})
    built = []
    monkeypatch.setattr(Indexing, "_rebuild", lambda *given: built.append(given) or rebuild_index(*given))
    for _ in range(3):
        for path, data in more:
            put_file(there, path, data)
        with Journal.open(store=there) as journal:
            assert journal.get("t", "more") is not None
        for path, _ in more:
            drop_file(there, path)
        with Journal.open(store=there) as journal:
            assert journal.get("t", "more") is None
            assert len(journal.list()) == 4
    assert not built


rebuild_index = Indexing._rebuild


def clone_with_one_more(root, folder):
    """Return the files that another clone adds: (path, bytes)."""
    other = clone(root, folder)
    with Journal.open(store=other) as journal:
        journal.put("t", "more", {"n": 9})
    return [(path, data) for path, data in truth(other).items() if path not in truth(root)]


def test_a_reader_that_stays_open_sees_files_that_arrived_a_while_ago(tmp_path):
    """So long ago that the time stamps of the folders are no longer in doubt when it looks."""
    here = new_store(tmp_path / "here")
    there = clone(here, tmp_path / "there")
    with Journal.open(store=here) as reader, Journal.open(store=there) as writer:
        reader.list()
        writer.put("t", "a", {"n": 1})
        for path, data in truth(there).items():
            put_file(here, path, data)
        time.sleep(0.1)
        assert [entity.data for entity in reader.list()] == [{"n": 1}]


def test_a_checkpoint_that_leaves_after_the_events_it_counted_in_takes_their_state_along(tmp_path):
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        journal.put("t", "a", {"x": 1})
        list(journal.log())
        journal.checkpoint()
        for path in [path for path in truth(root) if path.startswith("segments/")]:
            drop_file(root, path)
        assert [entity.id for entity in journal.list()] == ["a"]
        for path in list(truth(root)):
            drop_file(root, path)
        assert journal.list() == []
        with journal._engine.reading() as view:
            assert meaning(view) == meaning(fresh_view(root))


def test_a_file_that_leaves_while_it_is_read_is_looked_for_again(tmp_path):
    """As a compaction of another process has it, or a checkout."""
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        journal.put("t", "a", {"n": 1})
        journal._engine.lanes.end_segment()
        journal.put("t", "b", {"n": 2})
    shutil.rmtree(os.path.join(root, "local"))
    files = Vanishing(segments(root)[0])
    with Journal.open(store=root, files=files) as journal:
        assert [entity.id for entity in journal.list()] == ["b"]
    assert files.is_gone


class Vanishing(OsFiles):
    """A disk from which a file is taken just before it is read."""

    def __init__(self, path: str) -> None:
        self.path, self.is_gone = path, False

    def read(self, path: str) -> bytes:
        if path == self.path and not self.is_gone:
            os.unlink(path)
            self.is_gone = True
        return super().read(path)


def test_the_log_is_read_though_the_local_folder_was_removed_a_moment_ago(tmp_path):
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        journal.put("t", "a", {"x": 1})
    shutil.rmtree(os.path.join(root, "local"))
    with Journal.open(store=root) as journal:
        journal.list()
        shutil.rmtree(os.path.join(root, "local"))
        assert [event.entity for event in journal.log()] == ["a"]


def test_a_log_that_is_read_slowly_finds_what_moved_to_a_pack(tmp_path, monkeypatch):
    monkeypatch.setattr("journal.facade.reading._LOG_PIECE", 2)
    root = new_store(tmp_path, options='durability = "os"\nroll_bytes = 4096')
    with Journal.open(store=root) as reader, Journal.open(store=root) as other:
        for number in range(9):
            other.put("t", "a", {"n": number, "text": "x" * 1500})
        log = reader.log(reverse=True)
        found = [next(log).data["n"]]
        for number in range(9, 12):
            other.checkpoint()
            other.put("t", "a", {"n": number})
            other.compact()
        assert "000000000001" not in segments(root)[0]
        found += [event.data["n"] for event in log]
    assert found == list(range(9))


def told(*words: tuple[str, int, int, int]):
    """Return a story of one entity: each step with its work tree and its two numbers."""
    return [(step, at, "ant", number, small) for step, at, number, small in words]


WRITE, REOPEN = ("write", 0, 0, 0), ("reopen", 1, 1, 0)


@settings(max_examples=examples(100, 3000))
@given(steps(STEPS + PACKING, examples(18, 30)))
@example(  # a segment comes of which only the header is whole: it names events that are not here
    [*told(*[WRITE] * 6, ("checkpoint", 0, 0, 0), ("reopen", 0, 0, 0), *[WRITE] * 3), *told(("send", 0, 4, 1), REOPEN)]
)
def test_catching_up_means_the_same_as_building_anew_with_checkpoints_and_packs(story):
    play(story)
