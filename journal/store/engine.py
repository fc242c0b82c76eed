"""One open store: lock, lane, index and projections together, for reading and for writing.

Reading never waits for a writer: where the lock is free the index is brought forward, where it is not the gap
is folded over it in memory. Writing is journal first: nothing derived is touched before the records are durable,
and nothing that happens to derived files later can fail the mutation.
"""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from journal.disk.backend import Backend, Lock
from journal.disk.gitdir import HeadWatch, find_git
from journal.errors import ClosedError, JournalError, NotAppliedError
from journal.index.flushing import flush_overlay
from journal.index.view import Key, View
from journal.store.breakage import BREAKAGE, breakage_told, distrusts
from journal.store.config import Config, ConfigWatch, read_config
from journal.store.home import LOCK_FILE, TIP_FILE, claim, is_made_here
from journal.store.indexing import LOOKS_MAX, Indexing, changes_too_fast
from journal.store.layout import LOCAL, check_store, ensure_local
from journal.store.lfs import LfsFolder, no_lfs
from journal.store.not_applied import nothing_applied
from journal.store.options import Options
from journal.store.tip_file import TipFile

if TYPE_CHECKING:
    from journal.index.rebuild import Progress
    from journal.projections.printer import Printer
    from journal.store.batch import Operation, Written
    from journal.store.expectation import Conflict
    from journal.store.lanes import Lanes
    from journal.store.outbox import Outbox
    from journal.store.printing import Printing
    from journal.store.schemas import Schemas
    from journal.store.upcasters import Lifting

FLUSH_AFTER_EVENTS = 2048
FLUSH_AFTER_ENTITIES = 256
"""A lazy writer brings the index forward at least after so many events, or so many entities that changed."""

TROUBLE = (JournalError, OSError, sqlite3.Error)
"""What the world does to an open store; whatever only rides along with something else passes over it."""

Decide = Callable[[View], "Sequence[Operation] | Conflict"]
"""Decides under the lock what is written; a Conflict: nothing."""


