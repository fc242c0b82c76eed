"""An operation of the fuzzer, as data."""

import random
from collections.abc import Callable
from typing import NamedTuple

from tests.fuzz.places import Place
from tests.fuzz.world import World

Run = Callable[[World, Place, random.Random], None]


class Operation(NamedTuple):
    """``writes``: it may make events. ``keeps``: no event that was here may be gone afterwards.

    ``wants_clean``: a person would commit before, and mostly does. ``moves``: it may change what people edited.
    """

    name: str
    weight: int
    run: Run
    writes: bool = False
    keeps: bool = False
    wants_clean: bool = False

    @property
    def moves(self) -> bool:
        """Whether git, or whoever removes files, may change readable files: the journal itself never may."""
        return self.run.__module__ not in ("tests.fuzz.journal_operations", "tests.fuzz.stream_operations")
