"""Goal: whatever many clones write and sync, all of it arrives everywhere, and is the same everywhere."""

import contextlib
import sys
import threading

import pytest
from servers import git_daemon, http_server
from sync_support import git, without

from journal.upkeep.exchange.sync import pause_seconds

MUTATIONS = """
import sys
from journal import Journal
folder, name, count, every, remote = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), "origin"
attempts = 0
with Journal.open(folder, actor=name) as journal:
    for number in range(count):
        journal.put("own", f"{name}-{number}", set={"number": number})
        journal.put("shared", f"s{number % 3}", set={name: number, "last": f"{name} {number}"})
        if number % every == every - 1:
            attempts += journal.sync(timeout_seconds=300).attempts
    attempts += journal.sync(timeout_seconds=300).attempts
print(attempts)
"""


def served(hub, kind):
    """Return a context manager that gives the remote's url."""
    if kind == "http":
        return contextlib.contextmanager(lambda: (yield from _only_url(hub)))()
    return git_daemon(hub) if kind == "daemon" else contextlib.nullcontext(str(hub.path))


def _only_url(hub):
    with http_server(hub) as (url, _):
        yield url


def storm(hub, url, clones, mutations, every):
    """Let clones write and sync at once, each in a process of its own; return them and the attempts of each."""
    import subprocess

    first = hub.attached("clone-0", url=url)
    first.sync()
    made = [first, *(hub.attached(f"clone-{number}", url=url) for number in range(1, clones))]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", MUTATIONS, str(clone.path), clone.path.name, str(mutations), str(every)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for clone in made
    ]
    attempts = []
    for process in started:
        out, err = process.communicate(timeout=600)
        assert process.returncode == 0, err
        attempts.append(int(out))
    return made, attempts


def assert_everything_is_everywhere(clones, mutations):
    for clone in clones:
        clone.sync()
    expected = clones[0].everything()
    events, _, files = expected
    own = {f"{clone.path.name}-{number}" for clone in clones for number in range(mutations)}
    assert {id for type, id in clones[0].documents() if type == "own"} == own
    assert len(events) >= 2 * len(clones) * mutations
    assert len(files) == len(own) + min(3, mutations)
    for clone in clones:
        assert clone.everything() == expected
        assert git(clone.store, "status", "--short") == ""
        assert git(clone.store, "rev-parse", "HEAD") == git(clones[0].store, "rev-parse", "HEAD")
    clones[-1].assert_sound()


@pytest.mark.parametrize("kind", ["file", "http"])
def test_all_that_three_clones_write_at_once_arrives_everywhere(hub, kind):
    with served(hub, kind) as url:
        clones, _ = storm(hub, url, 3, 5, every=3)
        assert_everything_is_everywhere(clones, 5)


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["file", "http", "daemon"])
@pytest.mark.parametrize("number", [4, 8, 16])
def test_all_that_many_clones_write_at_once_arrives_everywhere(hub, kind, number):
    with served(hub, kind) as url:
        clones, attempts = storm(hub, url, number, 40, every=5)
        assert_everything_is_everywhere(clones, 40)
    print(kind, number, attempts)


@pytest.mark.parametrize("kind", ["file", "http", "daemon"])
def test_without_the_git_program_it_works_the_same(hub, kind, monkeypatch):
    with served(hub, kind) as url:
        clones = [hub.attached("one", url=url)]
        clones[0].put("plan", "p1", title="Ship")
        clones[0].sync()
        clones.append(hub.attached("two", url=url))
        with monkeypatch.context() as patch:
            without(hub.folder, "git", patch)
            for clone in clones:
                clone.put("plan", f"of-{clone.path.name}", title="Mine")
                clone.put("plan", "p1", title=clone.path.name)
            results = [clone.sync() for clone in (*clones, *clones)]
            assert [result.pushed for result in results] == [True, True, False, False]
        assert clones[0].everything() == clones[1].everything()
        for clone in clones:
            clone.assert_sound()
            assert git(clone.store, "status", "--short", "--branch").startswith("## journal")


def test_a_clone_attaches_without_the_git_program(hub, monkeypatch):
    one = hub.attached("one")
    one.put("plan", "p1", title="Ship")
    one.sync()
    two = hub.clone("two", "--single-branch", "-b", "main")
    with monkeypatch.context() as patch:
        without(hub.folder, "git", patch)
        from journal import Journal

        Journal.init(two.path, branch="journal")
        assert two.documents() == one.documents()
    two.assert_sound()


