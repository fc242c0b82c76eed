"""Running a sequence of steps, and finding a shorter one that fails the same way."""

import contextlib
import random
import shutil
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from journal.errors import DamagedError
from journal.format import names
from tests.fuzz import git_operations, journal_operations, remote_operations, stream_operations
from tests.fuzz.checks import check_answers, check_doctor, check_edits, check_files, check_projections, check_rebuilt
from tests.fuzz.observer_checks import check_cursor, check_view
from tests.fuzz.operation import Operation
from tests.fuzz.places import Place
from tests.fuzz.stream_checks import check_streams, check_tokens
from tests.fuzz.world import PLAIN, Kit, World

OPERATIONS = {
    operation.name: operation
    for module in (journal_operations, stream_operations, git_operations, remote_operations)
    for operation in module.OPERATIONS
}
_TIDYING = ("commit-everything", "journal-commit", "journal-commit")
_WRITING = ("put", "put", "set-fields", "set-fields", "delete", "transaction", "append", "append-once", "truncate")


class Step(NamedTuple):
    """One step of a plan; its number seeds all that is chosen in it, so that it is the same without the others."""

    number: int
    operation: str
    place: float
    looks: float
    """How closely the result is looked at."""


class Failure(NamedTuple):
    """A run that failed: the step, what was not as it must be, and all that was done."""

    step: Step | None
    error: BaseException
    said: list[str]

    @property
    def kind(self) -> str:
        """What tells this failure from others: where it was raised."""
        frames = traceback.extract_tb(self.error.__traceback__)
        return f"{type(self.error).__name__} {frames[-1].name}:{frames[-1].line}"


def plan(seed: int, steps: int) -> list[Step]:
    """Return the steps of a seed: operations by their weight, with writes and commits before those that want them."""
    chance = random.Random(seed)
    weights = [operation.weight for operation in OPERATIONS.values()]
    planned: list[Step] = []
    while len(planned) < steps:
        name, place = chance.choices(list(OPERATIONS), weights)[0], chance.random()
        before = []
        if OPERATIONS[name].wants_clean:
            before = [chance.choice(_WRITING)] if chance.random() < 0.7 else []
            before += [chance.choice(_TIDYING)] if chance.random() < 0.8 else []
        for each in (*before, name):
            planned.append(Step(len(planned), each, place, chance.random()))
    return planned[:steps]


def run(seed: int, steps: Sequence[Step], kit: Kit = PLAIN) -> Failure | None:
    """Run steps in a world of their own, equipped as asked; return what went wrong."""
    scratch = tempfile.mkdtemp(prefix="journal-fuzz-")
    world, step = None, None
    try:
        with _known_lanes(seed):
            world = World(scratch, kit)
            for place in world.places:
                check_files(world, place, writes=False, keeps=True, writer_held=0)
            for step in steps:
                _take(world, seed, step)
            step = None
            for place in world.places:
                _look(world, place, 0.0)
                world.ledger.see_history(place.folder)
            world.ledger.see_history(world.origin)
    except (Exception, KeyboardInterrupt) as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return Failure(step, error, world.said if world else [])
    finally:
        if world is not None:
            with contextlib.suppress(Exception):
                world.close()
        shutil.rmtree(scratch, ignore_errors=True)
    return None


def _take(world: World, seed: int, step: Step) -> None:
    operation: Operation = OPERATIONS[step.operation]
    place = world.places[int(step.place * len(world.places))]
    world.said.append(f"# step {step.number}: {step.operation}")
    for each in world.places:
        each.now = (step.number + 1) * 60
    held = {each.name: each.holding.all for each in world.places}
    chance = random.Random(f"{seed}/{step.number}")
    try:
        operation.run(world, place, chance)
    except DamagedError:
        if not place.holding.lost and not place.holding.has_broken_checkpoint:
            raise
    if operation.moves:
        place.edits.clear()
    for each in world.places:
        mine = each is place
        writes, keeps = operation.writes and mine, operation.keeps or not mine
        check_files(world, each, writes=writes, keeps=keeps, writer_held=held.get(each.name, 0))
    if place in world.places:
        _look(world, place, step.looks)


def _look(world: World, place: Place, closely: float) -> None:
    """Look at a place with the journal: seldom at all of it, so that what lags is met too."""
    check_edits(place)
    if closely < 0.6 or place.holding.lost:
        check_answers(world, place)
    if place.holding.lost:
        return
    if closely < 0.6:
        check_streams(world, place)
        check_tokens(world, place)
        check_view(place)
        check_cursor(place)
    if closely < 0.3:
        check_projections(world, place)
    if closely < 0.2:
        check_rebuilt(place)
    if closely < 0.05:
        check_doctor(place, verify=closely < 0.02)
    check_edits(place)


@contextlib.contextmanager
def _known_lanes(seed: int) -> Iterator[None]:
    """Lanes are random: here they come from the seed, since they decide which of two concurrent events shows."""
    chance, real = random.Random(seed), names.lane_from
    names.lane_from = lambda _: real(chance.randbytes(8))
    try:
        yield
    finally:
        names.lane_from = real


def shrink(
    seed: int, steps: Sequence[Step], failure: Failure, tries: int, kit: Kit = PLAIN
) -> tuple[list[Step], Failure]:
    """Leave out steps as long as the rest fails the same way; ``tries`` bounds the runs."""
    if failure.step is not None:
        steps = [step for step in steps if step.number <= failure.step.number]
    kept, size = list(steps), max(1, len(steps) // 2)
    while tries > 0:
        at, has_shrunk = 0, False
        while at < len(kept) and tries > 0:
            fewer = kept[:at] + kept[at + size :]
            tries -= 1
            again = run(seed, fewer, kit) if fewer else None
            if again is not None and again.kind == failure.kind:
                kept, failure, has_shrunk = fewer, again, True
            else:
                at += size
        if size == 1 and not has_shrunk:
            break
        size = max(1, size // 2)
    return kept, failure
