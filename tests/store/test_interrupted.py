"""Goal: what is interrupted while files are taken in, by Ctrl-C or a refusal, is taken in whole the next time."""

import os
import shutil

import pytest

from journal import Journal
from journal.index.applying import Applier
from tests.support.stores import fresh_view, meaning, new_store


def others(tmp_path, root):
    """Write in three copies of a store, each with a lane of its own; return their segments."""
    found = []
    for number in range(3):
        copy = tmp_path / f"copy{number}"
        shutil.copytree(root, copy / ".journal")
        with Journal.open(copy) as journal:
            for each in range(3):
                journal.put("plan", f"q{number}{each}", {"n": number})
            journal.put("plan", "p1", {"n": 10 + number})
            journal.append("s", "Said", {"n": number})
        segments = copy / ".journal" / "segments"
        found += [path for path in segments.iterdir() if not os.path.exists(os.path.join(root, "segments", path.name))]
    return found


def interrupt(monkeypatch, method, call, act):
    """Let the n-th call of a method be interrupted while something goes on; tell whether it came so far."""
    whole, left = getattr(Applier, method), [call]

    def interrupted(self, *arguments):
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return whole(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Applier, method, interrupted)
        try:
            act()
        except KeyboardInterrupt:
            return True
    return False


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize("method", ["opened", "apply", "_list"])
@pytest.mark.parametrize("what", ["catching up", "building anew", "listing events"])
def test_what_was_interrupted_is_taken_in_whole_the_next_time(tmp_path, monkeypatch, what, method, call):
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        journal.put("plan", "p1", {"n": 1})
    segments = others(tmp_path, root)
    if what == "catching up":
        journal = Journal.open(store=root)
        journal.list("plan")
    for path in segments:
        shutil.copy(path, os.path.join(root, "segments", path.name))
    if what != "catching up":
        shutil.rmtree(os.path.join(root, "local"))
        journal = Journal.open(store=root)
    if what == "listing events":
        # By a reader that may not write: one that may has looked at the readable files, and at history for them.
        with Journal.open(store=root) as other, other._engine.locked():
            journal.list("plan")
    with journal:
        came = interrupt(monkeypatch, method, call, lambda: list(journal.log()) and journal.streams())
        assert came or method == "_list"
        assert len(journal.list("plan")) == 10
        assert [event.data["n"] for event in journal.read("s")] == sorted(range(3), key=lambda n: lane_of(segments, n))
        assert len(list(journal.log())) == 16
        journal.put("plan", "p1", {"n": 99})
        with journal._engine.reading(history=True) as view:
            seen = meaning(view)
    assert seen == meaning(fresh_view(root))


def lane_of(segments, number):
    (path,) = (path for path in segments if f"copy{number}" in str(path))
    return path.stem.partition("-")[2]
