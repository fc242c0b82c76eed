"""An operation of the fuzzer, as data."""

import random
from collections.abc import Callable
from typing import NamedTuple

from tests.fuzz.places import Place
from tests.fuzz.world import World

Run = Callable[[World, Place, random.Random], None]


class Operation(NamedTuple):
    """``writes``: it may make events. ``keeps``: no event that was here may be gone afterwards.

    ``wants_clean``: a person would commit before, and mostly does.
    """

    name: str
    weight: int
    run: Run
    writes: bool = False
    keeps: bool = False
    wants_clean: bool = False
