"""Goal: a commit that would leave the journal inconsistent is refused, and what is said puts it right."""

import os
import re
import shlex
import subprocess
import time

import pytest
from hooks_support import World

from journal import Journal
from journal.disk.lock import StoreLock

P1 = ".journal/entities/plan/p1.json"
P2 = ".journal/entities/plan/p2.json"


@pytest.fixture
def shop(committed):
    assert committed.hooks("install") == 0
    return committed


def codes(said):
    return re.findall(r"^  ([a-z-]+): ", said, re.MULTILINE)


def advice(said):
    return re.findall(r"^    do: (.*)$", said, re.MULTILINE)


def follow(world, said):
    for line in advice(said):
        for command in line.split(" && "):
            program, *words = shlex.split(command)
            if program == "journal":
                assert world.journal(*words) == 0, line
            else:
                world.run(program, *words)


def assert_mended(world, said):
    """What was said to do lets the commit pass, and what it commits is whole."""
    follow(world, said)
    world.git("commit", "-q", "--allow-empty", "-m", "mended")
    assert_whole(world)


def assert_whole(world):
    """A fresh clone shows what this work tree shows, and finds nothing wrong."""
    folder = os.path.join(os.path.dirname(world.folder), "whole")
    subprocess.run(["rm", "-rf", folder], check=True)
    world.git("clone", "-q", world.folder, folder)
    with Journal.open(folder) as there, Journal.open(world.folder) as here:
        assert [(e.type, e.id, e.data) for e in there.list()] == [(e.type, e.id, e.data) for e in here.list()]
        assert [finding.code for finding in there.doctor().findings if finding.severity != "info"] == []


def test_all_of_it_staged_passes_in_silence(shop):
    shop.put("p1", a=2)
    shop.put("p2", a=1)
    shop.delete("p1")
    shop.git("add", "-A")
    ended = shop.run("git", "commit", "-q", "-m", "plans")
    assert (ended.stdout, ended.stderr) == ("", "")
    assert_whole(shop)


def test_projections_without_their_events(shop):
    shop.put("p1", a=2)
    shop.put("p2", a=2)
    shop.git("add", ".journal/entities")
    said = shop.refused("commit", "-q", "-m", "half")
    assert codes(said) == ["truth-not-staged"]
    assert "and 1 more" in said
    assert advice(said) == ["journal stage"]
    assert_mended(shop, said)


def test_commit_dash_a_leaves_new_segments_out_and_is_refused(shop):
    shop.put("p1", a=2)
    said = shop.refused("commit", "-q", "-a", "-m", "all")
    assert codes(said) == ["truth-not-staged"]
    assert_mended(shop, said)


def test_a_deleted_entity_without_its_tombstone(shop):
    shop.delete("p1")
    shop.git("add", "-u")
    said = shop.refused("commit", "-q", "-m", "half")
    assert codes(said) == ["truth-not-staged"]
    assert_mended(shop, said)


def test_what_was_staged_before_the_last_event_is_whole_by_itself(shop):
    shop.put("p1", a=2)
    shop.git("add", "-A")
    shop.put("p1", a=3)
    ended = shop.run("git", "commit", "-q", "-m", "the first two")
    assert ended.stderr == ""
    assert shop.git("show", f"HEAD:{P1}") == '{\n  "a": 2\n}\n'


def test_an_old_projection_with_all_events(shop):
    shop.put("p1", a=2)
    shop.git("add", "-A")
    shop.put("p1", a=3)
    shop.git("add", ".journal/segments")
    said = shop.refused("commit", "-q", "-m", "mixed")
    assert codes(said) == ["projection-stale"]
    assert_mended(shop, said)


def test_events_alone_pass(shop):
    """The next reader writes the projections: that is behind, not inconsistent."""
    shop.put("p1", a=2)
    shop.git("add", ".journal/segments")
    assert shop.run("git", "commit", "-q", "-m", "events").stderr == ""
    assert_whole(shop)


