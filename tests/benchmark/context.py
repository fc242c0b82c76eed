"""What the rows share: the scratch folder, the sizes of the run, and stores that are made once."""

import os
import shutil
import sys
import time
from functools import cached_property

from journal import Journal

from . import fixture
from .machine import Installed


class Context:
    """One run. ``say`` tells on the standard error what is being done."""

    def __init__(self, scratch: str, *, is_quick: bool) -> None:
        self.scratch, self.is_quick = scratch, is_quick
        self.sizes = (1_000, 5_000) if is_quick else (1_000, 10_000, 100_000)
        self._begun = time.monotonic()
        self._made: dict[str, str] = {}

    def say(self, text: str) -> None:
        """Tell what is being done, and since when."""
        print(f"[{time.monotonic() - self._begun:6.1f} s] {text}", file=sys.stderr, flush=True)

    def rounds(self, full: int, quick: int) -> int:
        """Return how many rounds to run."""
        return quick if self.is_quick else full

    def folder(self, name: str) -> str:
        """Return a path for something new; what an earlier row left there is removed."""
        path = os.path.join(self.scratch, name)
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.unlink(path)
        return path

    def drop(self, name: str) -> None:
        """Remove what is no longer needed."""
        shutil.rmtree(os.path.join(self.scratch, name), ignore_errors=True)

    @cached_property
    def installed(self) -> Installed:
        """The project as a wheel installs it."""
        self.say("installing a copy for the processes")
        return Installed(self.folder("installed"))

    def lived(self, entities: int) -> str:
        """Return the work tree of a lived-in store: indexed, printed, committed; made at the first call."""
        name = f"lived-{entities}"
        if name not in self._made:
            self.say(f"making a lived-in store of {entities:,} entities, with projections and a commit")
            folder = self.folder(name)
            root = fixture.make_store(folder, entities, 2 * entities)
            fixture.settle(root)
            fixture.commit_all(folder)
            with Journal.open(store=root) as journal:
                journal.commit()
            self._made[name] = folder
        return self._made[name]

    def fresh(self, entities: int) -> str:
        """Return the work tree of a fresh store, indexed and printed."""
        name = f"fresh-{entities}"
        if name not in self._made:
            self.say(f"making a fresh store of {entities:,} entities")
            folder = self.folder(name)
            fixture.settle(fixture.make_store(folder, entities, entities, fixture.FRESH))
            self._made[name] = folder
        return self._made[name]
