"""What earlier runs brought in, as their notes say: which events are theirs, and how far a source was read.

Every transaction of a migration ends in a note ``import`` (docs/format.md): its ``source``, the ``run``, and the
``offset`` up to which the source is done with it. ``of``: the commit that the transaction stands for; ``tip``: the one
up to which the run reads (``anew``: tips before it do not count); ``is_last``: the run is finished; ``undoes``: the
transaction takes a run back; ``merged``: so many of its records, the last ones before the note, changed only the fields
that the source had changed, beside changes that people made here. Their images are not what the source said, but what
their ``set`` and ``unset`` name is.
"""

from dataclasses import dataclass, field
from typing import Any

from journal.format.record import DELETE, Record
from journal.format.segment import Vector
from journal.index.records import read_record
from journal.index.view import Key, View
from journal.state import vector
from journal.state.entity import EntityState, Payload
from journal.state.value import value
from journal.upkeep.importing import NOTE
from journal.upkeep.migrating.model import Done
from journal.upkeep.migrating.planning import NEVER, Never


@dataclass(slots=True)
class Run:
    """What one run wrote. ``source``: what it read; ``done``: how far, where that has a history.

    ``undone``: the events that took it back; ``is_undone``: all of it is.
    """

    id: str
    source: str
    ts: str
    events: int = 0
    is_finished: bool = False
    is_undone: bool = False
    wrote: Vector = field(default_factory=dict)
    undone: Vector = field(default_factory=dict)
    done: Done = field(default_factory=Done)

    @property
    def counts(self) -> bool:
        """Whether it stands: nobody has begun to take it back."""
        return not self.undone


@dataclass(slots=True)
class Earlier:
    """Everything that imports and migrations wrote, and the runs, oldest first.

    ``wrote``: events after which their entity is what the source says; ``merged``: those after which it is what the
    source and people here say together. What was taken back is in neither.
    """

    wrote: Vector = field(default_factory=dict)
    merged: Vector = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)

    def last(self, source: str) -> Run | None:
        """Return the latest run of a source that stands."""
        mine = [run for run in self.runs.values() if run.source == source and run.counts]
        return mine[-1] if mine else None

    def done(self, source: str) -> Done:
        """Return how far a source with a history was read."""
        run = self.last(source)
        return run.done if run is not None else Done()

    def unfinished(self, source: str) -> Run | None:
        """Return the run of a source that was cut off, to go on with; None where there is none."""
        run = self.last(source)
        return run if run is not None and not run.is_finished else None

    def before(self, view: View, key: Key, state: EntityState | None) -> Payload | Never | None:
        """Return what a migration said of an entity last; None: that it is gone. All events must be listed."""
        if state is None:
            return NEVER
        if self.is_theirs(state):
            return value(state, view.strategies(key[0]))
        merges: list[Record] = []
        for place in reversed(view.events_of(key)):
            is_merge = vector.contains(self.merged, place.seq, place.lane)
            record = read_record(view, place) if is_merge or self.has(place.seq, place.lane) else None
            if record is None:
                continue
            if is_merge:
                merges.append(record)
            else:
                return None if record["action"] == DELETE else _with_merges(view, record, merges)
        return NEVER

    def has(self, seq: int, lane: str) -> bool:
        """Tell whether an event says of its entity what a source said."""
        return vector.contains(self.wrote, seq, lane)

    def is_theirs(self, state: EntityState) -> bool:
        """Tell whether an entity is what a source said of it last, and nobody else wrote it since."""
        return len(state.heads) == 1 and self.has(*state.event)

    def add(self, lane: str, seq: int, size: int, ts: str, data: dict[str, Any]) -> None:
        """Take in a note: the last of ``size`` records of a transaction."""
        events = vector.of(lane, seq - size + 1, seq)  # with the note, so that runs of them are one interval
        source, offset, id = data.get("source"), data.get("offset"), data.get("run")
        if type(source) is not str or type(offset) is not int or type(id) is not str:
            self.wrote = vector.union(self.wrote, events)  # an import of a trace
            return
        if id not in self.runs:
            self.runs[id] = Run(id, source, ts, done=self.done(source))
        run = self.runs[id]
        if data.get("undoes"):
            run.undone = vector.union(run.undone, events)
            run.is_undone = bool(data.get("is_last"))
            self.wrote, self.merged = vector.subtract(self.wrote, run.wrote), vector.subtract(self.merged, run.wrote)
            return
        count = data.get("merged", 0)
        merged = vector.of(lane, seq - count, seq - 1) if type(count) is int and 0 < count < size else vector.EMPTY
        self.merged = vector.union(self.merged, merged)
        self.wrote = vector.union(self.wrote, vector.subtract(events, merged))
        run.wrote = vector.union(run.wrote, events)
        run.events += size - 1
        run.is_finished = bool(data.get("is_last"))
        tip = data.get("tip")
        if type(tip) is str:
            tips = () if data.get("anew") else run.done.tips
            run.done = Done(tips if tips[-1:] == (tip,) else (*tips, tip), offset)


def _with_merges(view: View, record: Record, merges: list[Record]) -> Payload:
    said = dict(view.payload(record))
    for merge in reversed(merges):
        image = view.payload(merge)
        said |= {name: image[name] for name in merge.get("set", ()) if name in image}
        for name in merge.get("unset", ()):
            said.pop(name, None)
    return said


def read_earlier(view: View) -> Earlier:
    """Return what the notes here say. Ask within ``look_back``."""
    earlier = Earlier()
    for place in reversed(view.notes()):
        record = read_record(view, place)
        if record is not None and record.get("note") == NOTE:
            size = record["tx"][1] if "tx" in record else 1
            earlier.add(place.lane, place.seq, size, record["ts"], record["data"])
    return earlier
