"""Writers whose syncs come when the lock has been left: what was acknowledged stays, whatever becomes of a sync.

Several journals on one simulated disk stand for several processes. At the moment before a sync (``before_sync``) the
others do something: so every interleaving that matters is a story in one thread.
"""

import contextlib
import errno
import os
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from journal import Conflict, Journal
from journal.errors import LockTimeoutError, NotAppliedError, OutcomeUnknownError
from journal.index.bounds import first_header, is_cut_off
from journal.index.flushing import flush_overlay
from journal.segments.tip import Mark, Tip
from journal.store.opening import note_lost, read_opening
from journal.store.tip_file import Standing, TipFile
from tests.support.inodes import EXTREMES, RANDOM
from tests.support.outages import LOST, bury, restarted
from tests.support.power import SimulatedDisk
from tests.support.stores import LANE_A, clone, examples, new_store, segments


class Crowd:
    """Some open journals on one disk, and what each append of theirs came to."""

    def __init__(self, folder, writers: int) -> None:
        self.root = new_store(folder, options='durability = "sync"\nprojections = "lazy"')
        with Journal.open(store=self.root) as journal:
            journal.append("s", "Begun", {"n": 0})
        self.disk = SimulatedDisk(os.fspath(folder))
        self.acknowledged, self.unknown = {0}, set()
        self.count = 0
        self.busy: list[int] = []
        self.journals = [self.open() for _ in range(writers)]
        for at in range(writers):
            self.append(at)

    def open(self) -> Journal:
        return Journal.open(store=self.root, files=self.disk, lock_timeout_seconds=0.01)

    def append(self, at: int) -> str:
        """Append one event; return what became of it."""
        self.count += 1
        number = self.count
        self.busy.append(at)
        try:
            self.journals[at].append("s", "E", {"n": number})
        except OutcomeUnknownError:
            self.unknown.add(number)
            return "unknown"
        except LockTimeoutError:
            return "busy"
        finally:
            self.busy.pop()
        self.acknowledged.add(number)
        return "done"

    def close(self) -> None:
        for journal in self.journals:
            bury(journal)

    def found(self, journal: Journal) -> set[int]:
        events = list(journal.read("s"))
        numbers = [event.data["n"] for event in events]
        assert len(set(numbers)) == len(numbers)
        assert [event.position for event in events] == list(range(1, len(events) + 1))
        return set(numbers)

    def check(self, disk: SimulatedDisk) -> None:
        """All that was acknowledged is there, in files that are as they should be, and writing goes on."""
        root = os.path.join(disk.root, os.path.relpath(self.root, self.disk.root))
        with Journal.open(store=root, files=disk) as journal:
            found = self.found(journal)
            assert self.acknowledged <= found <= self.acknowledged | self.unknown | self.in_flight
            journal.append("s", "Afterwards", {"n": -1})
            assert self.found(journal) == found | {-1}
            assert journal.doctor(verify=True).ok

    in_flight: frozenset[int] = frozenset()


@pytest.fixture
def crowd(tmp_path):
    crowd = Crowd(tmp_path, 3)
    yield crowd
    crowd.close()


def once(disk: SimulatedDisk, act) -> None:
    """Let something happen before the next sync of an open file, and before no other."""

    def before(path: str) -> None:
        disk.before_sync = None
        act()

    disk.before_sync = before


def test_others_write_while_one_syncs_and_all_of_it_lasts(crowd):
    done = []
    once(crowd.disk, lambda: done.extend([crowd.append(1), crowd.append(2), crowd.append(1)]))
    assert [crowd.append(0), *done] == ["done"] * 4
    assert len(segments(crowd.root)) == 1
    crowd.check(crowd.disk.reboot(LOST))


