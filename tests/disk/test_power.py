"""The simulated disk keeps what was synced, loses what was not, and shows a store that does not sync."""

import errno
import os
import sqlite3
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.disk.files import TEMPORARY_SUFFIX, OsFiles, write_whole
from tests.support.inodes import EXTREMES, RANDOM, Policy
from tests.support.power import PowerLoss, SimulatedDisk, every_cut

KEPT, LOST = Policy("kept", "kept"), Policy("dropped", "dropped")
EVERY_POLICY = EXTREMES + RANDOM


@pytest.fixture
def disk(tmp_path) -> SimulatedDisk:
    return SimulatedDisk(str(tmp_path))


def at(disk: SimulatedDisk, name: str) -> str:
    return os.path.join(disk.root, *name.split("/"))


def contents(disk: SimulatedDisk, policy: Policy, seed: int = 0) -> dict[str, bytes]:
    return {path: found.data for path, found in disk.image(policy, seed).items() if found.kind == "file"}


def everything_below(folder: str) -> dict[str, bytes]:
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            found[os.path.relpath(path, folder).replace(os.sep, "/")] = OsFiles().read(path)
    return found


# A log with a defect for each sync that could be missing


def append_lines(disk: SimulatedDisk, *, sync: bool = True, sync_folder: bool = True) -> None:
    log = disk.open_append(at(disk, "log"), create=True)
    for number in range(3):
        log.write(b"%d" % number * 700 + b"\n")
        if sync:
            log.sync()
        if sync_folder and number == 0:
            disk.sync_folder(disk.root)
        disk.note(number)


def lost_lines(scratch: str, operate: Callable[[SimulatedDisk], None]) -> int:
    """How many acknowledged lines were not there after all cuts and reboots together."""
    lost = 0
    for cut in every_cut(scratch, lambda folder: None, operate):
        for disk in cut.reboots():
            path = at(disk, "log")
            lines = disk.read(path).split(b"\n") if disk.stat(path) else []
            for note in cut.notes:
                assert isinstance(note, int)
                lost += b"%d" % note * 700 not in lines
    return lost


def test_a_log_that_syncs_loses_nothing(tmp_path):
    assert lost_lines(str(tmp_path), append_lines) == 0


def test_a_log_that_does_not_sync_loses_lines_and_the_disk_shows_it(tmp_path):
    assert lost_lines(str(tmp_path), lambda disk: append_lines(disk, sync=False)) > 10


def test_a_log_that_does_not_sync_its_folder_is_lost_and_the_disk_shows_it(tmp_path):
    assert lost_lines(str(tmp_path), lambda disk: append_lines(disk, sync_folder=False)) > 10


# Replacing a file


def old_file(folder: str) -> None:
    OsFiles().create(os.path.join(folder, "file"), b"old" * 500)


def replacement_states(scratch: str, *, durable: bool) -> set[bytes]:
    def operate(disk: SimulatedDisk) -> None:
        write_whole(disk, at(disk, "file"), b"new!" * 500, durable=durable)
        disk.note("replaced")

    states = set()
    for cut in every_cut(scratch, old_file, operate):
        for disk in cut.reboots(seeds=range(10)):
            state = disk.read(at(disk, "file"))
            states.add(state)
            leftovers = {name for name, _ in disk.list(disk.root)} - {"file"}
            assert all(name.endswith(TEMPORARY_SUFFIX) for name in leftovers)
            if cut.notes and durable:
                assert state == b"new!" * 500
    return states


def test_write_whole_is_old_or_new_at_every_call_and_new_once_it_returned(tmp_path):
    assert replacement_states(str(tmp_path), durable=True) == {b"old" * 500, b"new!" * 500}


def test_write_whole_that_is_not_durable_may_be_empty_torn_or_zeros_after_a_power_cut(tmp_path):
    states = replacement_states(str(tmp_path), durable=False)
    assert {b"old" * 500, b"new!" * 500, b"", bytes(2000)} < states


# Bytes


def test_synced_bytes_are_in_every_image_and_unsynced_ones_in_some(disk):
    disk.create(at(disk, "file"), b"synced")
    disk.sync(at(disk, "file"))
    disk.sync_folder(disk.root)
    file = disk.open_append(at(disk, "file"), create=False)
    file.write(b"x" * 2000)
    seen = {contents(disk, policy, seed)["file"] for policy in EVERY_POLICY for seed in range(20)}
    assert all(data.startswith(b"synced") for data in seen)
    tails = {data[6:] for data in seen}
    assert {b"", b"x" * 2000, bytes(2000)} < tails
    assert any(0 < len(tail) < 2000 and set(tail) == {ord("x")} for tail in tails), "a torn tail"
    assert any(len(tail) == 2000 and 0 < tail.count(0) < 2000 for tail in tails), "sectors of zeros"


