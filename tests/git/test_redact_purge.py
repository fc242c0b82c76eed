"""What git still holds after a redaction is listed whole, and the commands purge it, run as they are printed."""

import os
import subprocess
import zlib

import pytest

from journal.upkeep.redacting.needles import Needles
from tests.support.worktree import WorkTree

SECRET = "hunter2-token-ä"
NEEDLES = Needles.of([SECRET])


@pytest.fixture
def tree(tmp_path):
    return WorkTree(tmp_path / "it's a tree")


def objects_holding(tree):
    """Ask git itself for every object it has, and look into each."""
    command = ["git", "cat-file", "--batch-all-objects", "--batch"]
    rest = subprocess.run(command, cwd=tree.path, capture_output=True, check=True).stdout
    found = set()
    while rest:
        line, _, rest = rest.partition(b"\n")
        identity, kind, size = line.decode().split(" ")
        content, rest = rest[: int(size)], rest[int(size) + 1 :]
        if kind != "tree" and NEEDLES.is_inside(content):
            found.add(identity)
    return found


def bytes_holding(folder):
    """Look at every byte below a folder: as it is, inflated as gzip, and as git deflates loose objects."""
    found = []
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                data = file.read()
            try:
                inflated = zlib.decompress(data)
            except zlib.error:
                inflated = b""
            content = inflated.partition(b"\0")[2]
            if NEEDLES.is_inside(data) or NEEDLES.is_inside(content):
                found.append(os.path.relpath(path, folder))
    return found


def fill(tree):
    """Put it into segments, a pack, a checkpoint, a blob and projections, on two branches, a tag, and in a stash."""
    with tree.open() as journal:
        journal.put("user", "u1", {"name": "Ann", "token": SECRET})
        journal.put("user", "long", {"text": SECRET + "x" * 70_000})
        journal.checkpoint()
        journal.commit("one")
        journal.put("user", "u1", set={"name": "Ann B."})
        journal.checkpoint()
        journal.commit("two")
        journal.compact()
        journal.commit("three")
        journal.compact()
        journal.commit("four")
    tree.git("tag", "-a", "v1", "-m", "a tag")
    tree.git("checkout", "-q", "-b", "side")
    with tree.open() as journal:
        journal.put("user", "u2", {"token": SECRET})
        journal.commit("on a side")
    (tree.path / "notes.txt").write_text(f"not the journal's: {SECRET}\n")
    tree.git("add", "notes.txt")
    tree.git("stash", "-q")
    tree.git("checkout", "-q", "main")
    tree.git("gc", "--quiet")
    with tree.open() as journal:
        journal.put("user", "u3", {"token": SECRET})
        journal.commit("five")


def run(tree, commands):
    for command in commands:
        done = subprocess.run(["sh", "-c", command], cwd=tree.path, capture_output=True, text=True)
        assert done.returncode == 0, (command, done.stdout, done.stderr)


def test_all_that_git_holds_is_listed_and_the_commands_purge_it(tree):
    fill(tree)
    with tree.open() as journal:
        told = journal.redact(value=SECRET, reason="leaked", dry_run=True)
        assert not (tree.path / ".git" / "journal-purge").exists()
        assert set(told.purge.files) == objects_holding(tree)
        done = journal.redact(value=SECRET, reason="leaked")
    assert bytes_holding(tree.store) == []
    purge = done.purge
    assert set(purge.files) == objects_holding(tree)
    assert "notes.txt" in purge.files.values()
    assert any("segments/" in path for path in purge.files.values())
    holders = {commit for commit in tree.git("rev-list", "--all").split() if has_any(tree, commit, purge.files)}
    assert set(purge.commits) >= holders
    assert tree.git("rev-parse", "HEAD").strip() not in purge.commits
    with tree.open() as journal:
        before = {(entity.type, entity.id): entity.data for entity in journal.list()}
        events = [event.id for event in journal.log()]
    run(tree, purge.commands)
    assert objects_holding(tree) == set()
    assert bytes_holding(tree.path) == []
    tree.git("fsck", "--strict")
    with tree.open() as journal:
        assert {(entity.type, entity.id): entity.data for entity in journal.list()} == before
        assert [event.id for event in journal.log()] == events
        journal.put("user", "u4", {"n": 1})
        journal.commit()
        again = journal.redact(value=SECRET, reason="leaked")
        assert (again.purge.files, again.purge.commands) == ({}, ())
        assert journal.doctor(verify=True).ok
    assert "side" in tree.git("branch")
    assert tree.git("tag").strip() == "v1"


