"""One open store: keeps index, lane, lock and projections together, for reading and for writing.

Reading never waits for a writer: where the lock is free the index is brought forward, where it is not the gap
is folded over it in memory. Writing is journal first: nothing derived is touched before the records are durable,
and nothing that happens to derived files later can fail the mutation.
"""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from journal.disk.files import Files
from journal.disk.gitdir import HeadWatch, find_git
from journal.disk.lock import StoreLock
from journal.errors import ClosedError, JournalError
from journal.format import record as records
from journal.format import values
from journal.format.limits import PAYLOAD_BYTES_INLINE_MAX
from journal.index.bounds import Bounds
from journal.index.catchup import catch_up, compare
from journal.index.database import MEMORY, Index
from journal.index.loading import NeedsRebuildError
from journal.index.places import list_events
from journal.index.rebuild import Progress, rebuild
from journal.index.rows import Location
from journal.index.view import Event, Key, View, checksum_on, with_stat
from journal.projections.printer import Printer
from journal.segments.folders import SEGMENTS, Listing
from journal.segments.tip import Tip
from journal.state.entity import Past
from journal.store.batch import Batch, Draft, Operation
from journal.store.blobs import write_blob
from journal.store.config import Config, read_config
from journal.store.freshness import Freshness
from journal.store.home import INDEX_FILE, LOCK_FILE, claim, is_made_here
from journal.store.lanes import Lanes, Target
from journal.store.layout import LOCAL, check_store, ensure_local
from journal.store.machine_made import is_machine_made
from journal.store.model import Conflict
from journal.store.printing import Printing

FLUSH_AFTER_EVENTS = 256
"""A lazy writer brings the index forward at least after so many events."""


class Options(NamedTuple):
    """How one opening of a store behaves; None: as ``journal.toml`` says."""

    durability: str | None = None
    projections: str | None = None
    lock_timeout_seconds: float | None = 30.0
    progress: Callable[[str, int, int], None] | None = None