def test_the_push_is_refused_where_somebody_was_faster_and_tried_again(hub, monkeypatch):
    from journal.git.transport import Transport

    one = hub.attached("one")
    one.sync()
    two = hub.attached("two")
    one.put("plan", "p1", title="One")
    two.put("plan", "p2", title="Two")
    real, interrupted = Transport.push, []

    def push(*words, **options):
        if not interrupted:
            interrupted.append(True)
            thread = threading.Thread(target=two.run, args=("sync",))
            thread.start()
            thread.join()
        real(*words, **options)

    monkeypatch.setattr(Transport, "push", push)
    result = one.sync()
    assert (result.attempts, result.pushed, result.fetched) == (2, True, True)
    assert set(one.documents()) == {("plan", "p1"), ("plan", "p2")}
    assert hub.git("log", "--format=%s", "journal").count("Merge origin/journal") == 1


def test_nothing_of_ours_is_first_committed_in_a_merge(hub):
    one = hub.attached("one")
    one.sync()
    two = hub.attached("two")
    for number in range(3):
        one.put("plan", "p1", one=number)
        two.put("plan", "p1", two=number)
        one.sync()
        two.sync()
    one.sync()
    merges = one.git("rev-list", "--merges", "journal").split()
    assert merges
    for merge in merges:
        first_here = one.git("diff-tree", "-c", "--no-renames", "--name-only", "--no-commit-id", "-r", merge).split()
        assert [path for path in first_here if path.startswith(("segments/", "blobs/", "archive/"))] == []


def test_a_sync_with_nothing_new_changes_nothing(hub):
    one = hub.attached("one")
    one.put("plan", "p1", title="One")
    first = one.sync()
    second = one.sync()
    assert (second.commit, second.pushed, second.fetched, second.committed) == (first.commit, False, False, None)


@pytest.mark.parametrize("program", ["git", "dulwich"])
def test_a_remote_may_be_a_relative_path(hub, program, monkeypatch):
    one = hub.attached("one")
    one.git("remote", "set-url", "origin", "../hub.git")
    with monkeypatch.context() as patch:
        if program == "dulwich":
            without(hub.folder, "git", patch)
        assert one.sync().pushed is True
    assert hub.git("rev-parse", "journal") == one.git("rev-parse", "journal")


def test_writers_go_on_while_it_syncs(hub):
    one = hub.attached("one")
    one.sync()
    ended = threading.Event()

    def write():
        with one.open(actor="writer") as journal:
            for number in range(40):
                journal.put("plan", f"p{number}", set={"number": number})
        ended.set()

    thread = threading.Thread(target=write)
    thread.start()
    syncs = 0
    while not ended.is_set() or syncs < 2:
        one.sync()
        syncs += 1
    thread.join()
    one.sync()
    two = hub.attached("two")
    assert len(two.documents()) == 40
    assert one.everything() == two.everything()


def test_two_syncs_of_one_work_tree_do_not_get_in_each_others_way(hub):
    one = hub.attached("one")
    one.put("plan", "p1", title="One")
    started = [one.start("sync", "--json") for _ in range(3)]
    said = [(process.communicate(timeout=60), process.returncode) for process in started]
    assert [status for _, status in said] == [0, 0, 0], said
    assert sum('"pushed":true' in out for (out, _), _ in said) == 1
    assert all('"attempts":1' in out for (out, _), _ in said)


def test_one_ref_is_pushed_and_no_tag(hub):
    one = hub.attached("one")
    one.sync()
    one.git("config", "push.followTags", "true")
    one.put("plan", "p1", title="One")
    one.commit()
    one.git("tag", "-a", "-m", "a tag", "v1", "journal")
    one.user_commits("mine.txt", "mine\n")
    before = hub.git("rev-parse", "main")
    one.sync()
    assert hub.git("for-each-ref", "--format=%(refname)").split() == ["refs/heads/journal", "refs/heads/main"]
    assert hub.git("rev-parse", "main") == before


def test_pauses_grow_by_chance_and_end():
    longest = [pause_seconds(attempts, 0.1, lambda: 1.0) for attempts in range(1, 40)]
    assert longest == sorted(longest)
    assert (longest[0], longest[-1]) == (0.1, 2.0)
    assert pause_seconds(40, 0.1, lambda: 0.0) == 0.0
