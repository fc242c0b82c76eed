"""Goal: a look needs no lock and no right to write, and merged histories verify byte for byte."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from doctored import BIG, Store, copy_of, fill, make_template

from journal import Journal
from journal.disk.files import OsFiles
from journal.format.lines import seal, unseal
from journal.upkeep.checks import surroundings
from journal.upkeep.checks.leftovers import temporary_files
from journal.upkeep.checks.unreadable import git_unreadable

_HOLD = """
import sys
from journal.disk.lock import StoreLock
lock = StoreLock(sys.argv[1])
lock.acquire(5)
print("held", flush=True)
sys.stdin.read()
"""


class FilesThatNeverChange(OsFiles):
    """A disk that refuses each call that changes it."""

    def _refuse(self, *arguments, **options):
        raise PermissionError(30, "read-only file system")

    create = overwrite = sync = sync_folder = make_folder = replace = remove = remove_folder = open_append = _refuse


@pytest.fixture
def store(tmp_path):
    store = make_template(tmp_path / "store", with_git=True)
    store.settle()
    return store


def codes_of(report):
    return [finding.code for finding in report.findings]


def test_a_look_makes_no_call_that_changes_the_disk(store):
    before = store.tree()
    for damage in (None, store.files("segments")[2]):
        if damage:
            store.flip(damage)
            before = store.tree()
        journal = Journal.open(store.folder, files=FilesThatNeverChange())
        report = journal.doctor(verify=True)
        assert report.ok is (damage is None)
        journal.close()
        assert store.tree() == before


def test_a_look_without_local_makes_no_call_that_changes_the_disk(store):
    store.remove("local")
    report = Journal.open(store.folder, files=FilesThatNeverChange()).doctor(verify=True)
    assert report.ok
    assert not os.path.exists(store.path("local"))


def test_a_look_does_not_wait_for_a_writer_and_names_it(store):
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, store.path("local/lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        report = store.doctor(verify=True)
    finally:
        holder.communicate(b"")
    assert report.ok
    assert set(codes_of(report)) <= {"lock-busy"}
    if sys.platform == "linux":
        assert str(holder.pid) in report.findings[0].message


def test_a_link_in_the_place_of_the_lock_is_named(store):
    store.remove("local/lock")
    os.symlink("/etc/hostname", store.path("local/lock"))
    report = store.doctor()
    assert "unsafe-path" in codes_of(report)
    assert all(finding.hint for finding in report.findings if finding.severity != "info")


@pytest.mark.parametrize(("name", "path"), [("HEAD", None), ("index", None), ("refs", ".git")])
def test_git_that_cannot_be_read_is_named_with_a_hint(store, name, path):
    place = os.path.join(os.path.dirname(store.root), ".git", name)
    if os.path.isdir(place):
        os.rename(place, f"{place}-elsewhere")
    else:
        with open(place, "wb") as file:
            file.write(b"garbage")
    found = [finding for finding in store.doctor().findings if finding.code == "git-unreadable"]
    assert found
    for finding in found:
        assert "git fsck" in finding.hint or "the journal itself" in finding.hint
        assert "Errno" not in finding.message
        assert "committed" not in finding.message
        assert path is None or finding.path.endswith(path)


def test_an_error_of_the_system_is_told_in_words_and_its_path_apart():
    finding = git_unreadable("side", PermissionError(13, "Permission denied", "/somewhere/.git/HEAD"))
    assert (finding.path, finding.message) == (
        "/somewhere/.git/HEAD",
        "git's side could not be checked: permission denied",
    )


def test_a_network_file_system_is_named(store, monkeypatch):
    monkeypatch.setattr(surroundings, "network_file_system", lambda path: "nfs4")
    (found,) = store.doctor().findings
    assert (found.code, found.severity) == ("network-file-system", "warning")
    assert "nfs4" in found.message


def test_another_distribution_with_our_package_is_named(store, monkeypatch):
    monkeypatch.setattr(surroundings, "other_distributions", lambda: ("journal",))
    assert codes_of(store.doctor()) == ["package-clash"]


def test_what_is_installed_here_does_not_clash():
    assert surroundings.other_distributions() == ()


def test_a_link_in_the_place_of_a_folder_is_named_and_never_followed(store, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.journal-tmp").write_bytes(b"x")
    for folder in ("archive", "blobs"):
        shutil.move(store.path(folder), tmp_path / f"was-{folder}")
        os.symlink(outside, store.path(folder))
    report = store.doctor(verify=True, fix=True)
    assert codes_of(report).count("unsafe-path") == 2
    assert all(finding.hint for finding in report.findings if finding.severity != "info")
    assert os.listdir(outside) == ["x.journal-tmp"]


def test_a_link_in_the_place_of_entities_is_not_written_through(store, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.rmtree(store.path("entities"))
    os.symlink(outside, store.path("entities"))
    report = store.doctor(fix=True)
    assert os.listdir(outside) == []
    assert report.ok
    assert not os.path.islink(store.path("entities"))


def test_a_hostile_checkpoint_ends_as_a_finding(store):
    import zlib

    from journal.format.names import checkpoint_file

    machine = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = machine.compress(b'{"kind":"checkpoint","x":"' + b"\0" * (80 << 20)) + machine.flush()
    store.write(f"checkpoints/{checkpoint_file(99, bomb)}", bomb)
    assert "checkpoint-damaged" in codes_of(store.doctor())


def test_branches_that_were_merged_verify(tmp_path):
    os.makedirs(tmp_path / "one")
    Journal.init(tmp_path / "one")
    one = Store(tmp_path / "one")
    with one.open() as journal:
        fill(journal, "base")
    two = copy_of(one, tmp_path / "two")
    for store, stage in ((one, "here"), (two, "there")):
        with store.open() as journal:
            fill(journal, stage)
            journal.put("plan", "p1", set={stage: True})
            journal.put("plan", "p2", set={"stage": f"of {stage}"})
            journal.put("doc", "big", {**BIG, "stage": stage})
            if stage == "there":
                journal.delete("plan", "p3")
            journal.checkpoint()
            fill(journal, f"more {stage}")
    for source, target in ((one, two), (two, one)):
        for folder in ("segments", "checkpoints", "blobs"):
            shutil.copytree(source.path(folder), target.path(folder), dirs_exist_ok=True)
    for store in (one, two):
        report = store.doctor(verify=True)
        assert report.ok, report.findings
        assert report.checked["checkpoints"] == 2
        with store.open() as journal:
            fill(journal, "after")
            journal.checkpoint()
        report = store.doctor(verify=True)
        assert report.ok, report.findings
    assert [item.code for item in one.doctor(verify=True, fix=True).findings] == ["conflicts-open"]


def test_a_virtual_machine_that_was_rolled_back_shows_as_one_id_with_two_records(tmp_path):
    os.makedirs(tmp_path / "one")
    Journal.init(tmp_path / "one")
    one = Store(tmp_path / "one")
    with one.open() as journal:
        journal.put("plan", "p1", {"n": 1})
    (path,) = one.files("segments")
    lane = path.partition("-")[2].removesuffix(".jsonl")
    other = one.read(path)
    with one.open() as journal:
        journal.put("plan", "p1", {"n": 2})
    header, record = other.split(b"\n")[:2]
    fields = unseal(header + b"\n")
    fields.pop("crc")
    fields.update(first=2, prev={"segment": path.split("/")[1].removesuffix(".jsonl"), "bytes": len(other), "seq": 1})
    again = unseal(record + b"\n")
    again.pop("crc")
    again.update(seq=2, data={"n": 99}, rev=2)
    one.write(f"segments/000000000002-{lane}.jsonl", seal(fields) + seal(again))
    (found,) = [item for item in one.doctor().findings if item.severity == "error"]
    assert found.code == "duplicate-id"
    assert f"2@{lane}" in found.message
    assert one.doctor(fix=True, accept_loss=True).ok


def test_temporary_files_are_found_below_every_folder(store):
    for folder in ("", "entities/plan/", "blobs/", "segments/", "local/"):
        store.write(f"{folder}x.json.7ffffff0-00aabbcc.journal-tmp", b"x")
    assert len(temporary_files(OsFiles(), store.root)) == 5


class FilesWithAWriter(OsFiles):
    """A disk on which another writer strikes whenever a segment is read, so many times."""

    def __init__(self, store, times):
        self.times, self.journal = times, store.open()

    def read(self, path):
        found = super().read(path)
        if self.times and f"{os.sep}segments{os.sep}" in path:
            self.times -= 1
            self.journal.put("plan", "p1", {"times": self.times})
            self.journal.put("plan", f"new-{self.times}", {})
        return found


@pytest.mark.parametrize(("times", "is_busy"), [(1, False), (1000, True)])
def test_a_writer_at_work_is_no_damage(times, is_busy, store):
    files = FilesWithAWriter(store, times)
    report = Journal.open(store.folder, files=files).doctor(verify=True)
    assert report.ok, report.findings
    assert ("busy" in codes_of(report)) is is_busy
    files.journal.close()
    files.times = 0
    assert store.doctor(verify=True).ok


def in_ci(folder, *words):
    """Run the command as a runner does: no identity, no home, no settings."""
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = [sys.executable, "-m", "journal.cli", "doctor", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_a_shallow_detached_clone_without_identity_is_looked_at_and_left_as_it_is(store, tmp_path):
    folder = tmp_path / "ci"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{store.folder}", folder], check=True)
    subprocess.run(["git", "checkout", "-q", "--detach"], cwd=folder, check=True)
    clone = Store(folder)
    before = clone.tree()
    ended = in_ci(folder, "--verify")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith("all is well\n")
    assert clone.tree() == before
    assert not os.path.exists(clone.path("local"))
    clone.flip(clone.files("segments")[2])
    ended = in_ci(folder)
    assert ended.returncode == 20
    assert "found  2 errors" in ended.stdout
    assert ended.stdout.rstrip().splitlines()[-1].startswith("next  journal doctor --fix")
    assert json.loads(in_ci(folder, "--json").stdout)["ok"] is False


def test_findings_that_say_the_same_stand_together_with_what_to_do_next(store):
    shutil.rmtree(store.path("entities/plan"))
    ended = in_ci(store.folder)
    assert ended.stdout.count("hint: journal reconcile writes it") == 1
    assert ended.stdout.count("  also entities/plan/") == 3
    assert "  and " in ended.stdout
    assert "1 pack," in ended.stdout
    fixed = in_ci(store.folder, "--fix")
    assert fixed.returncode == 0
    assert fixed.stdout.endswith("all is well\n")


def test_what_git_cannot_give_back_is_said_to_be_noted(tmp_path):
    store = make_template(tmp_path / "plain", with_git=False)
    store.settle()
    store.flip(store.files("segments")[2])
    assert "--accept-loss" not in in_ci(store.folder).stdout.splitlines()[-1]
    assert "--accept-loss" in in_ci(store.folder, "--fix").stdout.splitlines()[-1]