def test_a_next_segment_is_begun_with_a_look_at_what_is_not_durable_of_the_one_before(crowd, monkeypatch):
    crowd.journals[0].append_batch("s", [("E", {"n": -2 - number}) for number in range(500)])
    crowd.journals[1].append("s", "E", {"n": -1})
    (old,) = segments(crowd.root)
    seen = []
    for name in ("read", "read_at"):
        ask = getattr(crowd.disk, name)

        def asked(path, *rest, ask=ask):
            found = ask(path, *rest)
            seen.append((path, len(found)))
            return found

        monkeypatch.setattr(crowd.disk, name, asked)

    def meanwhile() -> None:
        crowd.journals[1]._engine.lanes.end_segment()
        seen.clear()
        crowd.append(1)

    once(crowd.disk, meanwhile)
    crowd.append(0)
    assert len(segments(crowd.root)) == 2
    assert 0 < sum(size for path, size in seen if path == old) < 2_000 < os.path.getsize(old)


def test_a_late_sync_that_fails_is_told_to_its_writer_and_takes_nothing_of_the_others(crowd):
    """The second has synced both by then, so the first loses nothing but its acknowledgement."""
    done = []

    def meanwhile() -> None:
        done.append(crowd.append(1))
        crowd.disk.fail_sync_at(1, errno.EIO)

    once(crowd.disk, meanwhile)
    assert crowd.append(0) == "unknown"
    assert done == ["done"]
    assert [crowd.append(at) for at in (1, 0, 2)] == ["done"] * 3
    assert len(segments(crowd.root)) == 2
    crowd.check(crowd.disk.reboot(LOST))


def test_who_syncs_after_a_failed_sync_is_told_of_it_too(crowd):
    """The kernel has dropped what both wrote, and says so to each of them once."""
    done = []

    def meanwhile() -> None:
        crowd.disk.fail_sync_at(1, errno.EIO)
        done.append(crowd.append(1))

    once(crowd.disk, meanwhile)
    assert crowd.append(0) == "unknown"
    assert done == ["unknown"]
    assert [crowd.append(at) for at in (0, 1, 2)] == ["done"] * 3
    crowd.check(crowd.disk.reboot(LOST))


def test_who_comes_while_another_syncs_begins_a_segment_of_its_own(crowd):
    """A file that it opened now would not tell of a failure that is being told of now."""
    done = []

    def meanwhile() -> None:
        crowd.journals.append(crowd.open())
        done.append(crowd.append(3))

    once(crowd.disk, meanwhile)
    assert crowd.append(0) == "done"
    assert done == ["done"]
    assert len(segments(crowd.root)) == 2
    assert [crowd.append(at) for at in (1, 3, 2, 0)] == ["done"] * 4
    assert len(segments(crowd.root)) == 2
    crowd.check(crowd.disk.reboot(LOST))


def test_who_comes_when_all_is_durable_goes_on_in_the_same_segment(crowd):
    crowd.journals.append(crowd.open())
    assert crowd.append(3) == "done"
    assert len(segments(crowd.root)) == 1


def test_a_newcomer_cannot_acknowledge_what_a_failure_has_taken(crowd):
    """Its own sync would say that all is well: the failure was told already."""
    done = []

    def meanwhile() -> None:
        crowd.disk.fail_sync_at(1, errno.EIO)
        assert crowd.append(1) == "unknown"
        crowd.journals.append(crowd.open())
        done.append(crowd.append(3))

    once(crowd.disk, meanwhile)
    assert crowd.append(0) == "unknown"
    assert done == ["done"]
    crowd.check(crowd.disk.reboot(LOST))


