"""Real git in random sequences: no conflict in the truth, no event ignored, one state for one set of events."""

import contextlib
import random
import traceback

import pytest

from journal.format import names
from tests.fuzz.runner import Failure, plan, run, shrink
from tests.fuzz.world import PLAIN, Kit
from tests.support.lfs import HAS_GIT_LFS, WHY_NOT
from tests.support.stores import IS_SOAK

SEEDS = (1, 2, 3)
STEPS = 60
EQUIPPED_SEED, EQUIPPED_STEPS = 5, 14
LFS_SEED, LFS_STEPS = 2, 40
SOAK_SEEDS, SOAK_STEPS, SHRINKING_RUNS = 40, 200, 80


def _told(seed: int, steps: int, failure: Failure, kit: Kit = PLAIN) -> str:
    """Return what was done up to a failure, as a short sequence, and how to run it again."""
    kept, shorter = shrink(seed, plan(seed, steps), failure, SHRINKING_RUNS, kit)
    trace = "".join(traceback.format_exception(shorter.error))
    numbers = " ".join(str(step.number) for step in kept)
    said = "\n".join(shorter.said)
    again = f"python -m tests.fuzz --seed {seed} --steps {steps}{' --equipped' * kit.hooks}{' --lfs' * kit.lfs}"
    return f"{failure.error}\n{said}\n{trace}\nsteps {numbers} of: {again}"


@pytest.mark.parametrize("seed", SEEDS)
def test_git_in_random_order(seed):
    failure = run(seed, plan(seed, STEPS))
    assert failure is None, _told(seed, STEPS, failure)


def test_git_in_random_order_with_our_hooks_and_driver():
    kit = Kit(hooks=True)
    failure = run(EQUIPPED_SEED, plan(EQUIPPED_SEED, EQUIPPED_STEPS), kit)
    assert failure is None, _told(EQUIPPED_SEED, EQUIPPED_STEPS, failure, kit)


@pytest.mark.skipif(not HAS_GIT_LFS, reason=WHY_NOT)
def test_git_in_random_order_with_git_lfs():
    kit = Kit(lfs=True)
    failure = run(LFS_SEED, plan(LFS_SEED, LFS_STEPS), kit)
    assert failure is None, _told(LFS_SEED, LFS_STEPS, failure, kit)


@pytest.mark.soak
@pytest.mark.parametrize("kit", [PLAIN, Kit(hooks=True), Kit(lfs=HAS_GIT_LFS), Kit(hooks=True, lfs=HAS_GIT_LFS)])
def test_git_in_random_order_for_long(kit):
    """Thousands of steps; other seeds on every run with JOURNAL_SOAK=1."""
    first = random.SystemRandom().randrange(10**6) if IS_SOAK else 1000
    for seed in range(first, first + SOAK_SEEDS):
        print(f"seed {seed}")
        failure = run(seed, plan(seed, SOAK_STEPS), kit)
        assert failure is None, _told(seed, SOAK_STEPS, failure, kit)


def test_two_work_trees_that_write_in_one_lane_are_noticed(monkeypatch):
    """What the fuzzer is for: it must see a fault that is there."""
    monkeypatch.setattr("tests.fuzz.runner._known_lanes", lambda seed: _one_lane(monkeypatch))
    failure = run(1, plan(1, STEPS))
    assert failure is not None
    assert "two contents" in str(failure.error) or "two records" in str(failure.error)
    assert failure.said


def test_a_failure_is_told_by_a_shorter_sequence(monkeypatch):
    monkeypatch.setattr("tests.fuzz.runner._known_lanes", lambda seed: _one_lane(monkeypatch))
    failure = run(1, plan(1, STEPS))
    assert failure is not None
    kept, shorter = shrink(1, plan(1, STEPS), failure, 4)
    assert len(kept) < STEPS / 2
    assert shorter.kind == failure.kind


@contextlib.contextmanager
def _one_lane(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(names, "lane_from", lambda _: "aaaaaaaaaaaaa")
        yield


def test_a_seed_makes_the_same_plan_again():
    assert plan(7, 30) == plan(7, 30) != plan(8, 30)
