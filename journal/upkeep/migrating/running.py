"""One migration from beginning to end: prepare, write (or rehearse), compare."""

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import NamedTuple

from journal.store.engine import Engine
from journal.store.looking_back import look_back
from journal.store.options import Report
from journal.upkeep.checkpoint import write_checkpoint
from journal.upkeep.importing import CHECKPOINT_AFTER_EVENTS
from journal.upkeep.migrating.backup import backup_of
from journal.upkeep.migrating.earlier import Earlier, read_earlier
from journal.upkeep.migrating.model import Migration, Problems, Revision, Source
from journal.upkeep.migrating.verifying import verify
from journal.upkeep.migrating.writing import Rehearsal, Writer
from journal.upkeep.naming import name_of_now


class Wishes(NamedTuple):
    """How a migration is to be done. ``force``: the source wins where both sides changed. ``actor``: who runs it."""

    dry_run: bool = False
    force: bool = False
    actor: str | None = None
    progress: Report | None = None


class _Job(NamedTuple):
    engine: Engine
    source: Source
    earlier: Earlier
    found: Migration
    problems: Problems
    wishes: Wishes
    total: int

    def progress(self, what: str, done: int) -> None:
        if self.wishes.progress is not None:
            self.wishes.progress(what, done, max(done, self.total))

    def tell(self, revision: Revision) -> None:
        """Take in what is the matter with a revision."""
        for problem in revision.problems:
            self.problems.add(problem)


def migrate(engine: Engine, source_of: Callable[[Problems], Source], wishes: Wishes) -> Migration:
    """Bring in what a source holds and this store does not, and compare; ``source_of`` makes it, telling its problems.

    A run that was cut off is gone on with. Raises what the source's ``prepare`` does; then nothing was written.
    """
    problems = Problems()
    with closing(source_of(problems)) as source:
        return _migrate(engine, source, problems, wishes)


def _migrate(engine: Engine, source: Source, problems: Problems, wishes: Wishes) -> Migration:
    earlier = look_back(engine, read_earlier)
    done = earlier.done(source.name)
    found = Migration(source.name, wishes.dry_run, resumed_at=done.offset)
    job = _Job(engine, source, earlier, found, problems, wishes, source.prepare(done))
    if wishes.dry_run:
        _rehearse(job)
    else:
        _write(job)
        compared = verify(engine, source, earlier, problems.overlaps, partial(job.progress, "verify"))
        found.verified, found.differences = compared
    found.problems, found.problem_counts = problems.listed, problems.counts
    return found


def _rehearse(job: _Job) -> None:
    rehearsal = Rehearsal(job.earlier, job.found, job.problems, force=job.wishes.force)
    for revision in job.source.revisions():
        job.tell(revision)
        look_back(job.engine, partial(rehearsal.rehearse, revision=revision))
        job.progress("migrate", revision.offset)


def _write(job: _Job) -> None:
    found, engine = job.found, job.engine
    unfinished = job.earlier.unfinished(job.source.name)
    run = unfinished.id if unfinished is not None else name_of_now(engine.backend)
    writer = Writer(engine, job.earlier, found, job.problems, force=job.wishes.force)
    writer.begin(run, job.source.marks(), job.wishes.actor)
    offset = found.resumed_at
    with engine.deferring_projections():
        for revision in job.source.revisions():
            job.tell(revision)
            writer.write(revision)
            offset = revision.offset
            job.progress("migrate", offset)
        if found.transactions or unfinished is not None:
            found.run, found.backup = run, found.backup or backup_of(engine, run)
            writer.finish(offset)
    if found.events >= CHECKPOINT_AFTER_EVENTS:
        write_checkpoint(engine, job.wishes.actor)
