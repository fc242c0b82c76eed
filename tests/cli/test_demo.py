"""Goal: the guided run runs through, shows real output, and leaves a store that one can browse."""

import os


def test_it_runs_through_in_a_folder_that_stays(folder):
    ended = folder("demo", "there")
    assert "$ git merge -q --no-edit other" in ended.out
    assert "(exit status 20)" in ended.out
    assert os.path.exists(folder.path("there", "work", ".journal", "entities", "plan", "ship.json"))
    folder("demo", "there", status=6)


def test_without_git_it_says_what_it_needs(folder, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert "git" in folder("demo", "there", status=7).err
