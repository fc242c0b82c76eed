"""Goal: init, git verbs and upkeep do what they say, once, and say it."""

import json
import os

TRACE = [
    {"item_type": "issue", "item_id": "i1", "action": "create", "payload": {"a": 1}, "ts": "2025-01-01T00:00:00Z"},
    {"item_type": "issue", "item_id": "i1", "action": "update", "payload": {"a": 2}, "ts": "2025-01-02T00:00:00Z"},
]


def test_init_again_changes_nothing(folder):
    assert folder("init", "--json").json["new"] is True
    assert folder("init", "--json").json["new"] is False
    assert "already" in folder("init").out


def test_init_again_refuses_a_fanout_that_the_store_does_not_have_and_says_how_to_set_it(shell):
    shell("put", "plan", "p1", "{}")
    told = shell("init", "--fanout", "plan", "--fanout", "bug", status=2).err
    assert "journal.toml" in told
    assert "p1.json" in os.listdir(shell.store("entities", "plan"))
    with open(shell.store("journal.toml"), "a") as file:
        file.write('\n[types."plan"]\nfanout = true\n')
    assert "already" in shell("init", "--fanout", "plan").out
    shell("reconcile")
    assert "p1.json" not in os.listdir(shell.store("entities", "plan"))  # as the hint says


def test_init_again_adds_a_rule_that_an_older_version_did_not_write(shell):
    with open(shell.store(".gitattributes"), "w") as file:
        file.write("* -text\nsegments/*.jsonl merge=union\n*.png binary")
    shell("init")
    with open(shell.store(".gitattributes")) as file:
        assert file.read().split("\n")[-3:] == ["entities/** merge=journal", "kv/** merge=journal", ""]


def test_init_finds_the_top_of_the_work_tree(folder):
    folder.git("init", "-q")
    os.mkdir(folder.path("sub"))
    assert folder("-C", "sub", "init", "--json").json["store"] == folder.store()


def test_init_agents_keeps_the_rest_of_the_file_and_is_idempotent(folder):
    with open(folder.path("AGENTS.md"), "w", encoding="utf-8") as file:
        file.write("# Ours\n\nBe kind.")
    assert folder("init", "--agents", "--json").json["agents_new"] is True
    with open(folder.path("AGENTS.md"), encoding="utf-8") as file:
        text = file.read()
    assert text.startswith("# Ours\n\nBe kind.\n\n<!-- git-journal: begin")
    assert folder("init", "--agents", "--json").json["agents_new"] is False
    with open(folder.path("AGENTS.md"), "w", encoding="utf-8") as file:
        file.write(text.replace("## Journal", "## Old words") + "\nThe end.\n")
    assert folder("init", "--agents", "--json").json["agents_new"] is True
    with open(folder.path("AGENTS.md"), encoding="utf-8") as file:
        assert file.read() == text + "\nThe end.\n"


def test_init_does_not_write_through_a_link(folder):
    os.symlink("elsewhere", folder.path("AGENTS.md"))
    folder("init", "--agents", status=1)
    assert not os.path.exists(folder.path("elsewhere"))


def test_init_wants_a_store_to_be_named_as_stores_are(folder):
    assert "data/.journal" in folder("--store", "data", "init", status=2).err


def test_commit_takes_the_store_alone_and_says_so_when_there_is_nothing(work):
    work("put", "plan", "p1", "{}")
    with open(work.path("mine"), "w", encoding="utf-8") as file:
        file.write("x")
    work.git("add", "mine")
    result = work("commit", "-m", "Plans", "--json").json
    assert result["commit"] == work.git("rev-parse", "HEAD").strip()
    assert work.git("status", "--short") == "A  mine\n"
    assert work("commit", "--json").json["commit"] is None
    assert "nothing to commit" in work("commit").out


def test_stage_adds_the_store_to_the_index(work):
    work("put", "plan", "p1", "{}")
    assert work("stage", "--json").json["staged"] > 3
    assert "A  .journal/entities/plan/p1.json\n" in work.git("status", "--short")
    assert work("stage", "--json").json["staged"] == 0


def test_status_tells_git_that_cannot_be_read_from_none(work):
    with open(work.path(".git", "HEAD"), "w") as file:
        file.write("garbage")
    result = work("status", "--json")
    assert result.json["uncommitted"] is None
    assert json.loads(result.err)["warning"]["code"] == "git"
    assert "cannot be read" in work("status").out


def test_outside_of_git_a_commit_ends_with_7(shell):
    shell("put", "plan", "p1", "{}")
    shell("commit", "-m", "x", status=7)
    assert shell("status", "--json").json["uncommitted"] is None


def test_status_tells_what_is_not_committed(work):
    work("put", "plan", "p1", "{}")
    assert "entities/plan/p1.json" in work("status", "--json").json["uncommitted"]
    assert "uncommitted" in work("status").out
    work("commit", "-m", "x")
    assert "git          has everything" in work("status").out


def test_reconcile_writes_projections_that_are_gone(shell):
    shell("put", "plan", "p1", "{}")
    os.unlink(shell.store("entities", "plan", "p1.json"))
    assert shell("reconcile", "--json").json == {"projections": 1}
    assert os.path.exists(shell.store("entities", "plan", "p1.json"))
    assert "up to date" in shell("reconcile").out