def test_an_overwrite_in_place_is_old_new_or_mixed_by_sectors(disk):
    disk.create(at(disk, "file"), b"a" * 1536)
    disk.sync(at(disk, "file"))
    disk.sync_folder(disk.root)
    disk.overwrite(at(disk, "file"), b"b" * 1024)
    seen = {contents(disk, policy, seed)["file"] for policy in EVERY_POLICY for seed in range(20)}
    assert {len(data) for data in seen} == {1536}
    assert all(data.endswith(b"a" * 512) for data in seen)
    assert {b"a" * 1536, b"b" * 1024 + b"a" * 512, b"a" * 512 + b"b" * 512 + b"a" * 512} <= seen


def test_a_write_goes_to_its_inode_although_the_name_leads_elsewhere(disk):
    file = disk.open_append(at(disk, "file"), create=True)
    disk.create(at(disk, "new"), b"new")
    disk.replace(at(disk, "new"), at(disk, "file"))
    file.write(b"into the void")
    file.sync()
    file.close()
    assert contents(disk, KEPT) == {"file": b"new"}


def test_a_failed_sync_loses_its_bytes_for_ever_though_later_ones_succeed(disk):
    """As measured on ext4: what is appended behind the failure and synced, stands behind zeros."""
    file = disk.open_append(at(disk, "file"), create=True)
    disk.sync_folder(disk.root)
    file.write(b"first\n")
    file.sync()
    file.write(b"lost\n")
    disk.fail_sync_at(1, errno.EIO)
    with pytest.raises(OSError, match="Errno 5"):
        file.sync()
    file.sync()
    file.write(b"third\n")
    file.sync()
    assert file.read_at(0, 99) == b"first\nlost\nthird\n"
    file.close()
    assert contents(disk, LOST) == {"file": b"first\n" + bytes(5) + b"third\n"}


# Names


def test_a_name_is_durable_once_its_folder_is_synced_and_not_by_its_file(disk):
    disk.make_folder(at(disk, "folder"))
    disk.create(at(disk, "folder/file"), b"x")
    disk.sync(at(disk, "folder/file"))
    disk.sync_folder(at(disk, "folder"))
    assert contents(disk, LOST) == {}
    assert contents(disk, Policy("dropped", "kept")) == {"folder/file": b"x"}


def test_a_synced_folder_keeps_its_names_whatever_else_is_lost(disk):
    disk.create(at(disk, "a"), b"")
    disk.sync_folder(disk.root)
    disk.create(at(disk, "b"), b"")
    disk.remove(at(disk, "a"))
    assert {tuple(contents(disk, policy, seed)) for policy in EVERY_POLICY for seed in range(20)} == {
        ("a",), ("b",), ("a", "b"), (),
    }  # fmt: skip


def test_ordered_names_are_lost_from_the_end_and_any_names_in_any_order(disk):
    for name in ("a", "b", "c"):
        disk.create(at(disk, name), b"")
    ordered = {tuple(contents(disk, Policy("kept", "ordered"), seed)) for seed in range(50)}
    assert ordered == {(), ("a",), ("a", "b"), ("a", "b", "c")}
    assert ("c",) in {tuple(contents(disk, Policy("kept", "any"), seed)) for seed in range(50)}


def test_folder_order_is_kept_within_a_folder_and_not_between_two(disk):
    for folder in ("x", "y"):
        disk.make_folder(at(disk, folder))
    disk.sync_folder(disk.root)
    for name in ("x/1", "y/1", "x/2", "y/2"):
        disk.create(at(disk, name), b"")
    seen = {tuple(contents(disk, Policy("kept", "folders"), seed)) for seed in range(100)}
    assert len(seen) == 9
    assert ("y/1", "y/2") in seen
    assert not any("x/2" in names and "x/1" not in names for names in seen)


def test_a_rename_takes_effect_on_both_names_or_on_neither(disk):
    disk.create(at(disk, "a"), b"old")
    disk.create(at(disk, "b"), b"new")
    for name in "ab":
        disk.sync(at(disk, name))
    disk.sync_folder(disk.root)
    disk.replace(at(disk, "b"), at(disk, "a"))
    seen = [contents(disk, policy, seed) for policy in EVERY_POLICY for seed in range(10)]
    assert all(state in ({"a": b"old", "b": b"new"}, {"a": b"new"}) for state in seen)
    assert {len(state) for state in seen} == {1, 2}


