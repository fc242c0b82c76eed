"""Taking times side by side: contenders take turns, round by round, so that a slow moment hits all of them."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Act = Callable[[int], Any]
"""One measured operation; it is told the number of its round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    ``ratio`` is the median of the ratios of each round's pair, ours by the peer's. ``is_reached`` is None where
    there is no target: such a row is an extra.
    """

    key: str
    what: str
    ours: float | None
    unit: str
    peer: str = ""
    theirs: float | None = None
    ratio: float | None = None
    target: str = ""
    is_reached: bool | None = None
    note: str = ""


@dataclass(slots=True)
class Times:
    """Milliseconds of each contender, round by round."""

    by_name: dict[str, list[float]] = field(default_factory=dict)

    def median(self, name: str) -> float:
        """Return a contender's median."""
        return statistics.median(self.by_name[name])

    def ratio(self, name: str, other: str) -> float:
        """Return the median of the ratios of the pairs."""
        return ratio_of(self.by_name[name], self.by_name[other])

    def __contains__(self, name: str) -> bool:
        return name in self.by_name


def ratio_of(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios of each pair."""
    return statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))


def take_turns(contenders: Mapping[str, Act | None], rounds: int, *, warm: int = 2) -> Times:
    """Run every contender once a round, each round beginning with another; the first ``warm`` rounds do not count.

    A contender that is None (a peer that is not installed) takes no part.
    """
    acts = [(name, act) for name, act in contenders.items() if act is not None]
    times = Times({name: [] for name, _ in acts})
    for number in range(warm + rounds):
        at = number % len(acts)
        for name, act in acts[at:] + acts[:at]:
            start = time.perf_counter_ns()
            act(number)
            elapsed = time.perf_counter_ns() - start
            if number >= warm:
                times.by_name[name].append(elapsed / 1e6)
    return times


def timed(act: Callable[[], Any]) -> float:
    """Return how many milliseconds a call takes."""
    start = time.perf_counter_ns()
    act()
    return (time.perf_counter_ns() - start) / 1e6


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value below which so many percent of all lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def run(*command: str, folder: str | None = None, env: dict[str, str] | None = None) -> str:
    """Run a program and return what it printed; RuntimeError with its complaint where it fails."""
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:6])} … ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def worker(kind: str, *arguments: object) -> list[str]:
    """Return the command that runs a function of ``workers.py`` in a process of its own."""
    return [sys.executable, "-m", "tests.benchmark.workers", kind, *map(str, arguments)]