def has_any(tree, commit, files):
    return any(line.split()[2] in files for line in tree.git("ls-tree", "-r", commit).splitlines())


def test_a_short_value_is_found_in_git_by_the_events_that_held_it(tree):
    """Two letters stand everywhere: what git holds of them is told by lines of redacted events, and by renderings."""
    with tree.open() as journal:
        journal.put("user", "u1", {"pin": "42", "n": 1})
        journal.checkpoint()
        journal.commit()
        journal.put("user", "u1", set={"n": 2})
        journal.commit()
        done = journal.redact(type="user", id="u1", field="pin", reason="asked")
    paths = sorted(done.purge.files.values())
    assert [path.rpartition("/")[0] for path in paths] == [
        ".journal/checkpoints",
        ".journal/entities/user",
        ".journal/entities/user",
        ".journal/segments",
        ".journal/segments",
    ]
    run(tree, done.purge.commands)
    with tree.open() as journal:
        again = journal.redact(type="user", id="u1", field="pin", reason="asked", dry_run=True)
        assert again.purge.files == {}


def test_what_earlier_redactions_took_out_is_told_apart(tree):
    with tree.open() as journal:
        journal.put("user", "u1", {"token": SECRET, "pin": "42"})
        journal.put("user", "u2", {"token": "another-one"})
        journal.commit()
        held = journal.redact(type="user", id="u1", field="pin", reason="asked").purge.files
        assert held
        segment = {identity for identity, path in held.items() if "/segments/" in path}
        never = journal.redact(value="never-anywhere", reason="asked").purge
        assert (never.files, never.commits, never.commands, never.advice) == ({}, (), (), ())
        assert segment <= set(never.earlier)
        again = journal.redact(type="user", id="u1", field="pin", reason="asked").purge
        assert segment <= set(again.files)
        assert again.commands
        assert not set(again.files) & set(again.earlier)
        other = journal.redact(type="user", id="u2", field="token", reason="asked", dry_run=True).purge
        assert segment <= set(other.files)  # it stands there too


def test_an_event_asked_for_again_tells_whether_git_was_purged_of_it(tree):
    with tree.open() as journal:
        event = journal.append("calls", "Came", {"from": "42"}).id
        journal.commit()
        journal.redact(event=event, reason="asked")
        again = journal.redact(event=event, reason="asked", dry_run=True).purge
        assert again.files
        assert again.earlier == ()


def test_what_git_never_had_needs_no_purge(tree):
    with tree.open() as journal:
        journal.put("user", "u1", {"token": SECRET})
        done = journal.redact(value=SECRET, reason="leaked")
        assert (done.purge.files, done.purge.commits, done.purge.commands) == ({}, (), ())


def test_a_message_that_holds_it_is_told(tree):
    with tree.open() as journal:
        journal.put("user", "u1", {"token": SECRET})
        journal.commit(f"oh: {SECRET}")
        done = journal.redact(value=SECRET, reason="leaked")
    assert done.purge.messages == (tree.git("rev-parse", "HEAD~1").strip(),)
    assert any("reword" in sentence for sentence in done.purge.advice)


def test_what_the_store_still_needs_is_in_no_list(tree):
    """Another entity refers to the same blob and says the same text, in a file that both share from now on."""
    with tree.open() as journal:
        ref = journal.blobs.put(b"an invoice of Ann Other")
        for name in ("o1", "o2"):
            journal.put("order", name, {"invoice": ref, "by": "Ann Other"})
        journal.commit("orders")
        done = journal.redact(type="order", id="o1", reason="asked to be forgotten")
        needed = {path for path in tree.git("ls-files").split() if "/o1" not in path}
        assert done.blobs == ()
        assert not needed & set(done.purge.files.values())
    run(tree, done.purge.commands)
    with tree.open() as journal:
        assert journal.doctor(verify=True).ok
        assert journal.get("order", "o2").data == {"invoice": ref, "by": "Ann Other"}
        assert "Ann" not in str(journal.get("order", "o1").data)
        assert journal.blobs.get(ref) == b"an invoice of Ann Other"
        assert journal.commit("nothing is missing") is None


def test_a_stray_file_among_the_blobs_stops_no_redaction(tree):
    with tree.open() as journal:
        journal.put("user", "u1", {"token": SECRET})
        journal.put("user", "long", {"text": SECRET + "x" * 70_000})
        (tree.store / "blobs" / "zz").mkdir()
        (tree.store / "blobs" / "zz" / "readme.txt").write_text("x")
        assert len(journal.redact(value=SECRET, reason="leaked").blobs) == 1