class Engine:
    """See the module. Safe for several threads; dead in a forked child."""

    def __init__(
        self,
        backend: Backend,
        root: str,
        options: Options,
        git_has: Callable[[bytes], bool] = lambda text: False,
        lfs_folder: LfsFolder = no_lfs,
    ) -> None:
        files = backend.files
        check_store(files, root)
        self.backend, self.files, self.root, self.options = backend, files, root, options
        self.git_has, self.lfs_folder = git_has, lfs_folder
        """Whether git has a file of these bytes, and where git LFS keeps bytes: asked only where that matters."""
        self.local = os.path.join(root, LOCAL)
        self._config_watch = ConfigWatch(files, root)
        self.config, self.git = read_config(files, root), find_git(files, root)
        self._lock_path = os.path.join(self.local, LOCK_FILE)
        self.threads, self._pid = threading.RLock(), os.getpid()
        self.writer = backend.writer()
        """Names this process and this opening in the records."""
        self._is_closed = self.has_looked_at_projections = False
        self.is_locked = False
        """Whether this thread holds the writer lock; told only to who has entered."""
        self._depth = self._generation = 0
        self.lock_seen: tuple[int, int] | None = None
        self.outbox: Outbox | None = None
        self.on_config: Callable[[], None] = lambda: None
        """Called when another configuration is followed: what hangs on it, and is set from outside, is set anew."""
        self.tip_file = TipFile(files, os.path.join(self.local, TIP_FILE))
        self.lifting: Lifting | None = None  # made when it is first needed, by journal/store/lifting.py
        self.indexing = Indexing(backend, root, self.local, self.config, self.tip_file, self._progress)
        self.indexing.bury = lambda segment: self.lanes.bury(segment)  # noqa: PLW0108 - lanes are made when needed

    @cached_property
    def lanes(self) -> "Lanes":
        """Appends to this work tree's lane; made when something is first written."""
        from journal.store.lanes import Lanes

        watch = HeadWatch(self.files, self.git)
        return Lanes(self.backend, self.root, self.config, self.tip_file, watch, syncs=self.options.syncs(self.config))

    def close_lane(self) -> None:
        """Close the files of the lane; the next append looks at everything anew."""
        self.tip_file.close()
        if "lanes" in self.__dict__:
            self.lanes.close()

    @cached_property
    def lock(self) -> Lock:
        """The writer lock; made when it is first needed, since a read that is current never takes it."""
        return self.backend.lock(self._lock_path)

    @cached_property
    def printer(self) -> "Printer":
        """Writes projections; made when it is first needed, since most reads do not need it."""
        from journal.projections.printer import Printer

        return Printer(self.files, self.root, self.config.fanout, self.is_machine_made)

    @cached_property
    def printing(self) -> "Printing":
        """Knows which projections to look at."""
        from journal.store.printing import Printing

        spread = " ".join(sorted(name for name, options in self.config.types.items() if options.fanout))
        return Printing(self.files, self.root, self.config.fanout, spread, lambda: self.printer)

    @cached_property
    def schemas(self) -> "Schemas":
        """The schemas of types; made when something is first written."""
        from journal.store.schemas import Schemas

        return Schemas(self.files, self.root, self.config)

    def _progress(self, what: str) -> "Progress | None":
        report = self.options.progress
        return None if report is None else lambda done, of: report(what, done, of)

    # -- life -----------------------------------------------------------------------------------

    def check_open(self) -> None:
        """Raise ClosedError after ``close`` or in a forked child."""
        if self._is_closed or os.getpid() != self._pid:
            why = "was closed" if self._is_closed else "belongs to the parent of this process; open it again here"
            raise ClosedError(f"the journal {why}")

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Keep other threads out. Reentrant. What is broken is told as a JournalError."""
        self.check_open()
        is_left = False
        try:
            with self.threads:
                self._depth += 1
                try:
                    self.heed_config()
                    yield
                except BREAKAGE as error:
                    told = breakage_told(error, self.indexing, self.local)
                    if told is error:
                        raise
                    raise told from error
                finally:
                    self._depth -= 1
                    is_left = self._depth == 0
        finally:
            if is_left and self.outbox is not None:
                self.outbox.hand_out()

    def heed_config(self) -> None:
        """Follow a configuration that came meanwhile, once it can be read, but in the middle of nothing.

        The caller has entered, or closes. Raises NewerFormatError, and StoreNotFoundError where it is another store's.
        """
        self._config_watch.check()
        config = self._config_watch.news(self.config) if self._depth <= 1 else None
        if config is None:
            return
        self.config = config
        self.indexing.follow(config)
        for name in ("printer", "printing", "schemas"):
            self.__dict__.pop(name, None)
        if "lanes" in self.__dict__:
            self.lanes.follow(config, syncs=self.options.syncs(config))
        self.has_looked_at_projections = False
        self.on_config()

    def config_now(self) -> Config:
        """Return the configuration, one that came meanwhile too."""
        with self.entered():
            return self.config

    @contextlib.contextmanager
    def locked(self, timeout_seconds: float | None = None) -> Iterator[None]:
        """Hold the writer lock, other threads kept out. Raises LockTimeoutError. Reentrant within a thread."""
        with self.entered(), self.holding(timeout_seconds):
            yield

    @contextlib.contextmanager
    def holding(self, timeout_seconds: float | None = None) -> Iterator[None]:
        """Hold the writer lock; the caller has entered. Raises LockTimeoutError. Reentrant."""
        if self.is_locked:
            yield
            return
        timeout = timeout_seconds if timeout_seconds is not None else self.options.lock_timeout_seconds
        if self._generation:
            self.indexing.get_ready()
        is_held = False
        for is_again in (False, True):
            try:
                with self.lock.held(timeout):
                    self.is_locked = is_held = True
                    try:
                        self.heed_config()  # others may have held it for a while
                        if self.lock.generation != self._generation:
                            with nothing_applied():
                                self.make_home()
                        yield
                        return
                    finally:
                        self.is_locked = False
            except (NotAppliedError, FileNotFoundError):
                if is_held or is_again:
                    raise
                with nothing_applied():
                    ensure_local(self.files, self.root)

    def has_local(self) -> bool:
        """Tell whether the lock file is the one that was locked last; ``git clean -fdx`` takes it away."""
        found = self.files.stat(self._lock_path)
        return found is not None and found.mark == self.lock_seen

    def make_home(self) -> None:
        """Under the lock: nothing in ``local/`` counts that was not made here, or was lost since."""
        if not self.has_local():
            self.indexing.drop()
            self.close_lane()
            if not is_made_here(self.files, self.local):
                claim(self.files, self.local)
            self.lock_seen = found.mark if (found := self.files.stat(self._lock_path)) is not None else None
        self._generation = self.lock.generation

    def _try_settling(self) -> bool:
        from journal.store.settling import try_settling

        return try_settling(self)

    def settle(self) -> None:
        """Bring index and projections up to date if anything lags and that needs no waiting."""
        indexing, view = self.indexing, self.indexing.view
        lags = view is not None and (not view.overlay.is_empty or view.index.unprinted() or indexing.has_old_copies())
        if lags or indexing.is_broken:
            self._try_settling()

    def close(self, *, settle: bool = True) -> None:
        """Bring index and projections up to date if the lock is free and nobody minds, and close everything."""
        if self._is_closed or os.getpid() != self._pid:
            return
        with self.threads:
            if settle:
                with contextlib.suppress(*TROUBLE):
                    self.settle()
            self._is_closed = True
            self.indexing.drop()
            self.close_lane()
            if "lock" in self.__dict__:
                self.lock.close()

    # -- reading --------------------------------------------------------------------------------

    @contextlib.contextmanager
    def reading(self, *, history: bool = False) -> Iterator[View]:
        """Give a view that holds everything acknowledged before this call; ``history``: places of events too."""
        with self.entered():
            if not self.indexing.is_in_look:
                self._be_current()
            if history:
                self._list_places()
            assert self.indexing.view is not None
            yield self.indexing.view

    def _list_places(self) -> None:
        for _ in range(LOOKS_MAX):
            try:
                if self.indexing.list_events(self._keep_places):
                    self._keep_places()
                return
            except FileNotFoundError:
                # Git or a compaction has taken away what was listed a moment ago.
                self._be_current()
        raise changes_too_fast()

    def _be_current(self) -> None:
        try:
            self._bring_up_to_date()
        except sqlite3.DatabaseError as error:
            if not distrusts(self.indexing, error):
                raise
            self._bring_up_to_date()

    def _bring_up_to_date(self) -> None:
        indexing = self.indexing
        if self.is_locked:
            indexing.bring_forward()
            return
        if indexing.view is None:
            indexing.open_if_ours()
        is_current = indexing.is_fresh() and self._are_projections_settled() and not indexing.has_old_copies()
        if not is_current and not self._try_settling():
            indexing.fold_gap()

    def _are_projections_settled(self) -> bool:
        """Look once, when the store is opened, whether projections were removed or replaced."""
        view = self.indexing.view
        if self.has_looked_at_projections or view is None or not self.indexing.is_shared:
            return True
        self.has_looked_at_projections = True
        return not view.index.unprinted() and not self.printing.has_moved(view)

    def _keep_places(self) -> None:
        """Write places that were just listed to the index, if the lock is ours or free."""
        view = self.indexing.view
        if view is None or not self.indexing.is_shared or self.indexing.is_in_look or view.doubted:
            return
        if self.is_locked:
            flush_overlay(view)
            return
        try:
            if not self.lock.try_acquire():
                return
        except (OSError, NotAppliedError):
            return  # a read-only disk, or `local/` was removed a moment ago: they are listed again next time
        try:
            if not view.is_overtaken():
                flush_overlay(view)
        finally:
            self.lock.release()

    def own_segment(self) -> str | None:
        """Return the newest segment of this work tree's lane, if its memory says so."""
        return standing.tip.segment if (standing := self.tip_file.look()) is not None else None

    def is_machine_made(self, key: Key, text: bytes) -> bool:
        """Tell whether a machine wrote these bytes as an entity's projection, here or in any clone; while reading."""
        if (view := self.indexing.view) is None:
            return False
        from journal.store.machine_made import is_machine_made

        self.indexing.list_events()
        return is_machine_made(view, key, text, self.git_has)

    def flush(self, *, yields: bool = False) -> None:
        """Under the lock: write the overlay to the index, and the projections that lag.

        One that cannot be written goes on lagging; ``yields``: some do, if somebody waits for the lock.
        """
        view = self.indexing.view
        if view is None or not self.indexing.is_shared:
            return
        flush_overlay(view)
        self.indexing.clean(view)
        with contextlib.suppress(OSError, JournalError):
            self.printing.print(view, self.lock.is_wanted if yields else None)

    # -- writing --------------------------------------------------------------------------------

    def write(
        self, operations: "Sequence[Operation] | Decide", *, history: bool = False
    ) -> "tuple[list[Written], Conflict | None]":
        """Write operations as one transaction and return its records, see ``journal.store.writing``."""
        from journal.store.writing import write

        return write(self, operations, history=history)

    def listed(self, view: View) -> View:
        """Under the lock: return a view with places; brought forward once more it might be built anew, without them."""
        if not view.is_listed():
            self._list_places()
        return self.indexing.view or view

    def is_flush_due(self, view: View) -> bool:
        """Tell whether index and projections are to follow what was written now."""
        overlay = view.overlay
        is_shown = self.options.is_eager(self.config) and bool(overlay.states)  # what streams gain has no projection
        return is_shown or overlay.count >= FLUSH_AFTER_EVENTS or len(overlay.states) >= FLUSH_AFTER_ENTITIES

    def follow(self, view: View) -> None:
        """Under the lock: let index and projections follow a write. They are derived: whatever fails here just lags."""
        with contextlib.suppress(sqlite3.Error, OSError, JournalError):
            if not self.options.is_eager(self.config):
                flush_overlay(view)
            elif view.index.unprinted():
                self.flush()
            else:
                self.printing.flush(view)

    @contextlib.contextmanager
    def deferring_projections(self) -> Iterator[None]:
        """Write many transactions; the projections follow once, at the end, each for its last state only."""
        options, self.options = self.options, self.options._replace(projections="lazy")
        try:
            yield
        finally:
            self.options = options
            self.settle()
