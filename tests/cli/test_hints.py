"""Goal: a message is one line that says what was meant, and a hint is a command line that can be run as it is."""

import shlex

import pytest


def hint_of(ended):
    return ended.err.splitlines()[1].removeprefix("  hint: ")


@pytest.mark.parametrize("verb", ["hooks", "export", "completion"])
def test_choices_are_listed_on_one_line(folder, verb):
    message, hint = folder(verb, status=2).err.splitlines()
    assert "Choose from: " in message
    assert "\\" not in message
    assert hint == f"  hint: journal {verb} --help shows how it is used"


@pytest.mark.parametrize("line", ["get p a --rev", "list --limit", "kv list --limit", "--json get p a --at"])
def test_a_missing_value_leads_to_the_help_of_the_verb(folder, line):
    verb = line.removeprefix("--json ").partition(" p a")[0].partition(" --")[0]
    assert f"journal {verb} --help" in folder(*line.split(), status=2).err


def test_what_never_was_has_no_past_to_look_at(work):
    work("put", "p", "a", "{}")
    assert work("get", "p", "never", "--rev", "1", status=3).err == "journal: there never was a p 'never'\n"
    hint = hint_of(work("get", "p", "a", "--rev", "7", status=3))
    work(*shlex.split(hint.removeprefix("its past is still there: "))[1:])


def test_a_hint_is_quoted_for_the_shell_and_holds_an_id_for_no_option(work):
    for type, id in (("my plan", "a b"), ("p", "-x")):
        work("put", "--", type, id, "{}")
        told = hint_of(work("put", "--expect-rev", "7", "--", type, id, '{"a": 1}', status=4))
        read = shlex.split(told.partition("(")[2].partition(")")[0])
        assert work(*read[1:]).json["id"] == id
        work("delete", "--", type, id)
        told = hint_of(work("get", "--", type, id, status=3)).partition(": ")[2]
        assert "delete" in work(*shlex.split(told)[1:]).out
        told = hint_of(work("edit", "--", type, id, status=3)).partition(": ")[2]
        work(*shlex.split(told)[1:-1], "{}")
        told = hint_of(work("resolve", "--take", "1", "--", type, id, "f", status=3)).partition(": ")[2]
        assert work(*shlex.split(told)[1:]).err == "no open conflicts\n"


def test_a_store_that_is_not_there_is_made_by_its_hint(work):
    for place in ("there", "other/.journal"):
        told = hint_of(work("--store", work.path(*place.split("/")), "list", status=3)).partition(": ")[2]
        assert shlex.split(told)[1:-1] == ["init", "--store"]
        assert shlex.split(told)[-1].endswith(".journal")


def test_a_branch_of_the_code_is_no_store_of_another_work_tree(folder):
    folder.git("init", "-q")
    folder.git("commit", "-q", "--allow-empty", "-m", "one")
    assert "name another one" in hint_of(folder("init", "--branch", "main", status=7))


def test_what_settles_a_conflict_is_one_of_two(work):
    assert (
        "--take and --value exclude each other"
        in work("resolve", "p", "a", "--take", "1", "--value", "2", status=2).err
    )
    assert "say what settles it" in work("resolve", "p", "a", status=2).err


def test_an_editor_that_removes_the_file_did_start(work, monkeypatch):
    monkeypatch.setenv("EDITOR", "rm")
    work("put", "p", "a", "{}")
    assert "the editor left nothing that can be read" in work("edit", "p", "a", status=1).err


@pytest.mark.parametrize("since", ["2h", "xx", ""])
def test_watch_begins_at_a_token_at_start_or_now(work, since):
    told = work("watch", "--once", "--since", since, status=2).err
    assert f"--since is a position token, start or now, not {since!r}" in told
    assert work("watch", "--once", "--since", "j1_nonsense", status=6)