def test_an_edit_by_hand_is_named_with_both_ways_out(shop):
    shop.write(P1, '{\n  "a": "by hand"\n}\n')
    shop.git("add", "-A")
    said = shop.refused("commit", "-q", "-m", "edited")
    assert codes(said) == ["projection-edited"]
    assert f"journal absorb {P1}" in said
    assert f"journal restore {P1}" in said
    assert shop.read(P1) == b'{\n  "a": "by hand"\n}\n'


def test_a_new_file_by_hand_is_an_edit(shop):
    shop.write(P2, '{"a": 1}\n')
    shop.git("add", "-A")
    assert codes(shop.refused("commit", "-q", "-m", "new")) == ["projection-edited"]


def test_a_projection_removed_by_hand(shop):
    shop.git("rm", "-q", "--cached", P1)
    said = shop.refused("commit", "-q", "-m", "gone")
    assert codes(said) == ["projection-removed"]


def test_an_edit_by_hand_that_is_not_staged_is_nobodys_business(shop):
    shop.write(P1, '{\n  "a": "by hand"\n}\n')
    shop.put("p2", a=1)
    shop.git("add", ".journal/segments", P2)
    assert shop.run("git", "commit", "-q", "-m", "the rest").stderr == ""


def test_conflict_markers_in_a_projection(shop):
    shop.write(P1, '{\n<<<<<<< ours\n  "a": 1\n=======\n  "a": 2\n>>>>>>> theirs\n}\n')
    shop.git("add", "-A")
    said = shop.refused("commit", "-q", "-m", "marks")
    assert codes(said) == ["conflict-markers"]
    assert_mended(shop, said)


def test_conflict_markers_in_the_options(shop):
    text = shop.read(".journal/journal.toml")
    shop.write(".journal/journal.toml", text + b"# <<<<<<< not at the start of a line\n")
    shop.git("add", "-A")
    assert shop.run("git", "commit", "-q", "-m", "fine").stderr == ""
    shop.git("config", "core.editor", "true")
    staged = shop.run("git", "hash-object", "-w", "--stdin", data="<<<<<<< a\n=======\n>>>>>>> b\n").stdout.strip()
    shop.git("update-index", "--cacheinfo", f"100644,{staged},.journal/journal.toml")
    assert codes(shop.refused("commit", "-q", "-m", "marks")) == ["conflict-markers"]


def test_a_segment_that_is_gone_from_the_disk_and_the_index(shop):
    (segment,) = shop.segments()
    text = shop.read(f".journal/segments/{segment}")
    os.unlink(shop.path(f".journal/segments/{segment}"))
    shop.git("add", "-A", ".journal/segments")
    said = shop.refused("commit", "-q", "-m", "gone")
    assert codes(said) == ["truth-removed"]
    follow(shop, said)
    assert shop.read(f".journal/segments/{segment}") == text
    assert shop.git("status", "--porcelain", ".journal/segments") == ""


def test_a_segment_that_is_gone_from_the_index_alone(shop):
    (segment,) = shop.segments()
    shop.git("rm", "-q", "--cached", f".journal/segments/{segment}")
    said = shop.refused("commit", "-q", "-m", "gone")
    assert codes(said) == ["truth-removed"]
    assert advice(said) == [f"git restore --staged -- .journal/segments/{segment}"]
    assert_mended(shop, said)


def test_commit_dash_a_that_removes_a_segment_is_mended_too(shop):
    (segment,) = shop.segments()
    os.unlink(shop.path(f".journal/segments/{segment}"))
    said = shop.refused("commit", "-q", "-a", "-m", "gone")
    assert codes(said) == ["truth-removed"]
    assert_mended(shop, said)


def compacted(world):
    """Let a compaction replace segments by a pack, all on the disk."""
    with Journal.open(world.folder) as journal:
        for number in range(2):
            journal.put("plan", "p1", {"a": number + 10})
            journal.checkpoint()
            journal.commit(f"step {number}")
        before = set(world.segments())
        journal.compact()
        journal.commit("the pack")
        journal.compact()
    assert before - set(world.segments()), "the second run removes what the pack holds"