def test_checkpoint_and_compact_tell_what_they_did(shell):
    shell("put", "plan", "p1", "{}")
    name = shell("checkpoint", "--json").json["checkpoint"]
    assert os.path.exists(shell.store("checkpoints", name))
    assert shell("compact", "--dry-run", "--json").json["dry_run"] is True
    assert shell("compact").status == 0


def test_doctor_is_content_with_a_new_store(work):
    work("put", "plan", "p1", "{}")
    work("commit", "-m", "x")
    assert work("doctor", "--json").json["ok"] is True
    assert work("doctor", "--verify").status == 0
    work("doctor", "--accept-loss", status=2)


def test_doctor_ends_with_20_where_it_finds_something(shell):
    shell("put", "plan", "p1", '{"title": "whole"}')
    shell("put", "plan", "p2", "{}")
    (name,) = os.listdir(shell.store("segments"))
    with open(shell.store("segments", name), "r+b") as file:
        text = file.read()
        file.seek(text.index(b"whole"))
        file.write(b"W")
    report = shell("doctor", "--json", status=20).json
    assert report["ok"] is False
    assert all({"code", "severity", "path", "message", "hint"} == set(finding) for finding in report["findings"])


def notes(shell, kind):
    return [event for event in shell("log", "--json").lines if event.get("note") == kind]


def test_who_accepts_a_loss_stands_in_its_note(shell):
    shell("put", "plan", "p1", '{"title": "whole"}')
    shell("put", "plan", "p2", "{}")
    (name,) = os.listdir(shell.store("segments"))
    with open(shell.store("segments", name), "r+b") as file:
        text = file.read()
        file.seek(text.index(b"whole"))
        file.write(b"W")
    shell("doctor", "--fix", "--accept-loss", "--actor", "ben")
    assert [note["actor"] for note in notes(shell, "damage")] == ["ben"]


def test_who_commits_stands_in_the_notes_of_the_compaction_that_follows(work):
    with open(work.store("journal.toml")) as file:
        text = file.read()
    with open(work.store("journal.toml"), "w") as file:
        file.write(text.replace("[options]", "[options]\ncompact_bytes = 4096"))
    for number, options in enumerate((["--actor", "robot"], [])):
        for turn in range(3):
            work("put", "plan", "p1", json.dumps({"n": f"{number}{turn}" * 2000}))
        work("commit", *options)
        assert notes(work, "checkpoint")[0]["actor"] == (options[1] if options else "Ana")


def test_stats_count_by_type(shell):
    shell("put", "plan", "p1", "{}")
    shell("put", "note", "n1", "{}")
    shell("delete", "note", "n1")
    stats = shell("stats", "--json").json
    assert (stats["events"], stats["entities"], stats["deleted"]) == (3, 1, 1)
    assert "plan" in shell("stats").out


def write_trace(shell, lines):
    with open(shell.path("trace.jsonl"), "w", encoding="utf-8") as file:
        file.writelines(json.dumps(line | {"author": "a1", "commit": f"c{at}"}) + "\n" for at, line in enumerate(lines))


def test_an_import_keeps_actor_and_time_and_is_not_done_twice(shell):
    write_trace(shell, TRACE)
    result = shell("import", "trace", "trace.jsonl", "--json").json
    assert (result["events"], result["transactions"], result["entities"]) == (2, 2, 1)
    first = shell("history", "issue", "i1", "--json").lines[0]
    assert (first["actor"], first["ts"][:19]) == ("a1", "2025-01-01T00:00:00")
    assert shell("import", "trace", "trace.jsonl", "--json").json["events"] == 0


def test_an_import_of_a_missing_file_or_a_bad_line_is_told(shell):
    shell("import", "trace", "nowhere", status=3)
    shell("import", "csv", "nowhere", status=2)
    write_trace(shell, [TRACE[0] | {"action": "explode"}])
    shell("import", "trace", "trace.jsonl", status=6)


def test_conflicts_of_two_branches_are_listed_until_they_are_settled(work):
    work("put", "plan", "p1", '{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1}')
    work("commit", "-qm", "base")
    work.git("switch", "-qc", "other")
    work("put", "plan", "p1", "--set", "a=2", "--actor", "ben")
    work("commit", "-qm", "other")
    work.git("switch", "-q", "main")
    work("put", "plan", "p1", "--set", "a=3", "--actor", "cleo")
    work("commit", "-qm", "main")
    work.git("merge", "-q", "-X", "ours", "--no-edit", "other")
    (conflict,) = work("conflicts", "--json").lines
    sides = [conflict["winner"], *conflict["losers"]]
    assert conflict["field"] == "a"
    assert {(side["value"], side["actor"]) for side in sides} == {(2, "ben"), (3, "cleo")}
    assert "shows" in work("conflicts").out
    assert work("get", "plan", "p1", "--json").json["conflicts"] == [conflict]
    assert "OPEN" in work("list").out
    work("put", "plan", "p1", "--set", "a=4")
    assert work("conflicts", "--json").out == ""