def test_nobody_is_shown_what_is_not_durable_yet(crowd):
    """A reader makes it durable first; so does a writer that is told of it by a Conflict, or by an event of its key."""
    shown = []

    def meanwhile() -> None:
        before = crowd.disk.calls["sync"]
        conflict = crowd.journals[1].append("s", "E", {}, expect=1)
        assert isinstance(conflict, Conflict)
        shown.append((conflict.actual, crowd.disk.calls["sync"] - before))

    once(crowd.disk, meanwhile)
    crowd.append(0)
    assert shown == [(5, 1)]

    def read() -> None:
        before = crowd.disk.calls["sync"]
        found = crowd.found(crowd.journals[2])
        shown.append((max(found), crowd.disk.calls["sync"] - before))

    once(crowd.disk, read)
    crowd.append(0)
    assert shown[1][0] == crowd.count
    assert shown[1][1] >= 1


def test_a_key_that_is_not_durable_yet_is_made_so_before_it_is_told(crowd):
    told = []

    def meanwhile() -> None:
        before = crowd.disk.calls["sync"]
        event = crowd.journals[1].append("s", "K", {"n": 100}, key="k")
        told.append((event.data, crowd.disk.calls["sync"] - before))

    once(crowd.disk, meanwhile)
    crowd.journals[0].append("s", "K", {"n": 100}, key="k")
    crowd.acknowledged.add(100)
    assert told == [({"n": 100}, 1)]
    crowd.check(crowd.disk.reboot(LOST))


def test_a_segment_is_begun_when_what_stands_before_it_is_durable(crowd):
    done = []

    def meanwhile() -> None:
        crowd.journals[1]._engine.lanes.end_segment()
        done.append(crowd.append(1))

    class Killed(BaseException):
        pass

    def killed() -> None:
        meanwhile()
        raise Killed

    once(crowd.disk, killed)
    crowd.in_flight = frozenset([crowd.count + 1])
    with contextlib.suppress(Killed):
        crowd.append(0)
    assert done == ["done"]
    with Journal.open(store=crowd.root, files=crowd.disk) as journal:
        shown = crowd.found(journal)
    disk = crowd.disk.reboot(LOST)
    crowd.check(disk)
    with Journal.open(store=crowd.root, files=disk) as journal:
        assert crowd.found(journal) == shown | {-1}


def begin_segment(crowd, at: int, meanwhile) -> str:
    """Let one of the crowd begin a segment, and something happen before it is synced."""
    crowd.journals[at]._engine.lanes.end_segment()
    once(crowd.disk, meanwhile)
    return crowd.append(at)


def opening_of(crowd):
    return read_opening(crowd.disk, os.path.join(crowd.root, "local"))


def burials(crowd) -> list[tuple[int, str]]:
    """Return a list that says who of the crowd removes which segment from now on."""
    found = []
    for at, journal in enumerate(crowd.journals):
        indexing = journal._engine.indexing

        def told(segment: str, at=at, before=indexing.bury) -> None:
            found.append((at, segment))
            before(segment)

        indexing.bury = told
    return found


def test_a_segment_that_is_begun_and_lost_is_shown_to_nobody_and_told_to_its_writer(crowd):
    before, shown = crowd.found(crowd.journals[1]), []

    def meanwhile() -> None:
        crowd.disk.fail_sync_at(1, errno.EIO)
        shown.extend(crowd.found(crowd.journals[at]) for at in (1, 2))

    assert begin_segment(crowd, 0, meanwhile) == "unknown"
    shown += [crowd.found(journal) for journal in crowd.journals]
    assert shown == [before] * 5
    assert crowd.append(1) == "done"
    crowd.check(crowd.disk.reboot(LOST))


