"""Lifting what is stored: ordinary update events that write old payloads anew, at a later schema version.

Each event is decided under the lock on the entity as it stands then, so nothing that somebody wrote meanwhile is
overwritten. What is done is known by its version: a run that was cut short is simply run again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from journal.errors import RefusedError, UsageError
from journal.format import values
from journal.index.view import View
from journal.state.upcasting import Upcasters, version_of
from journal.store.batch import Put
from journal.store.engine import Engine
from journal.store.lifting import lifting_of
from journal.store.listing import all_rows
from journal.store.looking_back import look

if TYPE_CHECKING:
    from journal.index.rows import EntityRow

ACTION = "migrate"
_ENTITIES_AT_ONCE = 100


class Left(NamedTuple):
    """An entity that was left as it is, and why."""

    id: str
    why: str


@dataclass(slots=True)
class LiftedPayloads:
    """What a run did: how many entities it wrote (or would), and what it left; ``current`` are at ``to`` already."""

    type: str
    to: int
    written: int = 0
    current: int = 0
    left: list[Left] = field(default_factory=list)


def migrate_payloads(
    engine: Engine, type: str, *, to: int | None = None, dry_run: bool = False, actor: str | None = None
) -> LiftedPayloads:
    """Write every live entity of a type anew whose payload is of an earlier version than ``to`` (or the newest).

    Entities with open conflicts are left, and those that cannot be lifted. Raises UsageError where no upcaster of the
    type is registered.
    """
    upcasters = lifting_of(engine).all()
    newest = upcasters.newest(type)
    if newest is None:
        hint = "upcasters come from installed packages (docs/payloads.md), or from the program that registers them"
        raise UsageError(f"no upcaster of {type!r} is registered here", hint=hint)
    target = newest if to is None else to
    if not 1 <= target <= newest:
        raise UsageError(f"the upcasters of {type!r} lead up to version {newest}, not to {target}")
    done = LiftedPayloads(type, target)
    rows = look(engine, lambda view: list(all_rows(view, type, deleted=False)))
    old = [row.id for row in rows if _is_old(row, done)]
    step = _Step(engine, upcasters, done, actor, dry_run)
    with engine.deferring_projections():
        for start in range(0, len(old), _ENTITIES_AT_ONCE):
            step.lift(old[start : start + _ENTITIES_AT_ONCE])
            if engine.options.progress is not None:
                engine.options.progress("migrate payloads", min(start + _ENTITIES_AT_ONCE, len(old)), len(old))
    return done


def _is_old(row: "EntityRow", done: LiftedPayloads) -> bool:
    """Tell whether a payload is to be lifted; one that says no version is looked at, and told."""
    version = version_of(values.decode(row.data or "{}"))
    if version is not None and version >= done.to:
        done.current += 1
        return False
    return True


class _Step:
    """One transaction after the other."""

    def __init__(
        self, engine: Engine, upcasters: Upcasters, done: LiftedPayloads, actor: str | None, dry_run: bool
    ) -> None:
        self._engine, self._upcasters, self._done = engine, upcasters, done
        self._actor, self._is_dry_run = actor, dry_run

    def lift(self, ids: Sequence[str]) -> None:
        """Lift entities in one transaction; where it is refused, one by one, so that one costs none of the others."""
        left = len(self._done.left)
        try:
            if self._is_dry_run:
                with self._engine.reading() as view:
                    self._done.written += len(self._decide(view, ids))
            else:
                written, _ = self._engine.write(lambda view: self._decide(view, ids))
                self._done.written += len(written)
        except RefusedError as error:
            del self._done.left[left:]
            if len(ids) == 1:
                self._done.left.append(Left(ids[0], error.message))
            else:
                for id in ids:
                    self.lift([id])

    def _decide(self, view: View, ids: Sequence[str]) -> list[Put]:
        """Return the writes of a transaction, as the entities stand now."""
        return [put for id in ids if (put := self._put(view, id)) is not None]

    def _put(self, view: View, id: str) -> Put | None:
        done = self._done
        row = view.row((done.type, id))
        if row is None or row.data is None:
            return None
        if row.conflicts:
            done.left.append(Left(id, "it has open conflicts: settle them first"))
            return None
        written = values.decode(row.data)
        lifted = self._upcasters.lift(done.type, written, target=done.to)
        if lifted.error is not None:
            done.left.append(Left(id, lifted.error))
        if lifted.lifted_from is None:
            return None
        summary = f"schema_version {lifted.lifted_from} to {done.to}"
        return Put(type=done.type, id=id, data=lifted.data, action=ACTION, summary=summary, actor=self._actor)