def test_segments_that_a_staged_pack_holds_may_go(shop):
    compacted(shop)
    shop.git("add", "-A")
    assert shop.run("git", "commit", "-q", "-m", "compacted").stderr == ""
    assert_whole(shop)


def test_segments_may_not_go_without_the_pack(shop):
    compacted(shop)
    shop.git("reset", "-q", "--soft", "HEAD~1")  # HEAD has no pack now, and they are left out
    shop.git("rm", "-q", "--cached", "-r", ".journal/archive")
    shop.git("add", "-u", ".journal/segments")
    said = shop.refused("commit", "-q", "-m", "no pack")
    assert codes(said) == ["truth-removed"]
    assert ".journal/segments/" in said


def test_a_segment_with_other_bytes(shop):
    (segment,) = shop.segments()
    path = f".journal/segments/{segment}"
    shop.write(path, shop.read(path).replace(b'"a":1', b'"a":7'))
    shop.git("add", path)
    assert codes(shop.refused("commit", "-q", "-m", "changed")) == ["truth-changed"]


def test_a_segment_that_grew_after_it_was_staged(shop):
    shop.put("p2", a=1)
    shop.git("add", "-A")
    newest = f".journal/segments/{shop.segments()[-1]}"
    text = shop.read(newest)
    lines = text.splitlines(keepends=True)
    staged = shop.run("git", "hash-object", "-w", "--stdin", data=lines[0].decode()).stdout.strip()
    shop.git("update-index", "--cacheinfo", f"100644,{staged},{newest}")
    said = shop.refused("commit", "-q", "-m", "prefix")
    assert codes(said)[0] == "truth-behind"
    assert_mended(shop, said)


def test_the_folder_of_this_checkout_alone(shop):
    shop.git("add", "-f", ".journal/local/index.db")
    said = shop.refused("commit", "-q", "-m", "local")
    assert codes(said) == ["local-tracked"]
    assert_mended(shop, said)
    assert shop.exists(".journal/local/index.db")


def test_taking_the_whole_store_away_is_nobodys_accident(shop):
    shop.git("rm", "-r", "-q", "--cached", ".journal")
    assert shop.run("git", "commit", "-q", "-m", "no journal any more").stderr == ""


def test_a_revert_may_take_events_away(shop):
    before = shop.head
    shop.put("p2", a=1)
    shop.commit_all()
    shop.git("revert", "--no-commit", "HEAD")
    assert shop.run("git", "commit", "-q", "-m", "taken back").stderr == ""
    assert shop.git("diff", before, "HEAD", "--", ".journal") == ""


def test_a_merge_that_conflicted_passes_once_it_is_settled(shop):
    shop.git("config", "--remove-section", "merge.journal")
    shop.git("switch", "-q", "-c", "side")
    shop.put("p1", a=2)
    shop.commit_all()
    shop.git("switch", "-q", "main")
    shop.put("p1", a=3)
    shop.commit_all()
    assert shop.run("git", "merge", "-q", "side", check=False).returncode == 1
    shop.git("add", "-A")
    said = shop.refused("commit", "-q", "--no-edit")
    assert codes(said) == ["conflict-markers"]
    assert_mended(shop, said)
    assert len(shop.git("log", "-1", "--format=%P").split()) == 2


def test_the_open_segment_that_is_committed_is_final(shop):
    shop.put("p2", a=1)
    shop.git("add", "-A")
    newest = shop.segments()[-1]
    assert shop.run("journal", "hook", "pre-commit", "--store", ".journal").returncode == 0
    shop.put("p2", a=2)
    assert shop.segments()[-1] != newest