@pytest.mark.parametrize("policy", [*EXTREMES, *RANDOM])
def test_a_segment_that_is_lost_with_its_writer_is_removed_by_the_next_who_begins_a_lane(crowd, policy):
    before = crowd.found(crowd.journals[1])

    class Killed(BaseException):
        pass

    def meanwhile() -> None:
        crowd.disk.fail_sync_at(1, errno.EIO)
        crowd.found(crowd.journals[1])
        raise Killed

    crowd.in_flight = frozenset([crowd.count + 1])
    with pytest.raises(Killed):
        begin_segment(crowd, 0, meanwhile)
    bury(crowd.journals[0])
    crowd.journals[0] = crowd.open()
    lost = opening_of(crowd)
    assert lost.is_lost
    buried = burials(crowd)
    assert os.path.exists(os.path.join(crowd.root, "segments", lost.segment))
    assert crowd.append(1) == "done"
    assert not os.path.exists(os.path.join(crowd.root, "segments", lost.segment))
    assert [crowd.append(at) for at in (0, 1, 0, 2, 1)] == ["done"] * 5
    assert buried == [(1, lost.segment)]
    assert len({os.path.basename(path)[13:] for path in segments(crowd.root)}) == 2
    assert crowd.found(crowd.journals[2]) == before | set(range(crowd.count - 5, crowd.count + 1))
    with crowd.journals[2]._engine.locked():
        flush_overlay(crowd.journals[2]._engine.indexing.bring_forward())
    with restarted():
        crowd.check(crowd.disk.reboot(policy))


@pytest.mark.parametrize("policy", [LOST, *EXTREMES, *RANDOM])
def test_where_a_lane_that_was_cut_off_cannot_go_on_the_next_lane_says_where_it_ends(crowd, tmp_path_factory, policy):
    class Killed(BaseException):
        pass

    def meanwhile() -> None:
        crowd.disk.fail_sync_at(1, errno.EIO)
        crowd.found(crowd.journals[2])
        raise Killed

    (cut,) = segments(crowd.root)
    crowd.disk.fail_sync_at(1, errno.EIO)
    assert crowd.append(0) == "unknown"
    crowd.in_flight = frozenset([crowd.count + 1])
    with pytest.raises(Killed):
        begin_segment(crowd, 1, meanwhile)
    bury(crowd.journals[1])
    crowd.journals[1] = crowd.open()
    assert crowd.append(2) == "done"
    (begun,) = set(segments(crowd.root)) - {cut}
    assert first_header(crowd.disk, begun) == (os.path.basename(cut).removesuffix(".jsonl"), 4)
    crowd.disk.fail_sync_at(1, errno.EIO)
    assert crowd.append(2) == "unknown"  # from here on the memory of a cut is of this one
    assert crowd.append(0) == crowd.append(1) == "done"
    assert [crowd.found(journal) for journal in crowd.journals] == [crowd.acknowledged] * 3
    with Journal.open(store=clone(crowd.root, tmp_path_factory.mktemp("clone"))) as journal:
        assert crowd.found(journal) == crowd.acknowledged
        assert journal.doctor(verify=True).ok
    with restarted():
        crowd.check(crowd.disk.reboot(policy))


def test_a_writer_whose_sync_went_well_does_not_acknowledge_what_another_noted_as_lost(crowd):
    def meanwhile() -> None:
        assert note_lost(crowd.disk, os.path.join(crowd.root, "local"), opening_of(crowd).segment)

    before = crowd.found(crowd.journals[1])
    assert begin_segment(crowd, 0, meanwhile) == "unknown"
    assert crowd.found(crowd.journals[1]) == before
    assert crowd.append(1) == "done"
    crowd.check(crowd.disk.reboot(LOST))


def test_a_note_on_a_segment_that_is_not_being_begun_any_more_is_not_written(crowd):
    local = os.path.join(crowd.root, "local")
    name = opening_of(crowd).segment
    assert not note_lost(crowd.disk, local, "000000000077-" + name[13:])
    assert opening_of(crowd) == (name, False)


def test_where_failures_are_not_told_to_all_the_lock_is_held_until_the_sync(crowd):
    crowd.disk.tells_failures = False
    done = []
    once(crowd.disk, lambda: done.append(crowd.append(1)))
    assert crowd.append(0) == "done"
    assert done == ["busy"]


