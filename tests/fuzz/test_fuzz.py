"""Real git in random sequences: no conflict in the truth, no event ignored, one state for one set of events."""

import random
import traceback

import pytest

from tests.fuzz.runner import Failure, plan, run, shrink
from tests.support.stores import IS_SOAK

SEEDS = (1, 2, 3, 4)
STEPS = 70
SOAK_SEEDS, SOAK_STEPS, SHRINKING_RUNS = 40, 200, 80


def _told(seed: int, steps: int, failure: Failure) -> str:
    """Return what was done up to a failure, as a short sequence, and how to run it again."""
    kept, shorter = shrink(seed, plan(seed, steps), failure, SHRINKING_RUNS)
    trace = "".join(traceback.format_exception(shorter.error))
    numbers = " ".join(str(step.number) for step in kept)
    said = "\n".join(shorter.said)
    again = f"python -m tests.fuzz --seed {seed} --steps {steps}"
    return f"{failure.error}\n{said}\n{trace}\nsteps {numbers} of: {again}"


@pytest.mark.parametrize("seed", SEEDS)
def test_git_in_random_order(seed):
    failure = run(seed, plan(seed, STEPS))
    assert failure is None, _told(seed, STEPS, failure)


@pytest.mark.soak
def test_git_in_random_order_for_long():
    """Thousands of steps; other seeds on every run with JOURNAL_SOAK=1."""
    first = random.SystemRandom().randrange(10**6) if IS_SOAK else 1000
    for seed in range(first, first + SOAK_SEEDS):
        print(f"seed {seed}")
        failure = run(seed, plan(seed, SOAK_STEPS))
        assert failure is None, _told(seed, SOAK_STEPS, failure)


def test_a_seed_makes_the_same_plan_again():
    assert plan(7, 30) == plan(7, 30) != plan(8, 30)
