"""A store of its own for each test, in a folder that can move, and a clock that the test sets."""

import pytest

from tests.support.stores import new_store


@pytest.fixture
def root(tmp_path):
    return new_store(tmp_path / "work")


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("journal.disk.clock.SystemClock.now", lambda _: clock.now)
    return clock