def test_within_a_block_that_holds_the_lock_the_sync_comes_at_once(crowd):
    journal = crowd.journals[0]
    with journal._engine.locked():
        before = crowd.disk.calls["sync"]
        journal.append("s", "E", {"n": 100})
        assert crowd.disk.calls["sync"] == before + 1
    crowd.acknowledged.add(100)
    crowd.check(crowd.disk.reboot(LOST))


def test_an_interrupted_sync_shows_nothing_that_may_be_lost(crowd):
    """After Ctrl-C in the sync the same journal, too, makes durable what it shows."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    once(crowd.disk, interrupted)
    crowd.in_flight = frozenset([crowd.count + 1])
    with pytest.raises(KeyboardInterrupt):
        crowd.append(0)
    shown = crowd.found(crowd.journals[0])
    assert crowd.count in shown
    disk = crowd.disk.reboot(LOST)
    crowd.check(disk)
    with Journal.open(store=crowd.root, files=disk) as journal:
        assert crowd.found(journal) == shown | {-1}


# -- any story -------------------------------------------------------------------------------------


@settings(max_examples=examples(20, 2000), deadline=None)
@example(1324057, 20)  # a line that was cut off comes back where the lane has gone on
@example(853, 17)  # an index is opened again while a segment is begun whose writer is killed
@example(1624999, 12)  # a sync fails while everything is built anew
@example(857, 7)  # such a segment was listed by the look before
@example(389, 7)  # the writer of a segment that was lost begins it once more
@example(6798, 25)  # a segment that was begun cannot be synced, by who meets it, and its writer is killed
@example(311, 15)  # neither what stands in the open segment is durable nor the beginning of the next, and a lane begins
@example(40166, 5)  # the tip outlives a power cut, the cut and the tail do not, and no stat shows it
@given(st.integers(0, 2**32 - 1), st.integers(5, 25))
def test_any_story_of_late_syncs_keeps_what_was_acknowledged(tmp_path_factory, seed, steps):
    chance = random.Random(seed)
    crowd = Crowd(tmp_path_factory.mktemp("crowd"), chance.randint(2, 3))
    disk = crowd.disk

    class Killed(BaseException):
        pass

    lost: set[int] = set()

    def before(path: str) -> None:
        if not path.startswith(os.path.join(crowd.root, "segments")):
            return
        if chance.random() < 0.08:
            disk.fail_sync_at(1, errno.EIO)
        if len(crowd.busy) < 4:
            for _ in range(chance.choice([0, 0, 1, 2])):
                idle = [at for at in range(len(crowd.journals)) if at not in crowd.busy]
                if idle:
                    step(chance.choice(idle))
        if chance.random() < 0.05:
            raise Killed

    def step(at: int) -> None:
        if chance.random() < 0.1:
            crowd.journals[at]._engine.close_lane()  # as a process that has just been started
        if chance.random() < 0.1:
            with contextlib.suppress(LockTimeoutError):
                crowd.journals[at]._engine.indexing.drop()
        if chance.random() < 0.2:
            with contextlib.suppress(LockTimeoutError, NotAppliedError):
                crowd.found(crowd.journals[at])
        number = crowd.count + 1
        try:
            with contextlib.suppress(NotAppliedError):
                crowd.append(at)
        except Killed:
            lost.add(number)
            bury(crowd.journals[at])
            crowd.journals[at] = crowd.open()

    disk.before_sync = before
    for _ in range(steps):
        step(chance.randrange(len(crowd.journals)))
    disk.before_sync = None
    crowd.in_flight = frozenset(lost)
    policy = chance.choice((*EXTREMES, *RANDOM))
    crowd.close()
    with restarted():
        crowd.check(disk.reboot(policy, seed) if chance.random() < 0.8 else disk)


# -- the file ---------------------------------------------------------------------------------------

ONE, TWO = f"000000000001-{LANE_A}.jsonl", f"000000000009-{LANE_A}.jsonl"


def tip_files(folder):
    root = new_store(folder)
    disk = SimulatedDisk(os.fspath(folder))
    path = os.path.join(root, "local", "tip")
    return root, TipFile(disk, path), TipFile(disk, path)


def test_the_mark_only_moves_on(tmp_path):
    _, one, other = tip_files(tmp_path)
    one.write(Tip(ONE, 500, 5, 1, 1), Mark(ONE, 100, 1))
    assert other.acknowledge(Mark(ONE, 300, 3))
    assert one.acknowledge(Mark(ONE, 200, 2))
    assert one.look() == other.look() == Standing(Tip(ONE, 500, 5, 1, 1), Mark(ONE, 300, 3))


def test_a_segment_is_cut_off_at_the_mark_and_nothing_behind_it_is_acknowledged(tmp_path):
    _, one, other = tip_files(tmp_path)
    one.write(Tip(ONE, 500, 5, 1, 1), Mark(ONE, 100, 1))
    assert other.acknowledge(Mark(ONE, 300, 3))
    one.cut_off(ONE)
    assert one.look() == other.look() == (Tip(ONE, 500, 5, 1, 1), Mark(ONE, 300, 3), Mark(ONE, 300, 3))
    assert other.acknowledge(Mark(ONE, 300, 3))
    assert other.acknowledge(Mark(ONE, 400, 4)) is False
    one.write(Tip(TWO, 50, 9, 2, 2), Mark(TWO, 50, 9))
    assert other.acknowledge(Mark(ONE, 400, 4)) is False
    assert other.look() == Standing(Tip(TWO, 50, 9, 2, 2), Mark(TWO, 50, 9), Mark(ONE, 300, 3))
    assert other.look().cut is None


def test_a_cut_only_moves_back(tmp_path):
    """A write that failed cuts behind what others have written; then a sync of these fails."""
    _, one, other = tip_files(tmp_path)
    one.write(Tip(ONE, 500, 5, 1, 1), Mark(ONE, 100, 1))
    one.cut_off(ONE, Mark(ONE, 500, 5))
    assert other.acknowledge(Mark(ONE, 300, 3))
    other.cut_off(ONE)
    one.cut_off(ONE, Mark(ONE, 400, 4))
    assert one.look().cut == other.look().cut == Mark(ONE, 300, 3)


def test_a_segment_that_is_open_no_more_is_not_cut_off_and_its_mark_not_moved(tmp_path):
    _, one, other = tip_files(tmp_path)
    one.write(Tip(ONE, 500, 5, 1, 1), Mark(ONE, 100, 1))
    one.write(Tip(TWO, 50, 9, 2, 2), Mark(TWO, 50, 9))
    assert other.acknowledge(Mark(ONE, 500, 5)) is None
    other.cut_off(ONE)
    assert other.look() == Standing(Tip(TWO, 50, 9, 2, 2), Mark(TWO, 50, 9))


def test_a_mark_of_another_segment_says_nothing(tmp_path):
    _, one, other = tip_files(tmp_path)
    one.write(Tip(ONE, 500, 5, 1, 1), Mark(ONE, 500, 5))
    one.write(Tip(TWO, 50, 9, 2, 2))
    assert other.look() == one.look() == Standing(Tip(TWO, 50, 9, 2, 2), Mark(TWO, 0, 0))


def test_a_later_header_tells_where_a_segment_was_cut_off(tmp_path):
    root = new_store(tmp_path, options='durability = "os"')
    with Journal.open(store=root) as journal:
        for number in range(3):
            journal.append("s", "E", {"n": number})
        (first,) = map(os.path.basename, segments(root))
        mark = Mark(first, 1000, 3)
        folder = os.path.join(root, "segments")
        assert not is_cut_off(journal._engine.files, folder, mark)
        journal._engine.lanes.end_segment()
        journal.append("s", "E", {"n": 4})
        assert not is_cut_off(journal._engine.files, folder, mark)
        assert is_cut_off(journal._engine.files, folder, mark._replace(seq=4))