class Engine:
    """See the module. Safe for several threads; dead in a forked child."""

    def __init__(self, files: Files, root: str, options: Options) -> None:
        check_store(files, root)
        self.files, self.root, self.options = files, root, options
        self.config: Config = read_config(files, root)
        self.local = ensure_local_or_none(files, root)
        self.freshness = Freshness(files, root)
        self.lock = StoreLock(os.path.join(root, LOCAL, LOCK_FILE))
        self._threads = threading.RLock()
        self._pid = os.getpid()
        self._writer = f"w_{self._pid}-{os.urandom(4).hex()}"
        self._is_closed = False
        self._is_locked = False
        self.git = find_git(files, os.path.dirname(root))
        syncs = (options.durability or self.config.durability) == "sync"
        self._is_eager = (options.projections or self.config.projections) == "eager"
        self.lanes = Lanes(
            files,
            root,
            os.path.join(root, LOCAL),
            self.config.store,
            HeadWatch(files, self.git),
            roll_bytes=self.config.roll_bytes,
            syncs=syncs,
        )
        self.printer = Printer(files, root, self.config.fanout, self._is_machine_made)
        self.printing = Printing(files, root, self.config.fanout, self.printer)
        self._has_looked_at_projections = False
        self._view: View | None = None
        self._is_private = False
        self._tip: Tip | None = None
        self.unsynced: str | None = None
        """A segment whose end could not be synced before it was served (a read-only disk), if any."""

    # -- life -----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _entered(self) -> Iterator[None]:
        if self._is_closed or os.getpid() != self._pid:
            why = "was closed" if self._is_closed else "belongs to the parent of this process; open it again here"
            raise ClosedError(f"the journal {why}")
        with self._threads:
            yield

    @contextlib.contextmanager
    def locked(self, timeout_seconds: float | None = None) -> Iterator[None]:
        """Hold the writer lock. Raises LockTimeoutError. Reentrant within a thread."""
        with self._entered():
            if self._is_locked:
                yield
                return
            ensure_local(self.files, self.root)
            timeout = timeout_seconds if timeout_seconds is not None else self.options.lock_timeout_seconds
            with self.lock.held(timeout):
                self._is_locked = True
                try:
                    self._make_home()
                    yield
                finally:
                    self._is_locked = False

    def _make_home(self) -> None:
        """Under the lock: make sure that ``local/`` is ours, and nothing foreign in it counts."""
        if self._view is not None and not self._is_private and self._view.index.path != MEMORY:
            return
        local = os.path.join(self.root, LOCAL)
        if not is_made_here(self.files, local):
            claim(self.files, local)
        if self._view is not None and self._is_private:
            self._drop_view()

    def close(self) -> None:
        """Bring index and projections up to date if the lock is free, and close everything."""
        if self._is_closed or os.getpid() != self._pid:
            return
        with self._threads:
            with contextlib.suppress(JournalError, OSError, sqlite3.Error):
                self.settle()
            self._is_closed = True
            self._drop_view()
            self.lanes.close()
            self.lock.close()

    def _drop_view(self) -> None:
        if self._view is not None:
            self._view.index.close()
        self._view = None
        self._is_private = False

    # -- reading --------------------------------------------------------------------------------

    @contextlib.contextmanager
    def reading(self, *, history: bool = False) -> Iterator[View]:
        """Give a view that holds everything acknowledged before this call; ``history``: places of events too."""
        with self._entered():
            if self._is_locked:
                self._bring_forward()
            elif not self._is_fresh() or not self._are_projections_settled():
                self._catch_up_unlocked()
            view = self._view
            assert view is not None
            if history:
                self._list_events(view)
            yield view

    def own_segment(self) -> str | None:
        """Return the newest segment of this work tree's lane, if its memory says so."""
        tip = self.lanes.tip()
        return tip.segment if tip is not None else None

    def _is_fresh(self) -> bool:
        view = self._view
        if view is None or view.is_overtaken():
            return False
        listing, is_new = self.freshness.look(self._open_segment())
        if is_new:
            return not any(compare(view, listing))
        name = self._open_segment()
        if name is None:
            return True
        facts, stat = view.facts.get((SEGMENTS, name)), listing.get((SEGMENTS, name))
        return facts is not None and stat is not None and facts.size == stat.size and facts.inode == stat.inode

    def _are_projections_settled(self) -> bool:
        """Look once, when the store is opened, whether projections were removed or replaced."""
        view = self._view
        if self._has_looked_at_projections or view is None or self._is_private:
            return True
        self._has_looked_at_projections = True
        return not view.index.unprinted() and not self.printing.has_moved(view)

    def _open_segment(self) -> str | None:
        return self._tip.segment if self._tip is not None else None

    def _catch_up_unlocked(self) -> None:
        """Bring the index forward if the lock is free; else fold the gap in memory."""
        if self._try_locked():
            return
        view = self._view
        if view is None or view.is_overtaken():
            view = self._reopen(read_only=True)
        self._tip = self.lanes.tip()
        listing, _ = self.freshness.look(None)
        self._sync_tail(listing)
        try:
            if compare(view, listing).left and not self._is_private:
                view = self._go_private(view)
            catch_up(view, listing, self._bounds)
        except NeedsRebuildError:
            self._rebuild(self._go_private(view), listing)

    def _try_locked(self) -> bool:
        try:
            ensure_local(self.files, self.root)
            if not self.lock.try_acquire():
                return False
        except OSError:
            return False  # a read-only disk
        try:
            self._is_locked = True
            self._make_home()
            view = self._bring_forward()
            self._has_looked_at_projections = True
            self.printing.mark_moved(view)
            self.flush()
        except sqlite3.OperationalError:
            return False
        finally:
            self._is_locked = False
            self.lock.release()
        return True

    def _go_private(self, view: View) -> View:
        if self._is_private:
            return view
        private = View(self.files, self.root, view.index.private_copy(), self.config.strategies)
        view.index.close()
        self._view, self._is_private = private, True
        return private

    def _reopen(self, *, read_only: bool) -> View:
        """Open the index as it is; one that is missing, foreign or broken gives an empty one."""
        self._drop_view()
        path = os.path.join(self.root, LOCAL, INDEX_FILE)
        index: Index | None = None
        found = self.files.stat(path)
        if read_only:
            usable = found is not None and found.kind == "file"
            if usable and is_made_here(self.files, os.path.join(self.root, LOCAL)):
                with contextlib.suppress(sqlite3.Error):
                    index = Index(path, read_only=True)
            self._is_private = index is None
            index = index or Index(MEMORY)
        else:
            index = self._open_index(path)
        view = View(self.files, self.root, index, self.config.strategies)
        self._view = view
        if view.index.meta("built_for") != self._built_for():
            if read_only and not self._is_private:
                view = self._go_private(view)
            listing, _ = self.freshness.look(None)
            self._rebuild(view, listing)
        return view

    def _open_index(self, path: str) -> Index:
        found = self.files.stat(path)
        if found is not None and found.kind == "file":
            with contextlib.suppress(sqlite3.Error):
                return Index(path)
        # A cache that cannot be used is dropped; a link goes, what it leads to stays.
        for suffix in ("", "-wal", "-shm", "-journal"):
            self.files.remove(path + suffix)
        return Index(path)

    def _built_for(self) -> str:
        """What an index depends on besides the truth: which store, and how it merges."""
        merges = {name: options.merge for name, options in sorted(self.config.types.items()) if options.merge}
        return f"{self.config.store} {values.checksum(merges):08x}"

    def _rebuild(self, view: View, listing: Listing) -> None:
        progress = self.options.progress
        step: Progress | None = (lambda done, of: progress("rebuild", done, of)) if progress is not None else None
        view.reload()
        rebuild(view, listing, self._bounds, step)
        with view.index.writing():
            view.index.set_meta("built_for", self._built_for())
        view.settle()

    def _bounds(self, name: str) -> Bounds:
        """What this work tree remembers of a segment's end: nothing acknowledged may be missing before it."""
        tip = self._tip
        if tip is None or tip.segment != name:
            return Bounds()
        found = self.files.stat(os.path.join(self.root, SEGMENTS, name))
        if found is None or found.inode != tip.inode:
            return Bounds()
        return Bounds(tip.seq, tip.seq if tip.is_failed else None)

    def _sync_tail(self, listing: Listing) -> None:
        """Bytes that nobody has synced yet are made durable before anyone is shown what they say."""
        tip = self._tip
        found = listing.get((SEGMENTS, tip.segment)) if tip is not None else None
        if tip is None or found is None or tip.is_failed or found.size <= tip.size or found.inode != tip.inode:
            return
        try:
            self.files.sync(os.path.join(self.root, SEGMENTS, tip.segment))
            self.unsynced = None
        except OSError:
            self.unsynced = tip.segment

    # -- bringing forward, under the lock -------------------------------------------------------

    def _bring_forward(self) -> View:
        """Under the lock: make the view hold all that is in the files."""
        view = self._view
        if view is None or self._is_private:
            view = self._reopen(read_only=False)
        elif view.is_overtaken():
            view.reload()
        elif self._is_fresh():
            return view
        self._tip = self.lanes.tip()
        listing, _ = self.freshness.look(self._open_segment())
        self._sync_tail(listing)
        try:
            catch_up(view, listing, self._bounds)
        except NeedsRebuildError:
            self._rebuild(view, listing)
        return view

    def _list_events(self, view: View) -> None:
        if all(facts.listed for facts in view.facts.values() if facts.folder != "checkpoints"):
            return
        progress = self.options.progress
        step: Progress | None = (lambda done, of: progress("history", done, of)) if progress is not None else None
        list_events(view, step)
        if self._is_locked:
            view.flush()
        elif not self._is_private and self.lock.try_acquire():
            try:
                if not view.is_overtaken():
                    view.flush()
            finally:
                self.lock.release()

    def flush(self) -> None:
        """Under the lock: write the overlay to the index, and the projections that follow from it."""
        view = self._view
        if view is None or self._is_private:
            return
        view.flush()
        self.print_projections()

    def print_projections(self) -> None:
        """Under the lock: write the projections that lag. One that cannot be written goes on lagging."""
        view = self._view
        assert view is not None
        with contextlib.suppress(OSError, JournalError):
            self.printing.print(view)

    def settle(self) -> None:
        """Bring index and projections up to date if that needs no waiting."""
        view = self._view
        if view is None or (view.overlay.is_empty and not view.index.unprinted()):
            return
        self._try_locked()

    def _is_machine_made(self, key: Key, text: bytes) -> bool:
        view = self._view
        if view is None:
            return False
        self._list_events(view)
        return is_machine_made(view, key, text)

    # -- writing --------------------------------------------------------------------------------

    def write(
        self, operations: Sequence[Operation] | Callable[[View], Sequence[Operation]]
    ) -> tuple[list[tuple[Draft, int, str]], Conflict | None]:
        """Write operations as one transaction and return (draft, seq, lane) of each record.

        A Conflict comes back as a value, and nothing was written. ``operations`` may be a function of the
        view, called under the lock: read, decide, write, with nobody between.
        """
        with self.locked():
            view = self._bring_forward()
            asked = operations(view) if callable(operations) else operations
            target = self.lanes.target(view)
            past = Past(target.lane, target.section.first, target.section.sees)
            batch = Batch(view, target.lane, target.seq, past)
            conflict = batch.add(asked)
            if conflict is not None or not batch.drafts:
                return [], conflict
            self._append(view, target, batch.drafts)
            if self._is_eager or len(view.overlay.events) >= FLUSH_AFTER_EVENTS:
                with contextlib.suppress(sqlite3.Error, OSError):
                    self.flush() if self._is_eager else view.flush()
        return [(draft, target.seq + at, target.lane) for at, draft in enumerate(batch.drafts)], None

    @contextlib.contextmanager
    def deferring_projections(self) -> Iterator[None]:
        """Write many transactions; the projections follow once, at the end, each for its last state only."""
        was_eager, self._is_eager = self._is_eager, False
        try:
            yield
        finally:
            self._is_eager = was_eager
            self.settle()

    def _append(self, view: View, target: Target, drafts: list[Draft]) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        lines = [self._line(draft, target.seq + at, (at + 1, len(drafts)), now) for at, draft in enumerate(drafts)]
        last = target.seq + len(drafts) - 1
        stat = self.lanes.append(view, target, lines, last)
        key = (SEGMENTS, target.name)
        if target.header is not None:
            facts = view.new_file(*key, stat)
            view.overlay.sections[target.lane, target.section.first] = target.section
            size = stat.size - sum(map(len, lines))
            facts = facts._replace(applied=size, crc=checksum_on(0, self.files.read_at(self._path(key), 0, size)))
            if target.section.prev_seq:
                view.add_have(target.lane, target.section.prev_seq + 1, target.seq - 1)
            self.freshness.forget()
        else:
            facts = view.facts[key]
        offset, crc = facts.applied, facts.crc
        for at, (draft, line) in enumerate(zip(drafts, lines, strict=True)):
            seq = target.seq + at
            place = Location(seq, target.lane, facts.id, offset, 0, len(line))
            view.overlay.events[seq, target.lane] = Event(draft.key, place)
            if draft.key is not None:
                view.put_state(draft.key, draft.state)
            offset += len(line)
            crc = checksum_on(crc, line)
        view.add_have(target.lane, target.seq, last)
        view.grow_part(facts.id, target.lane, target.section.first, target.seq, last)
        view.put_file(with_stat(facts, stat)._replace(applied=offset, crc=crc, last=last))
        self._tip = Tip(target.name, stat.size, last, stat.inode, stat.ctime_ns)

    def _path(self, key: Key) -> str:
        return os.path.join(self.root, *key)

    def _line(self, draft: Draft, seq: int, tx: tuple[int, int], now: str) -> bytes:
        operation, payload, ref = draft.operation, draft.payload, None
        if payload is not None and len(payload) > PAYLOAD_BYTES_INLINE_MAX:
            ref = write_blob(self.files, self.root, payload)
        return records.encode(
            kind=draft.kind,
            seq=seq,
            ts=operation.ts or now,
            writer=self._writer,
            actor=operation.actor,
            summary=operation.summary,
            tx=tx,
            own=draft.own,
            payload=payload,
            ref=ref,
        )


def ensure_local_or_none(files: Files, root: str) -> str | None:
    """Make ``local/`` where the disk allows it."""
    try:
        return ensure_local(files, root)
    except OSError:
        return None
