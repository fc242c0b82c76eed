"""``absorb``, ``restore`` and ``merge-driver`` on the command line: what is said, and the exit status."""

import json
import os

import pytest


@pytest.fixture
def edited(work):
    """A plan that was edited in its file."""
    work("put", "plan", "p1", '{"title": "Ship", "status": "open"}')
    work("commit", "-q", "-m", "begin")
    write(work, "p1", '{"title": "Send", "owner": "ana"}')
    return work


def write(shell, id, text):
    path = shell.store("entities", "plan", f"{id}.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def test_an_edit_is_named_absorbed_and_committed(edited):
    assert "1 projection by hand: journal absorb, or journal restore" in edited("status").out
    ended = edited("commit")
    assert "nothing to commit" in ended.out
    assert "1 projection was edited by hand" in ended.err
    assert "journal absorb" in ended.err
    assert edited("absorb", "--dry-run").out == "would absorb: update plan p1  [owner title …status]\n"
    assert edited("absorb", "--actor", "eve").out.startswith("update plan p1  [owner title …status]  rev 2  2@")
    assert edited("history", "plan", "p1", "--json").lines[-1]["actor"] == "eve"
    edited("commit", "-m", "by hand")
    assert edited.git("status", "--porcelain") == ""
    ended = edited("absorb")
    assert (ended.out, ended.err) == ("", "nothing to absorb: no projection was edited by hand\n")


def test_who_names_a_file_that_is_as_it_once_was_hears_why_it_is_not_absorbed(shell):
    shell("put", "plan", "p1", '{"status": "open"}')
    shell("put", "plan", "p1", "--set", "status=done")
    path = shell.path(".journal/entities/plan/p1.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write('{\n  "status": "open"\n}\n')
    assert "as it once was" in shell("absorb", path).err
    assert shell("get", "plan", "p1", "--json").json["data"] == {"status": "done"}


def test_an_edit_is_restored_and_kept(edited):
    assert edited("restore", "--dry-run").out == "would put back entities/plan/p1.json\n"
    said = edited("restore").out
    kept = said.rpartition(" ")[2].strip()
    with open(edited.store(*kept.split("/"))) as file:
        assert json.load(file) == {"title": "Send", "owner": "ana"}
    assert edited.git("status", "--porcelain") == ""
    assert "nothing to restore" in edited("restore").err


@pytest.mark.parametrize("json_too", [True, False])
def test_a_file_that_is_not_right_is_named_with_line_and_column(edited, json_too):
    path = os.path.relpath(write(edited, "p2", '{\n  "title" "x"\n}'), edited.folder)
    ended = edited("absorb", *(["--json"] if json_too else []), status=6)
    if json_too:
        assert (ended.error["code"], ended.error["path"]) == ("refused", path)
        assert ended.error["message"].startswith("line 2, column 11: ")
    else:
        assert ended.err.startswith(f"journal: {path}: line 2, column 11: ")
    assert edited("get", "plan", "p1").out.count("Ship") == 1


def test_an_overlap_ends_with_4_and_force_lets_the_file_win(edited):
    edited("put", "plan", "p1", "--set", "title=Burn")
    ended = edited("absorb", status=4)
    assert "'title' changed in the journal too" in ended.err
    assert "--force" in ended.err
    assert "[owner title …status]" in edited("absorb", "--force").out


def test_paths_are_relative_to_where_one_is_and_must_be_projections(edited):
    assert "projections are the files below" in edited("absorb", "journal.toml", status=6).err
    assert edited("restore", "-C", edited.store("entities"), "plan/none.json", status=3).out == ""
    assert "plan p1" in edited("absorb", "-C", edited.store("entities"), "plan").out


def test_a_removed_file_deletes_only_where_it_is_named(edited):
    edited("restore")
    for words, gone in ([], False), (["--deleted"], True):
        os.unlink(edited.store("entities", "plan", "p1.json"))
        edited("absorb", *words)
        assert bool(edited("list", "--ids").out) is not gone
    edited("put", "plan", "p1", "{}")
    os.unlink(edited.store("entities", "plan", "p1.json"))
    assert edited("absorb", ".journal/entities/plan/p1.json").out.startswith("delete plan p1  rev 4")


def test_the_driver_says_why_it_cannot_merge_and_leaves_ours(folder):
    texts = {"o": "{}", "a": '{"a": 1}', "b": '{\n  "b": 1,\n}'}
    for name, text in texts.items():
        with open(folder.path(name), "w") as file:
            file.write(text)
    ended = folder("merge-driver", "o", "a", "b", ".journal/entities/plan/p1.json", status=6)
    assert ".journal/entities/plan/p1.json: cannot be merged: theirs: line 2, column 9: " in ended.err
    assert "git show :3:.journal/entities/plan/p1.json" in ended.err
    with open(folder.path("a")) as file:
        assert file.read() == texts["a"]
    folder("merge-driver", "o", "a", "nothing", "p1.json", status=1)


def test_the_driver_takes_strategies_from_the_work_tree(work):
    with open(work.store("journal.toml"), "a") as file:
        file.write('[types.plan]\nmerge = { votes = "max" }\n')
    for name, votes in {"o": 1, "a": 10, "b": 9}.items():
        with open(work.path(name), "w") as file:
            json.dump({"votes": votes, "other": str(votes)}, file)
    work("merge-driver", "o", "a", "b", ".journal/entities/plan/p1.json")
    with open(work.path("a")) as file:
        assert json.load(file) == {"votes": 10, "other": "9"}