def test_a_store_below_a_folder_and_odd_names(tmp_path):
    folder = tmp_path / "it's a shop"
    world = World(folder)
    os.makedirs(folder / "sub dir")
    world.git("init", "-q", "--template=")
    Journal.init(str(folder / "sub dir" / ".journal"))
    assert world.hooks("install", "--store", str(folder / "sub dir" / ".journal")) == 0
    with Journal.open(folder / "sub dir") as journal:
        journal.put("plan", "Ä/ö", {"a": 1})
    world.git("add", "sub dir/.journal/entities")
    said = world.refused("commit", "-q", "-m", "half")
    assert codes(said) == ["truth-not-staged"]
    world.git("add", "-A")
    assert world.run("git", "commit", "-q", "-m", "all").stderr == ""


def test_it_does_not_wait_for_a_writer(shop):
    shop.put("p2", a=1)
    shop.git("add", "-A")
    with StoreLock(shop.path(".journal/local/lock")).held(5):
        begun = time.monotonic()
        ended = shop.run("git", "commit", "-q", "-m", "while somebody writes")
        assert time.monotonic() - begun < 5
    assert ended.stderr == ""


def test_a_store_that_cannot_be_read_blocks_nothing_and_says_so(shop):
    shop.put("p2", a=1)
    shop.git("add", "-A")
    shop.write(".journal/journal.toml", "format = 99\n")
    ended = shop.run("git", "commit", "-q", "-m", "past it")
    assert "could not look at the journal" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_journal_commit_passes_without_running_a_hook_of_ours(shop):
    shop.put("p2", a=1)
    begun = time.monotonic()
    ended = shop.run("journal", "commit", "-q", "-m", "plans", environment={"GIT_TRACE": "1"})
    assert time.monotonic() - begun < 10
    assert "pre-commit" not in ended.stderr
    assert_whole(shop)


def test_journal_commit_runs_the_hook_before_ours_and_ours_is_silent(committed):
    committed.hook("pre-commit", "git diff --cached --name-only >seen")
    assert committed.hooks("install") == 0
    committed.put("p2", a=1)
    begun = time.monotonic()
    committed.run("journal", "commit", "-q", "-m", "plans")
    assert time.monotonic() - begun < 10
    assert P2 in committed.read("seen").decode().split()


def test_dash_dash_no_verify_passes_as_ever(shop):
    shop.put("p1", a=2)
    shop.git("commit", "-q", "-a", "--no-verify", "-m", "I know")


def test_the_check_writes_no_readable_file(shop):
    """A tool that sets aside what is not staged, as pre-commit does, takes a file that changes for a hook's fix."""
    shop.put("p1", a=2)
    shop.git("add", "-A")
    staged = shop.read(P1)
    shop.put("p1", a=3)
    current = shop.read(P1)
    os.unlink(shop.path(P1))
    shop.write(P1, staged)
    ended = shop.run("journal", "hook", "pre-commit", "--store", ".journal")
    assert (ended.stderr, shop.read(P1)) == ("", staged)
    shop.run("journal", "status")
    assert shop.read(P1) == current


def test_a_partial_commit_is_checked_for_what_it_holds(shop):
    shop.put("p2", a=1)
    shop.write("notes", "1")
    shop.git("add", "-A")
    said = shop.refused("commit", "-q", "-m", "the file alone", P2)
    assert codes(said) == ["truth-not-staged"]
    assert shop.run("git", "commit", "-q", "-m", "the store", ".journal").stderr == ""
    assert shop.git("status", "--porcelain") == "A  notes\n"
    assert_whole(shop)


def test_a_store_that_is_a_work_tree_of_its_own(tmp_path):
    world = World(tmp_path / "around" / ".journal")
    os.makedirs(world.folder)
    world.git("init", "-q", "--template=")
    Journal.init(world.folder)
    assert world.hooks("install") == 0
    with Journal.open(world.folder) as journal:
        journal.put("plan", "p1", {"a": 1})
    world.git("add", "entities")
    said = world.refused("commit", "-q", "-m", "half")
    assert "truth-not-staged: entities/plan/p1.json" in said
    world.git("add", "-A")
    assert world.run("git", "commit", "-q", "-m", "whole").stderr == ""