def test_no_inode_has_two_names_whatever_was_lost(disk):
    disk.make_folder(at(disk, "folder"))
    disk.create(at(disk, "a"), b"x")
    disk.sync(at(disk, "a"))
    disk.sync_folder(disk.root)
    disk.replace(at(disk, "a"), at(disk, "folder/b"))
    disk.replace(at(disk, "folder/b"), at(disk, "c"))
    disk.replace(at(disk, "c"), at(disk, "d"))
    seen = {tuple(contents(disk, policy, seed)) for policy in EVERY_POLICY for seed in range(50)}
    assert seen == {("a",), ("folder/b",), ("c",), ("d",)}


# Cuts


def test_a_cut_before_a_call_leaves_no_trace_of_it_and_one_during_it_may(tmp_path_factory):
    for when, states in (("before", {()}), ("during", {(), ("a",)})):
        other = SimulatedDisk(str(tmp_path_factory.mktemp(when)))
        other.cut_at(1, when)
        with pytest.raises(PowerLoss):
            other.create(at(other, "a"), b"x")
        assert {tuple(contents(other, policy, seed)) for policy in EVERY_POLICY for seed in range(9)} == states


def test_a_disk_without_power_does_nothing_more(disk):
    disk.create(at(disk, "a"), b"x")
    file = disk.open_append(at(disk, "a"), create=False)
    disk.cut_at(2, "before")
    for call in (
        lambda: file.write(b"y"),
        lambda: disk.remove(at(disk, "a")),
        lambda: disk.read(at(disk, "a")),
        lambda: disk.note("acknowledged"),
        file.sync,
    ):
        with pytest.raises(PowerLoss):
            call()
    file.close()
    assert contents(disk, KEPT) == {"a": b"x"}
    assert not issubclass(PowerLoss, Exception)


def test_every_changing_call_is_cut_twice_and_the_last_run_is_complete(tmp_path):
    def prepare(folder: str) -> None:
        assert os.listdir(folder) == []
        OsFiles().create(os.path.join(folder, "before"), b"")

    cuts = list(every_cut(str(tmp_path), prepare, append_lines))
    calls = cuts[-1].disk.changing_calls
    assert calls == 8  # one open, one sync of the folder, three writes with a sync each
    expected = [(call, when) for call in range(1, calls + 1) for when in ("before", "during")]
    assert [(cut.call, cut.when) for cut in cuts] == [*expected, (calls + 1, "before")]
    assert [cut.is_complete for cut in cuts] == [False] * len(expected) + [True]


def test_what_was_there_before_is_durable(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("folder")
    disk = SimulatedDisk(str(tmp_path))
    image = disk.image(LOST)
    assert {path: found.kind for path, found in image.items()} == {
        "folder": "folder",
        "folder/file": "file",
        "link": "link",
    }


def test_one_seed_gives_one_state_and_another_another(disk):
    file = disk.open_append(at(disk, "file"), create=True)
    file.write(os.urandom(5000))
    file.close()
    policy = Policy("any", "kept")
    states = [contents(disk, policy, seed)["file"] for seed in range(10)]
    assert states == [contents(disk, policy, seed)["file"] for seed in range(10)]
    assert len(set(states)) > 3


def test_looking_outside_is_allowed_and_writing_there_is_a_mistake_of_the_test(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "file").write_bytes(b"")
    disk = SimulatedDisk(str(tmp_path / "root"))
    assert disk.stat(at(disk, "../.git")) is None
    assert disk.stat(str(tmp_path / "file")) == OsFiles().stat(str(tmp_path / "file"))
    assert dict(disk.list(str(tmp_path))).keys() == {"root", "file"}
    with pytest.raises(AssertionError):
        disk.create(str(tmp_path / "new"), b"")
    assert not (tmp_path / "new").exists()


# Reboots


def test_after_a_reboot_inode_and_times_are_those_of_before(disk):
    disk.create(at(disk, "kept"), b"x")
    disk.sync(at(disk, "kept"))
    disk.sync_folder(disk.root)
    before = disk.stat(at(disk, "kept"))
    assert before is not None
    after = disk.reboot(LOST).stat(at(disk, "kept"))
    assert after == before
    rewritten = SimulatedDisk(disk.root)
    write_whole(rewritten, at(disk, "kept"), b"x", durable=True)
    after_replacement = rewritten.reboot(KEPT).stat(at(disk, "kept"))
    assert after_replacement is not None
    assert after_replacement.inode != before.inode
    assert after_replacement.ctime_ns > before.ctime_ns


def test_one_cut_can_be_rebooted_into_many_states(disk, tmp_path_factory):
    disk.create(at(disk, "file"), b"x")
    assert everything_below(disk.reboot(KEPT).root) == {"file": b"x"}
    assert everything_below(disk.reboot(LOST).root) == {}
    assert everything_below(disk.reboot(KEPT).root) == {"file": b"x"}
    target = str(tmp_path_factory.mktemp("target") / "image")
    disk.crash_image(target, KEPT)
    assert everything_below(target) == {"file": b"x"}


def test_a_recovery_can_be_cut_too(disk):
    disk.create(at(disk, "file"), b"x")
    recovering = disk.reboot(KEPT)
    recovering.cut_at(1, "before")
    with pytest.raises(PowerLoss):
        recovering.remove(at(disk, "file"))
    assert everything_below(recovering.reboot(LOST).root) == {"file": b"x"}


# Files of others


def test_files_of_others_are_kept_dropped_or_older_as_the_policy_says(tmp_path):
    database = str(tmp_path / "index.db")

    def insert(value: int) -> None:
        with sqlite3.connect(database) as connection:
            connection.execute("create table if not exists t (v)")
            connection.execute("insert into t values (?)", (value,))
        connection.close()

    def values() -> list[int] | None:
        if not os.path.exists(database):
            return None
        connection = sqlite3.connect(database)
        found = [value for (value,) in connection.execute("select v from t")]
        connection.close()
        return found

    insert(1)
    disk = SimulatedDisk(str(tmp_path))
    insert(2)
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "lock").write_bytes(b"")
    disk.create(at(disk, "ours"), b"")
    for foreign, expected in (("kept", [1, 2]), ("older", [1]), ("dropped", None)):
        disk.reboot(Policy("kept", "kept", foreign))  # type: ignore[arg-type]
        assert values() == expected
        assert os.path.exists(at(disk, "made/lock")) == (foreign == "kept")
        assert os.path.exists(at(disk, "ours"))


