"""The way back: what a run wrote is undone by new events, so that nothing is lost, neither its events nor later ones.

An entity that the run made is deleted; one that it changed gets back, in the fields that the run changed, what it had
before. Where people changed the same since, it stays as it is, and is told.

Crash argument: each transaction carries the note that says which run it takes back. Where it was cut off, it is run
again: an entity that has an event of the way back is passed over, so each is undone once.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import islice
from typing import NamedTuple

from journal.errors import ExpectationError, NotFoundError
from journal.format.segment import Vector
from journal.index.records import read_record
from journal.index.view import Key, View
from journal.state import vector
from journal.store.batch import Delete, Note, Operation
from journal.store.engine import Engine
from journal.store.history import event_at, places_between
from journal.store.looking_back import look_back
from journal.store.reverting import undo_of
from journal.upkeep.importing import NOTE
from journal.upkeep.migrating.earlier import Run, read_earlier
from journal.upkeep.migrating.model import Migration, Problem, Problems
from journal.upkeep.migrating.running import Wishes

ENTITIES_AT_ONCE = 256


def list_runs(engine: Engine) -> list[Run]:
    """Return the runs of migrations, oldest first."""
    return list(look_back(engine, read_earlier).runs.values())


def undo(engine: Engine, id: str | None, wishes: Wishes) -> Migration:
    """Take back a run, the latest that stands where none is named. Raises NotFoundError.

    ``types`` of the result counts ``delete``, ``update`` (fields, or the whole entity, as before) and ``kept``.
    """
    runs = list_runs(engine)
    run = _chosen(runs, id)
    found = Migration(run.source, wishes.dry_run, run.id)
    if run.is_undone:
        return found
    void = reduce(
        vector.union, [part for one in runs if one.is_undone for part in (one.wrote, one.undone)], vector.EMPTY
    )
    keys = look_back(engine, lambda view: _keys(view, run.wrote))
    problems = Problems()
    done, waiting = 0, iter(keys)
    with engine.deferring_projections():
        while part := list(islice(waiting, ENTITIES_AT_ONCE)):
            done += len(part)
            _undo_part(engine, _Way(run, void, wishes), part, done, found, problems)
            if wishes.progress is not None:
                wishes.progress("undo", done, len(keys))
        if not wishes.dry_run:
            data = {"source": run.source, "run": run.id, "offset": done, "undoes": True, "is_last": True}
            engine.write([Note(note=NOTE, data=data, actor=wishes.actor)])
    found.problems, found.problem_counts = problems.listed, problems.counts
    return found


def _chosen(runs: Sequence[Run], id: str | None) -> Run:
    hint = "journal migrate runs lists them"
    if id is not None:
        named = [run for run in runs if run.id == id]
        if not named:
            raise NotFoundError(f"there is no run {id!r}", hint=hint)
        return named[0]
    standing = [run for run in runs if not run.is_undone]
    if not standing:
        raise NotFoundError("there is no run to undo", hint=hint)
    return standing[-1]


def _keys(view: View, wrote: Vector) -> list[Key]:
    """Return the entities that a run wrote, in the order in which it did."""
    keys: dict[Key, None] = {}
    for lane, spans in wrote.items():
        for low, high in spans:
            for place in places_between(view, lane, low, high):
                record = read_record(view, place)
                if record is not None and record["kind"] == "entity":
                    keys[record["type"], record["id"]] = None
    return list(keys)


class _Way(NamedTuple):
    """Which run is taken back, and how; ``void``: the events of others that were, which change nothing together."""

    run: Run
    void: Vector
    wishes: Wishes


def _undo_part(engine: Engine, way: _Way, part: list[Key], offset: int, found: Migration, problems: Problems) -> None:
    run, _, wishes = way
    decided: list[tuple[Key, Operation | str]] = []

    def decide(view: View) -> list[Operation]:
        decided[:] = list(_decided(view, way, part))
        changes = [what for _, what in decided if not isinstance(what, str)]
        if not changes:
            return []
        data = {"source": run.source, "run": run.id, "offset": offset, "undoes": True}
        return [*changes, Note(note=NOTE, data=data, actor=wishes.actor)]

    if wishes.dry_run:
        look_back(engine, decide)
    else:

        def listed(view: View) -> list[Operation]:
            engine.indexing.list_events()
            return decide(view)

        found.transactions += bool(engine.write(listed)[0])
    for key, what in decided:
        word = "kept" if isinstance(what, str) else "delete" if isinstance(what, Delete) else "update"
        found.types.setdefault(key[0], Counter())[word] += 1
        found.events += word != "kept"
        if isinstance(what, str):
            problems.add(Problem("overlap", f"{key[0]}/{key[1]}", None, what))


def _decided(view: View, way: _Way, part: list[Key]) -> Iterator[tuple[Key, Operation | str]]:
    """Yield what undoes the run's events of each entity, or why it is kept; nothing where it is undone already."""
    run, void, wishes = way
    summary = f"migration {run.id} taken back"
    for key in part:
        places = view.events_of(key)
        if any(vector.contains(run.undone, place.seq, place.lane) for place in places):
            continue
        events = [event_at(view, place) for place in places if vector.contains(run.wrote, place.seq, place.lane)]
        try:
            operation = undo_of(
                view, key, events, force=wishes.force, actor=wishes.actor, summary=summary, ignored=void
            )
        except ExpectationError as error:
            yield key, error.message
            continue
        if operation is not None:
            yield key, operation
