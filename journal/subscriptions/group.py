"""What a cursor knows: a group of competing consumers as a value, and what each step makes of it. Pure.

An event is in one of five places, and a step moves it:

| place | what it means | leaves by |
|---|---|---|
| to come | not in ``taken`` | ``arrive`` |
| waiting | in ``work`` without a holder: due once its time has come | ``claim`` |
| claimed | in ``work`` with a holder | ``acknowledge``, ``retry``, ``park``; ``claim``, once its lease or holder ends |
| parked | it failed too often, or somebody said so | ``replay``, ``acknowledge`` |
| done | in ``taken`` and nowhere else | never |

So nothing is lost whatever happens to consumers: what is not acknowledged or parked is delivered again.

**Clocks.** Times are seconds of the machine's own clock, which may jump. A lease and a wait hold only while the clock
is between their beginning and their end: one that jumps forward ends them early, one that jumps back ends
them at once. At worst an event is delivered again.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from journal.format.segment import Vector
from journal.state import vector
from journal.state.vector import EventId

_Item = TypeVar("_Item")


class Work(NamedTuple):
    """An event that is claimed by ``holder`` from ``since`` until ``until``; no holder: it waits for that long."""

    attempts: int
    holder: str
    since: float
    until: float


class Parked(NamedTuple):
    """An event that is not delivered any more, until somebody says so. ``cause`` is the name of an error, or empty."""

    attempts: int
    at: float
    cause: str


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a claim holds, how long a failed event waits, and when it is parked."""

    lease_seconds: float = 60.0
    retry_seconds: float = 1.0
    retry_seconds_max: float = 300.0
    attempts_max: int = 5

    def backoff_seconds(self, attempts: int) -> float:
        """Return how long an event waits after so many attempts: twice as long each time, up to a limit."""
        return float(min(self.retry_seconds_max, self.retry_seconds * 2.0 ** min(attempts - 1, 60)))


@dataclass(frozen=True, slots=True)
class Group:
    """See the module. ``reported`` are the ids that were told as a gap already."""

    taken: Vector = field(default_factory=dict)
    work: Mapping[EventId, Work] = field(default_factory=dict)
    parked: Mapping[EventId, Parked] = field(default_factory=dict)
    reported: Vector = field(default_factory=dict)

    @property
    def done(self) -> Vector:
        """The ids that are done with."""
        return vector.subtract(self.taken, ids_of([*self.work, *self.parked]))


_IDLE = Work(0, "", 0.0, 0.0)


def arrive(group: Group, ids: Iterable[EventId], through: Vector) -> Group:
    """Take what is in ``through``: the events ``ids`` are to be delivered, the rest is passed over."""
    fresh = {id: _IDLE for id in ids if not vector.contains(group.taken, *id)}
    taken = vector.union(group.taken, through)
    if not fresh and taken == group.taken:
        return group
    return replace(group, taken=taken, work={**group.work, **fresh})


def due(group: Group, now: float, is_alive: Callable[[str], bool]) -> list[EventId]:
    """Return the events that may be claimed now, in the total order."""
    return sorted(id for id, work in group.work.items() if _is_due(work, now, is_alive))


def next_due(group: Group, now: float, here: Vector) -> float | None:
    """Return when the next event of those ``here`` becomes due by itself; None if none does."""
    times = (max(now, work.until) for id, work in group.work.items() if vector.contains(here, *id))
    return min(times, default=None)


def claim(
    group: Group, ids: Collection[EventId], holder: str, now: float, policy: Policy
) -> tuple[Group, list[EventId]]:
    """Let a consumer have events that are due; return those it gets.

    One whose last attempt went without a word (its consumer died, or its lease ended) has had that attempt all the
    same: after the last it is parked, so that an event that kills its consumers does not do so for ever.
    """
    work, parked, got = dict(group.work), dict(group.parked), []
    for id in ids:
        before = work[id]
        if before.attempts >= policy.attempts_max:
            del work[id]
            parked[id] = Parked(before.attempts, now, "")
        else:
            work[id] = Work(before.attempts + 1, holder, now, now + policy.lease_seconds)
            got.append(id)
    return replace(group, work=work, parked=parked), got


def acknowledge(group: Group, ids: Iterable[EventId]) -> Group:
    """Be done with events, whoever holds them by now; parked ones too. Doing so twice changes nothing."""
    gone = set(ids)
    if not any(id in group.work or id in group.parked for id in gone):
        return group
    return replace(group, work=_without(group.work, gone), parked=_without(group.parked, gone))


def retry(group: Group, id: EventId, holder: str, now: float, policy: Policy, cause: str) -> Group:
    """Give an event back that failed: it waits, or is parked if that was the last attempt.

    Of one that this consumer does not hold any more nothing changes: another may be at it.
    """
    work = group.work.get(id)
    if work is None or work.holder != holder:
        return group
    if work.attempts >= policy.attempts_max:
        return park(group, id, holder, now, cause)
    waiting = Work(work.attempts, "", now, now + policy.backoff_seconds(work.attempts))
    return replace(group, work={**group.work, id: waiting})


def park(group: Group, id: EventId, holder: str, now: float, cause: str) -> Group:
    """Deliver an event no more until it is replayed. Of one that this consumer does not hold nothing changes."""
    work = group.work.get(id)
    if work is None or work.holder != holder:
        return group
    parked = {**group.parked, id: Parked(work.attempts, now, cause)}
    return replace(group, work=_without(group.work, {id}), parked=parked)


def release(group: Group, ids: Iterable[EventId], holder: str, *, is_untried: bool) -> Group:
    """Give events back unfinished: due at once. ``is_untried``: the claim does not count as an attempt."""
    mine = {id: group.work[id] for id in ids if id in group.work and group.work[id].holder == holder}
    if not mine:
        return group
    idle = {id: _IDLE._replace(attempts=work.attempts - is_untried) for id, work in mine.items()}
    return replace(group, work={**group.work, **idle})


def replay(group: Group, ids: Iterable[EventId] | None = None) -> Group:
    """Deliver parked events again, all or some, with their attempts counted anew."""
    chosen = set(group.parked if ids is None else ids) & set(group.parked)
    if not chosen:
        return group
    work = {**group.work, **dict.fromkeys(chosen, _IDLE)}
    return replace(group, work=work, parked=_without(group.parked, chosen))


def report(group: Group, gap: Vector) -> Group:
    """Note that a gap was told. What has come back since is told again should it leave again."""
    return group if gap == group.reported else replace(group, reported=gap)


def ids_of(ids: Iterable[EventId]) -> Vector:
    """Return event ids as a vector."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for seq, lane in sorted(ids):
        own = spans.setdefault(lane, [])
        if own and seq <= own[-1][1] + 1:
            own[-1] = (own[-1][0], seq)
        else:
            own.append((seq, seq))
    return {lane: tuple(own) for lane, own in spans.items()}


def _is_due(work: Work, now: float, is_alive: Callable[[str], bool]) -> bool:
    if not work.since <= now < work.until:
        return True
    return bool(work.holder) and not is_alive(work.holder)


def _without(items: "Mapping[EventId, _Item]", gone: Collection[EventId]) -> "dict[EventId, _Item]":
    return {id: item for id, item in items.items() if id not in gone}
