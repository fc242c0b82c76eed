"""One transaction: decide and append under the writer lock, make it durable, acknowledge.

Journal first: nothing derived is touched before the records are durable, and nothing that happens to derived files
later can fail the mutation. Where nothing derived is due, and no block of the caller's holds the lock, the lock is left
before the sync (``store.lanes`` says why that is safe): the next writer goes on meanwhile. Threads of this process are
kept out until then, so that none of them is shown what may yet be lost.
"""

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

from journal.errors import NotAppliedError
from journal.index.view import View
from journal.state.entity import Past
from journal.store.batch import Batch, Operation, Written
from journal.store.breakage import breakage_before
from journal.store.engine import Decide, Engine
from journal.store.expectation import Conflict
from journal.store.not_applied import nothing_applied
from journal.store.recording import encode_lines, take_in, time_stamp, written_of
from journal.store.streams.appending import Append

if TYPE_CHECKING:
    from journal.store.lanes import Target

Done = tuple[list[Written], Conflict | None]


def write(engine: Engine, operations: Sequence[Operation] | Decide, *, history: bool = False) -> Done:
    """Write operations as one transaction and return its records.

    A Conflict comes back as a value, and nothing was written. ``operations`` may be a function of the view, called
    under the lock: read, decide, write, with nobody between. ``history``: it asks for the places of events too.
    """
    with engine.entered():
        is_within = engine.is_locked
        lanes, _ = engine.lanes, engine.schemas  # made, and their modules loaded, before the lock is taken
        with engine.holding():
            done = _append(engine, operations, history=history)
            view = engine.indexing.view
            is_due = view is not None and engine.is_flush_due(view)
            if is_within or is_due or not lanes.may_settle_later:
                _settle(engine)
            if is_due and view is not None:
                engine.follow(view)
        _settle(engine)
        if engine.outbox is not None:
            engine.outbox.add(done[0])
    return done


def _append(engine: Engine, operations: Sequence[Operation] | Decide, *, history: bool) -> Done:
    indexing = engine.indexing
    try:
        with nothing_applied():
            view = indexing.bring_forward(syncs=False)
            if history or (not callable(operations) and any(isinstance(item, Append) for item in operations)):
                view = engine.listed(view)
            asked = operations(view) if callable(operations) else operations
            if isinstance(asked, Conflict):
                return [], asked
            target = engine.lanes.target(view, indexing.tail.standing)
            _refuse_lost_lock(engine)
            past = Past(target.lane, target.section.first, target.section.sees)
            batch = Batch(view, target.lane, target.seq, past, engine.schemas.that_refuses)
            conflict = batch.add(asked)
            if conflict is not None or not batch.drafts:
                return [], conflict
            return _record(engine, view, target, batch), None
    except sqlite3.DatabaseError as error:
        told = breakage_before(error, indexing, engine.local)  # once it is appended, no error of the index comes here
        if told is error:
            raise
        raise told from error
    finally:
        # Whatever was told or refused by now may rest on what others have written and not yet synced.
        if not engine.lanes.is_unsettled:
            _settle_tail(engine)


def _refuse_lost_lock(engine: Engine) -> None:
    """Refuse to go on where ``local/`` was removed since the lock was taken: another process may hold a new one.

    It is asked once the target is chosen. Who locks a new file only after that begins a lane of its own, and what both
    write is concurrent, as in two clones. Who had done so before might have begun just the lane that is joined here.
    """
    if engine.lock_seen is not None and not engine.has_local():
        raise NotAppliedError("the local folder was removed while it was locked; nothing was applied", hint="try again")


def _record(engine: Engine, view: View, target: "Target", batch: Batch) -> list[Written]:
    """Append the records that a batch decided on, and note them in the view."""
    if target.header is not None:
        _settle_tail(engine)
    now = time_stamp(engine.backend.clock)
    lines = encode_lines(engine.backend, engine.root, engine.writer, target, batch.drafts, now)
    stat = engine.lanes.append(view, target, lines.text, target.seq + len(lines.lengths) - 1)
    try:
        take_in(view, target, batch.drafts, lines, stat)
    except sqlite3.Error:
        # It is appended, so it happens: only the index fails, and that is made anew.
        engine.indexing.distrust()
    return written_of(view, batch.drafts, target, lines, now, engine.writer)


def _settle_tail(engine: Engine) -> None:
    """Make durable what others have written and this rests on. Raises NotAppliedError where it may be lost."""
    if not engine.indexing.settle_tail():
        engine.indexing.drop()
        raise NotAppliedError(
            "what another process has written could not be made durable; nothing was applied",
            hint="look at the disk, then try again",
        )


def _settle(engine: Engine) -> None:
    """Make durable what was appended. Raises OutcomeUnknownError, and nobody is shown it then."""
    if not engine.lanes.is_unsettled:
        return
    try:
        engine.lanes.settle()
    except BaseException:
        engine.indexing.drop()
        raise
    engine.indexing.tail.settled()
