"""Files with their git history: each commit that changed entities is a transaction, with its author and its time."""

import gzip
import itertools
import json
import os
import subprocess
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from journal import GitError, Rules
from journal.git import objects
from journal.upkeep.migrating import writing
from tests.support.cuts import Cut, CutFiles

TRACE = Path(__file__).parents[3] / "shared" / "data" / "beads-trace-net.jsonl.gz"
needs_trace = pytest.mark.skipif(not TRACE.exists(), reason="the real trace is not beside this checkout")
ISSUE, PLAN = Rules(type="issue"), Rules(type="plan")


class Source:
    """A repository with loose files, whose commits are an hour apart."""

    def __init__(self, path):
        self.path = path
        self.hour = 0
        path.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *words, author="Ana"):
        date = f"{1_760_000_000 + 3600 * self.hour} +0200"
        environment = {**os.environ, "GIT_AUTHOR_NAME": author, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        ended = subprocess.run(["git", *words], cwd=self.path, env=environment, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    def write(self, files):
        for path, content in files.items():
            full = self.path / path
            if content is None:
                full.unlink()
                continue
            full.parent.mkdir(parents=True, exist_ok=True)
            full.write_bytes(content if isinstance(content, bytes) else (content + "\n").encode())

    def commit(self, message, files, author="Ana"):
        self.write(files)
        self.hour += 1
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, author=author)
        return self.git("rev-parse", "HEAD")

    def ts(self, hour):
        return datetime.fromtimestamp(1_760_000_000 + 3600 * hour).astimezone().timestamp()


@pytest.fixture
def source(tmp_path):
    return Source(tmp_path / "repository")


def migrate(place, source, *patterns, rules=None, **wishes):
    with place.open() as journal:
        return journal.migrate_git_history(
            patterns or ["{type}/{id}.json"], repository=source.path, rules=rules or Rules(), **wishes
        )


def told(place):
    return [(event.action, event.entity, event.actor, event.summary) for event in place.events()]


def codes(found):
    return sorted((problem.code, problem.path, problem.line) for problem in found.problems)


def lines(*documents):
    return "\n".join(json.dumps(document) for document in documents)


# -- one commit after the other ---------------------------------------------------------------------


def test_each_commit_is_a_transaction_with_its_author_time_and_subject(place, source):
    source.commit("First plans", {"plan/a.json": '{"n": 1}', "plan/b.json": '{"n": 1}'})
    source.commit("No plan", {"readme.md": "words"}, author="Ben")
    second = source.commit("Better\n\nwith a body", {"plan/a.json": '{"n": 2}'}, author="Ben")
    source.commit("Away", {"plan/b.json": None}, author="Cleo")
    found = migrate(place, source)
    assert told(place) == [
        ("create", "a", "Ana", "First plans"),
        ("create", "b", "Ana", "First plans"),
        ("update", "a", "Ben", "Better"),
        ("delete", "b", "Cleo", "Away"),
    ]
    assert [datetime.fromisoformat(event.ts).timestamp() for event in place.events()] == [
        source.ts(1),
        source.ts(1),
        source.ts(3),
        source.ts(4),
    ]
    assert place.entities() == {("plan", "a"): {"n": 2}}
    assert (found.commits, found.events, found.verified, found.is_whole) == (3, 4, 1, True)
    with place.open() as journal:
        notes = [event.data for event in journal.log() if event.note == "import"]
        assert second in [note.get("of") for note in notes]


def test_a_dry_run_tells_the_same_and_writes_nothing(place, source):
    source.commit("1", {"plan/a.json": '{"n": 1}'})
    source.commit("2", {"plan/a.json": '{"n": 2}', "plan/b.json": "{"})
    source.commit("3", {"plan/a.json": None})
    dry = migrate(place, source, dry_run=True)
    assert place.events() == []
    wet = migrate(place, source)
    assert (dry.types, dry.problems, dry.commits, dry.events) == (wet.types, wet.problems, 3, 3)


def test_run_again_it_goes_on_with_what_was_committed_since(place, source):
    source.commit("1", {"plan/a.json": '{"n": 1}'})
    migrate(place, source)
    assert migrate(place, source).run is None
    source.commit("2", {"plan/a.json": '{"n": 2}'})
    source.commit("3", {"plan/a.json": None, "plan/b.json": '{"n": 3}'})
    assert migrate(place, source).resumed_at == 1
    assert [event[:2] for event in told(place)] == [("create", "a"), ("update", "a"), ("create", "b"), ("delete", "a")]


def test_what_people_changed_here_since_stays(place, source):
    source.commit("1", {"plan/a.json": '{"n": 1}', "plan/b.json": '{"n": 1}'})
    migrate(place, source)
    with place.open() as journal:
        journal.put("plan", "a", set={"mine": 1})
        journal.put("plan", "b", set={"n": 9})
    source.commit("2", {"plan/a.json": '{"n": 2}', "plan/b.json": '{"n": 2}'})
    source.commit("3", {"plan/a.json": '{"n": 3}'})
    found = migrate(place, source)
    assert place.entities() == {("plan", "a"): {"n": 3, "mine": 1}, ("plan", "b"): {"n": 9}}
    assert codes(found) == [("overlap", "plan/b.json", None)]
    assert found.differences == []


def test_a_commit_in_which_a_file_cannot_be_read_changes_nothing_of_its_entity(place, source):
    source.commit("1", {"plan/a.json": '{"n": 1}'})
    bad = source.commit("2", {"plan/a.json": "<<<<<<< HEAD\n{}\n"})
    source.commit("3", {"plan/a.json": '{"n": 2}'})
    source.commit("4", {"plan/a.json": "{"})
    source.commit("5", {"plan/a.json": None})
    found = migrate(place, source)
    assert [event[0] for event in told(place)] == ["create", "update", "delete"]
    assert found.problems[0][:3] + found.problems[0][4:] == ("unreadable", "plan/a.json", 1, bad)
    assert found.problem_counts == {"unreadable": 2}


def test_a_renamed_file_keeps_its_entity_where_the_id_is_in_a_field(place, source):
    source.commit("1", {"old/x.json": '{"id": "a", "n": 1}'})
    source.commit("2", {"old/x.json": None, "new/y.json": '{"id": "a", "n": 1}'})
    source.commit("3", {"new/y.json": '{"id": "a", "n": 2}'})
    found = migrate(place, source, "*/*.json", rules=PLAN)
    assert [event[:2] for event in told(place)] == [("create", "a"), ("update", "a")]
    assert found.is_whole


def test_a_renamed_file_is_another_entity_where_the_id_is_its_name(place, source):
    source.commit("1", {"plan/a.json": '{"n": 1}'})
    source.commit("2", {"plan/a.json": None, "plan/b.json": '{"n": 1}'})
    migrate(place, source)
    assert sorted(event[:2] for event in told(place)) == [("create", "a"), ("create", "b"), ("delete", "a")]


def test_an_entity_that_another_file_holds_is_not_gone(place, source):
    source.commit("1", {"a/x.json": '{"id": "p", "n": 1}'})
    source.commit("2", {"b/x.json": '{"id": "p", "n": 2}'})
    source.commit("3", {"b/x.json": None})
    found = migrate(place, source, "*/x.json", rules=PLAN)
    assert place.entities() == {("plan", "p"): {"id": "p", "n": 1}}
    assert found.problem_counts == {"duplicate": 1}
    assert found.differences == []


def test_an_entity_that_may_be_in_a_file_that_cannot_be_read_is_not_gone(place, source):
    source.commit("1", {"a.jsonl": lines({"id": "p"}), "b.jsonl": lines({"id": "p"})})
    source.commit("2", {"a.jsonl": lines({"id": "q"}), "b.jsonl": "{"})
    found = migrate(place, source, "*.jsonl", rules=PLAN)
    assert set(place.entities()) == {("plan", "p"), ("plan", "q")}
    assert found.problem_counts == {"duplicate": 1, "unreadable": 1}


def test_links_and_modules_in_history_are_told(place, source):
    source.commit("1", {"plan/a.json": '{"n": 1}'})
    (source.path / "plan" / "l.json").symlink_to("/etc/passwd")
    source.commit("2", {})
    assert codes(migrate(place, source)) == [("link", "plan/l.json", None)]
    assert set(place.entities()) == {("plan", "a")}


# -- files with many --------------------------------------------------------------------------------


def test_only_lines_that_changed_are_events(place, source):
    source.commit("1", {"all.jsonl": lines({"id": "a", "n": 1}, {"id": "b", "n": 1})})
    source.commit("2", {"all.jsonl": lines({"n": 1, "id": "b"}, {"id": "a", "n": 2}, {"id": "c"})})
    source.commit("3", {"all.jsonl": lines({"id": "c"})})
    migrate(place, source, "all.jsonl", rules=ISSUE)
    assert Counter(event[:2] for event in told(place)) == Counter(
        [("create", "a"), ("create", "b"), ("update", "a"), ("create", "c"), ("delete", "a"), ("delete", "b")]
    )


def test_a_line_that_is_missing_beside_one_that_cannot_be_read_is_not_gone(place, source):
    source.commit("1", {"all.jsonl": lines({"id": "a"}, {"id": "b"})})
    source.commit("2", {"all.jsonl": '{"id": "a"}\n{"id": "b'})
    source.commit("3", {"all.jsonl": lines({"id": "a"}, {"id": "b"})})
    found = migrate(place, source, "all.jsonl", rules=ISSUE)
    assert [event[0] for event in told(place)] == ["create", "create"]
    assert codes(found) == [("unreadable", "all.jsonl", 2)]


def test_a_file_of_many_that_is_away_for_a_while_deletes_nothing(place, source):
    source.commit("1", {"all.jsonl": lines({"id": "a"}, {"id": "b"})})
    source.commit("2", {"all.jsonl": None, "x": ""})
    source.commit("3", {"all.jsonl": lines({"id": "b"})})
    found = migrate(place, source, "all.jsonl", rules=ISSUE)
    assert [event[:2] for event in told(place)] == [("create", "a"), ("create", "b"), ("delete", "a")]
    assert codes(found) == [("vanished", "all.jsonl", None)]


def test_a_file_of_many_that_is_renamed_is_the_same_entities(place, source):
    source.commit("1", {"old.jsonl": lines({"id": "a"}, {"id": "b"}, {"id": "c"})})
    source.commit("2", {"old.jsonl": None, "new.jsonl": lines({"id": "a"}, {"id": "b", "n": 1})})
    found = migrate(place, source, "*.jsonl", rules=ISSUE)
    assert [event[:2] for event in told(place)][3:] == [("update", "b"), ("delete", "c")]
    assert found.is_whole


# -- branches ---------------------------------------------------------------------------------------


def branched(source):
    source.commit("base", {"plan/a.json": '{"n": 1}', "plan/b.json": '{"n": 1}'})
    source.git("switch", "-q", "-c", "side")
    source.commit("side 1", {"plan/a.json": '{"n": 2}'}, author="Ben")
    source.commit("side 2", {"plan/c.json": '{"n": 3}'}, author="Ben")
    source.git("switch", "-q", "main")
    source.commit("main", {"plan/b.json": '{"n": 4}'}, author="Cleo")
    source.hour += 1
    source.git("merge", "-q", "--no-ff", "-m", "Merge", "side")


def test_along_first_parents_a_merge_brings_what_its_branch_did(place, source):
    branched(source)
    assert migrate(place, source).is_whole
    assert [(event[0], event[1], event[3]) for event in told(place)] == [
        ("create", "a", "base"),
        ("create", "b", "base"),
        ("update", "b", "main"),
        ("update", "a", "Merge"),
        ("create", "c", "Merge"),
    ]


def test_with_every_commit_each_has_its_author(place, source):
    branched(source)
    assert migrate(place, source, every_commit=True).is_whole
    assert Counter(event[1:] for event in told(place)) == Counter(
        [
            ("a", "Ana", "base"),
            ("b", "Ana", "base"),
            ("b", "Cleo", "main"),
            ("a", "Ben", "side 1"),
            ("c", "Ben", "side 2"),
        ]
    )


def test_with_every_commit_a_merge_that_chose_one_side_is_followed(place, source):
    source.commit("base", {"plan/a.json": '{"n": 1}'})
    source.git("switch", "-q", "-c", "side")
    source.commit("side", {"plan/a.json": '{"n": 2}'})
    source.git("switch", "-q", "main")
    source.commit("main", {"plan/a.json": '{"n": 3}'})
    source.git("merge", "-q", "-s", "ours", "-m", "Ours", "side")
    assert migrate(place, source, every_commit=True).is_whole
    assert place.entities() == {("plan", "a"): {"n": 3}}
    source.commit("later", {"plan/a.json": '{"n": 5}'})
    assert migrate(place, source, every_commit=True).events == 1


@pytest.mark.parametrize("every_commit", [False, True])
def test_a_branch_that_was_rewritten_or_set_back_is_followed(place, source, every_commit):
    first = source.commit("1", {"plan/a.json": '{"n": 1}'})
    source.commit("2", {"plan/a.json": '{"n": 2}', "plan/b.json": '{"n": 2}'})
    migrate(place, source, every_commit=every_commit)
    source.git("reset", "-q", "--hard", first)
    source.commit("other", {"plan/c.json": '{"n": 3}'})
    assert migrate(place, source, every_commit=every_commit).is_whole
    assert place.entities() == {("plan", "a"): {"n": 1}, ("plan", "c"): {"n": 3}}
    source.git("reset", "-q", "--hard", first)
    assert migrate(place, source, every_commit=every_commit).is_whole
    assert place.entities() == {("plan", "a"): {"n": 1}}
    assert migrate(place, source, every_commit=every_commit).run is None


def test_where_the_commits_of_before_are_gone_the_present_is_compared(place, source):
    first = source.commit("1", {"plan/a.json": '{"n": 1}'})
    source.commit("2", {"plan/a.json": '{"n": 2}'})
    migrate(place, source)
    source.git("reset", "-q", "--hard", first)
    source.commit("3", {"plan/a.json": '{"n": 3}'})
    source.git("reflog", "expire", "--expire=now", "--all")
    source.git("gc", "-q", "--prune=now")
    found = migrate(place, source)
    assert found.problem_counts == {"rewritten": 1}
    assert place.entities() == {("plan", "a"): {"n": 3}}
    source.commit("4", {"plan/a.json": '{"n": 4}'})
    assert migrate(place, source).is_whole


def test_a_shallow_clone_and_no_repository_are_refused(place, source, tmp_path):
    source.commit("1", {"plan/a.json": "{}"})
    source.commit("2", {"plan/a.json": '{"n": 1}'})
    source.git("clone", "-q", "--depth=1", f"file://{source.path}", str(tmp_path / "shallow"))
    with place.open() as journal:
        with pytest.raises(GitError, match="not here") as refused:
            journal.migrate_git_history("plan/{id}.json", repository=tmp_path / "shallow", rules=PLAN)
        assert "unshallow" in refused.value.hint
        with pytest.raises(GitError, match="no git work tree"):
            journal.migrate_git_history("plan/{id}.json", repository=tmp_path / "source", rules=PLAN)


def test_patterns_begin_in_the_folder_that_is_named(place, source):
    source.commit("1", {"deep/er/plan/a.json": "{}", "plan/b.json": "{}"})
    with place.open() as journal:
        journal.migrate_git_history("plan/{id}.json", repository=source.path / "deep" / "er", rules=PLAN)
    assert set(place.entities()) == {("plan", "a")}


# -- cost, kills, and real input --------------------------------------------------------------------


def test_the_cost_follows_what_commits_changed(place, source, monkeypatch):
    source.commit("0", {f"plan/p{number}.json": '{"n": 0}' for number in range(300)})
    for number in range(10):
        source.commit("n", {f"plan/p{number}.json": f'{{"n": {number + 1}}}'})
    reads = Counter()
    read = objects.ObjectReader.read

    def counted(self, identity, kind):
        reads.update([kind])
        return read(self, identity, kind)

    monkeypatch.setattr(objects.ObjectReader, "read", counted)
    migrate(place, source, dry_run=True)
    assert reads["blob"] <= 300 + 2 * 10
    assert reads["tree"] <= 2 * 11
    assert reads["commit"] <= 11 + 2


def test_cut_off_anywhere_it_goes_on_and_nothing_is_lost_or_doubled(place, source, monkeypatch):
    for number in range(6):
        source.commit(f"c{number}", {f"plan/p{item}.json": f'{{"n": {number}}}' for item in range(number + 1)})
    monkeypatch.setattr(writing, "DOCUMENTS_AT_ONCE", 2)
    total, cuts = 21, 0
    for attempt in range(100):
        try:
            with place.open(files=CutFiles(10 + 4 * attempt)) as journal:
                journal.migrate_git_history("{type}/{id}.json", repository=source.path)
            break
        except Cut:
            cuts += 1
    assert cuts >= 3
    assert Counter(event[3] for event in told(place)) == {f"c{number}": number + 1 for number in range(6)}
    assert len(place.events()) == total
    assert migrate(place, source).run is None


def build(path, events):
    """Make a repository whose commits change an issues.jsonl, as the trace says."""
    subprocess.run(["git", "init", "-q", "-b", "main", str(path)], check=True)
    feeder = subprocess.Popen(["git", "-C", str(path), "fast-import", "--quiet"], stdin=subprocess.PIPE)
    state = {}
    for commit, group in itertools.groupby(map(json.loads, events), key=lambda event: event["commit"]):
        for event in group:
            if event["action"] == "delete":
                state.pop(event["item_id"], None)
            else:
                state[event["item_id"]] = json.dumps(event["payload"], ensure_ascii=False)
        text = "".join(f"{line}\n" for line in state.values()).encode()
        seconds = int(datetime.fromisoformat(event["ts"]).timestamp())
        who = f"{event['author']} <nobody@example.org> {seconds} +0000"
        head = f"commit refs/heads/main\nauthor {who}\ncommitter {who}\ndata {len(commit)}\n{commit}\n"
        feeder.stdin.write(f"{head}M 100644 inline issues.jsonl\ndata {len(text)}\n".encode() + text + b"\n")
    feeder.stdin.close()
    assert feeder.wait() == 0


@needs_trace
@pytest.mark.parametrize("count", [2000, pytest.param(66801, marks=pytest.mark.soak)])
def test_a_real_history_is_the_same_as_its_trace(tmp_path, place, count):
    with gzip.open(TRACE, "rt", encoding="utf-8") as stream:
        events = list(itertools.islice(stream, count))
    build(tmp_path / "repository", events)
    with place.open() as journal:
        found = journal.migrate_git_history("issues.jsonl", repository=tmp_path / "repository", rules=ISSUE)
    assert found.is_whole
    traced = [json.loads(line) for line in events]
    assert Counter(
        (event.entity, event.action, event.ts, event.actor, event.summary, json.dumps(event.data, sort_keys=True))
        for event in place.events()
    ) == Counter(
        (
            one["item_id"],
            one["action"],
            one["ts"],
            one["author"],
            one["commit"],
            json.dumps(one["payload"], sort_keys=True),
        )
        for one in traced
    )