def test_a_file_that_others_made_can_be_appended_to_and_is_durable_as_it_was(disk, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"theirs ")
    file = disk.open_append(at(disk, "folder/file"), create=False)
    file.write(b"ours")
    file.close()
    assert contents(disk, LOST) == {"folder/file": b"theirs "}
    assert contents(disk, KEPT) == {"folder/file": b"theirs ours"}


# Any sequence of calls

NAMES = st.sampled_from(["a", "b", "x/a", "x/b"])
CALLS = st.one_of(
    st.tuples(st.just("append"), NAMES, st.binary(max_size=3)),
    st.tuples(st.just("overwrite"), NAMES, st.binary(max_size=3)),
    st.tuples(st.just("replace"), NAMES, NAMES),
    st.tuples(st.just("remove"), NAMES, st.none()),
    st.tuples(st.just("sync"), NAMES, st.none()),
    st.tuples(st.just("sync_folder"), st.sampled_from(["", "x"]), st.none()),
)


def perform(disk: SimulatedDisk, call: str, name: str, argument: object) -> None:
    path = at(disk, name) if name else disk.root
    if call == "append":
        assert isinstance(argument, bytes)
        file = disk.open_append(path, create=disk.stat(path) is None)
        file.write(argument)
        file.close()
    elif call == "overwrite":
        assert isinstance(argument, bytes)
        disk.overwrite(path, argument)
    elif call == "sync_folder":
        disk.sync_folder(path)
    elif disk.stat(path) is not None:
        if call == "replace":
            if argument != name:
                disk.replace(path, at(disk, str(argument)))
        elif call == "remove":
            disk.remove(path)
        else:
            disk.sync(path)


@given(st.lists(CALLS, max_size=20), st.lists(CALLS, max_size=5), st.integers(0, 99))
def test_all_kept_is_what_the_folder_holds_and_all_lost_what_it_held_when_all_was_synced(
    tmp_path_factory, first, second, seed
):
    root = tmp_path_factory.mktemp("any")
    (root / "x").mkdir()
    disk = SimulatedDisk(str(root))
    for call in first:
        perform(disk, *call)
    for name in everything_below(disk.root):
        disk.sync(at(disk, name))
    disk.sync_folder(disk.root)
    disk.sync_folder(at(disk, "x"))
    durable = everything_below(disk.root)
    for call in second:
        perform(disk, *call)
    assert contents(disk, KEPT) == everything_below(disk.root)
    if not any(call[0].startswith("sync") for call in second):
        assert contents(disk, LOST) == durable
    untouched = set(durable) - {name for call in second for name in call[1:]}
    for policy in RANDOM[:4]:
        image = contents(disk, policy, seed)
        assert {name: image[name] for name in untouched} == {name: durable[name] for name in untouched}
