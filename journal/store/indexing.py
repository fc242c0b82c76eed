"""The index of one open store: opens it, knows whether it is behind the files of the truth, and brings it forward.

There are two ways to bring it forward. Whoever holds the writer lock does it in the index file. Without the lock it is
done in memory: over the index file where files only came or grew, and over a private copy of it where some have left.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from journal.disk.backend import Backend
from journal.errors import JournalError
from journal.format import values
from journal.index.comparing import Changes, compare, has_moved_unseen
from journal.index.database import MEMORY, Index
from journal.index.flushing import UNCLEAN
from journal.index.view import View
from journal.segments.folders import SEGMENTS, Listing
from journal.store.config import Config
from journal.store.freshness import Freshness
from journal.store.home import INDEX_FILE, is_made_here
from journal.store.tail import Tail
from journal.store.tip_file import Tips

if TYPE_CHECKING:
    from journal.index.rebuild import Progress

LOOKS_MAX = 20
"""How often something is read again that git or another process changes meanwhile."""


ProgressOf = Callable[[str], "Progress | None"]
"""What is going on -> a callback for it."""


class _Look(NamedTuple):
    """What a look at the files saw: all of them, and how they differ from the view, where it came so far."""

    listing: Listing | None
    changes: Changes | None = None
    is_current: bool = False


_BLIND, _CURRENT = _Look(None), _Look(None, is_current=True)


class Indexing:
    """Keeps the view of one store. Its methods say whether the writer lock must be held."""

    def __init__(
        self,
        backend: Backend,
        root: str,
        local: str,
        config: Config,
        tips: Tips,
        progress: ProgressOf,
    ) -> None:
        files = backend.files
        self._backend, self._files, self._root, self._local, self._config = backend, files, root, local, config
        self._progress = progress
        self.tail = Tail(files, root, local, tips)
        self.freshness = Freshness(files, root)
        self.view: View | None = None
        self.is_shared = False
        """Whether the view stands on the index file, which may be written under the lock."""
        self.is_broken = False
        """SQLite, or a checksum, says so of the index file: whoever holds the lock next makes it anew."""
        self._is_behind = False
        """The files were seen to differ from the view, which has not been brought to them yet."""
        self.bury: Callable[[str], None] = lambda _: None
        """Removes a segment that was begun and is lost."""
        self.rewrite: Callable[[View], bool] | None = None
        """Writes files anew that hold what is redacted; False where that has to wait."""

    @property
    def is_in_look(self) -> bool:
        """Whether somebody looks at one moment of the index; who reads within that (an upcaster) sees that moment."""
        return self.view is not None and self.view.index.is_in_snapshot

    # -- opening --------------------------------------------------------------------------------

    def drop(self) -> None:
        """Close the index; the next use opens it again."""
        if self.view is not None:
            with contextlib.suppress(sqlite3.Error):
                self.view.index.close()
        self.view, self.is_shared = None, False
        self.tail.settled()
        self.freshness.forget()  # what the next view holds was compared with nothing yet

    def follow(self, config: Config) -> None:
        """Go by another configuration from now on."""
        self._config = config
        self.drop()

    def distrust(self) -> None:
        """SQLite finds the index broken: it is a cache, and the next one who holds the lock makes it anew."""
        self.drop()
        self.is_broken = True

    def open_if_ours(self) -> View | None:
        """Open the index file as it is, without the lock; None where there is none that counts."""
        path = os.path.join(self._local, INDEX_FILE)
        found = self._files.stat(path)
        if self.is_broken or found is None or found.kind != "file" or not is_made_here(self._files, self._local):
            return None
        for read_only in (False, True):
            with contextlib.suppress(sqlite3.Error):
                index = Index(path, read_only=read_only)
                if index.meta("built_for") != self._built_for():
                    index.close()
                    return None
                self.view = View(self._files, self._root, index, self._config.strategies)
                self.is_shared = not read_only
                return self.view
        return None

    def open_under_lock(self) -> View:
        """Under the lock: open the index file, or make it anew where it is missing, broken or for another store."""
        self.drop()
        path = os.path.join(self._local, INDEX_FILE)
        index = self._open_or_replace(path)
        self.view, self.is_shared = View(self._files, self._root, index, self._config.strategies), True
        if index.meta("built_for") != self._built_for():
            self._rebuild(self.view, self._look_behind())
        return self.view

    def _open_or_replace(self, path: str) -> Index:
        found = self._files.stat(path)
        if found is not None and found.kind == "file" and not self.is_broken:
            with contextlib.suppress(sqlite3.Error):
                return Index(self._backend.index_path(path))
        self.is_broken = False
        # A cache that cannot be used is dropped; a link goes, what it leads to stays.
        for suffix in ("", "-wal", "-shm", "-journal"):
            self._files.remove(path + suffix)
        return Index(self._backend.index_path(path))

    def _open_private(self) -> View:
        """Without the lock: a copy of the index in memory, or an empty one built from the files."""
        view = self.view
        index = view.index.private_copy() if view is not None else Index(MEMORY)
        self.drop()
        self.view = View(self._files, self._root, index, self._config.strategies)
        if view is not None:
            self.view.take_doubts_of(view)
        if index.meta("built_for") != self._built_for():
            self._rebuild(self.view, self._look_behind())
        return self.view

    def _built_for(self) -> str:
        """What an index depends on besides the truth: which store, and how it merges."""
        merges = {name: options.merge for name, options in sorted(self._config.types.items()) if options.merge}
        return f"{self._config.store} {values.checksum(merges):08x}"

    def _rebuild(self, view: View, listing: Listing) -> None:
        from journal.index.loading import NeedsRebuildError
        from journal.index.rebuild import rebuild

        self._is_behind = True  # until it is built, also where something refuses to be read
        for _ in range(LOOKS_MAX):
            view.reload()
            try:
                rebuild(view, listing, self.tail.bounds, self._progress("rebuild"))
                break
            except (NeedsRebuildError, FileNotFoundError):
                # Git or a compaction has taken away what was listed a moment ago.
                self.freshness.forget()
                listing = self._look_behind()
            except BaseException:
                _begin_anew(view)
                raise
        else:
            raise changes_too_fast()
        with view.index.writing():
            view.index.set_meta("built_for", self._built_for())
            view.index.set_meta(UNCLEAN, view.redacting is not None)
        view.settle()
        self._is_behind = False

    def build_anew(self) -> View:
        """Under the lock: replace what the index file says of the truth by what the files say."""
        view = self.view if self.view is not None and self.is_shared else self.open_under_lock()
        self._rebuild(view, self._look_behind())
        self._is_behind = False
        return view

    def get_ready(self) -> None:
        """Before the lock is taken again: load what folds others' writes, which would else be loaded under the lock.

        Who takes it once, as most commands do, mostly finds nothing to fold.
        """
        import journal.index.catchup  # noqa: F401

    # -- being current --------------------------------------------------------------------------

    def is_fresh(self) -> bool:
        """Tell whether the view holds all that is in the files; cheap, whatever their number."""
        view = self.view
        return view is not None and not view.is_overtaken() and self._look(view).is_current

    def _look(self, view: View) -> _Look:
        """Look whether a view that nobody has overtaken holds all that is in the files."""
        is_stale = view.redacting is not None and view.redacting.is_stale
        name = self.tail.look()
        has_moved = has_moved_unseen(view, name)
        if has_moved:
            self.freshness.forget()
        is_less_lost = bool(view.damage) and _is_less_lost(view)
        if self._is_behind or is_stale or has_moved or is_less_lost or view.doubted:
            return _BLIND
        listing, is_new = self.freshness.look(name)
        if is_new:
            # Not asked again: to the next look, these folders are as they were.
            changes = compare(view, listing)
            self._is_behind = bool(changes)
            return _Look(listing, changes) if changes else _CURRENT
        if name is None:
            return _CURRENT
        key = (SEGMENTS, name)
        facts, stat = view.facts.get(key), listing.get(key)
        if facts is None or stat is None or facts.inode != stat.inode or stat.size < facts.size:
            return _Look(listing)
        if facts.size == stat.size:
            return _CURRENT
        return _Look(listing, Changes([], [key], [], is_open=True) if facts.applied == facts.size else None)

    def bring_forward(self, *, syncs: bool = True) -> View:
        """Under the lock: make the view on the index file hold all that is in the files.

        Without ``syncs`` it may hold what is not durable yet, until ``settle_tail`` was called, or a sync of the
        caller's own has made that durable too (``tail.settled``).
        """
        view, look = self.view, _BLIND
        if view is None or not self.is_shared:
            view = self.open_under_lock()
        elif self._has_followed(view):
            look = self._look(view)
            if look.is_current and not self.tail.lost:
                return self._redact_arrivals(view)
        listing = self._look_behind(look, syncs=syncs)
        changes = look.changes
        if self.tail.lost:
            self.bury(self.tail.lost)
            self.tail.lost = ""
            changes = None  # it was among them
        if not self._catch_up(view, listing, changes) or not self.tail.tell_synced(view):
            self._rebuild(view, self._look_behind())
        self._is_behind = False
        return self._redact_arrivals(view)

    def _has_followed(self, view: View) -> bool:
        """Under the lock: follow another process that wrote the index; False where all has to be looked at anew."""
        if not view.is_overtaken():
            return True
        are_same = view.reload(self.tail.look())
        if view.index.meta("built_for") != self._built_for():
            self._rebuild(view, self._look_behind())  # it went by a configuration that is not here any more
            return False
        return are_same

    def has_old_copies(self) -> bool:
        """Tell whether a file is known to hold what is redacted, so that whoever holds the lock next has work to do."""
        redacting = self.view.redacting if self.view is not None else None
        return self.rewrite is not None and redacting is not None and bool(redacting.unredacted)

    def clean(self, view: View) -> None:
        """Under the lock: have what is derived, and may still hold what is redacted, written anew."""
        if view.redacting is not None:
            from journal.store.cleaning import clean

            clean(view, self._files, self._local)

    def _redact_arrivals(self, view: View) -> View:
        """Have files that hold old copies of what is redacted written anew, the index too; the view follows."""
        self.clean(view)
        rewrite = self.rewrite
        if rewrite is None or view.redacting is None or not view.redacting.unredacted:
            return view
        self.rewrite = None  # not within itself
        try:
            return self.bring_forward() if rewrite(view) else view
        finally:
            self.rewrite = rewrite

    def _catch_up(self, view: View, listing: Listing, changes: Changes | None = None) -> bool:
        """Fold the gap; False where only a rebuild can."""
        from journal.index.catchup import catch_up
        from journal.index.loading import NeedsRebuildError

        if view.damage and _is_less_lost(view):
            return False
        try:
            catch_up(view, listing, self.tail.bounds, changes)
        except (NeedsRebuildError, FileNotFoundError):
            return False
        except BaseException:
            _begin_anew(view)
            raise
        return True

    def fold_gap(self) -> View:
        """Without the lock: make the view hold all that is in the files, in memory."""
        view = self.view or self.open_if_ours()
        if view is None or view.index.path == MEMORY or not self._fold_over(view):
            view = view if view is not None and view.index.path == MEMORY else self._open_private()
            if not self._catch_up(view, self._look_behind()) or not self.tail.tell_synced(view):
                self._rebuild(view, self._look_behind())
        self._is_behind = False
        return view

    def _fold_over(self, view: View) -> bool:
        """Fold the gap over the index file as it is at one moment; False where it takes an index of our own.

        Another process may write what is being folded to that file meanwhile: it must not be folded over that.
        """
        with view.index.snapshot():
            if view.is_overtaken():
                view.reload()
                if view.index.meta("built_for") != self._built_for():
                    return False
            listing = self._look_behind()
            changes = compare(view, listing)
            return not changes.left and self._catch_up(view, listing, changes) and self.tail.tell_synced(view)

    def _look_behind(self, look: _Look = _BLIND, *, syncs: bool = True) -> Listing:
        """Return the files of the truth, as just seen or as they are now; note, and sync, what is not durable."""
        self._is_behind = True
        listing = look.listing
        if listing is None:
            name = self.tail.look()
            if self.view is not None and has_moved_unseen(self.view, name):
                self.freshness.forget()
            listing, _ = self.freshness.look(name)
        if self.tail.lost or look.changes is None or not look.changes.is_open:
            self.tail.sync_opening(listing)
        self.tail.take_note(listing)
        if syncs:
            self.tail.sync()
        return listing

    def settle_tail(self) -> bool:
        """Make durable what the view has seen in the open segment, as ``bring_forward`` does before it is shown.

        False where some of it may be lost: the segment is cut off before that, and the view is of no use.
        """
        return self.tail.sync() and (self.view is None or self.tail.tell_synced(self.view))

    # -- history --------------------------------------------------------------------------------

    def list_events(self, keep: Callable[[], None] | None = None) -> bool:
        """Note the places of all events that a rebuild only folded, in the overlay; True if there were any.

        Raises FileNotFoundError where a file left meanwhile: bring the view forward, and ask again.
        """
        view = self.view
        assert view is not None
        if view.is_listed():
            return False
        from journal.index.loading import NeedsRebuildError
        from journal.index.places import list_events

        try:
            list_events(view, self._progress("history"), keep)
        except NeedsRebuildError as error:
            view.reload()
            self.freshness.forget()
            self._is_behind = True
            raise FileNotFoundError(str(error)) from error
        except BaseException:
            self._is_behind = True
            _begin_anew(view)
            raise
        return True


def _is_less_lost(view: View) -> bool:
    from journal.index.lost_payloads import is_over

    return is_over(view)


def _begin_anew(view: View) -> None:
    """After Ctrl-C or a refusal: a file counts as applied before its events are, so what was begun is dropped."""
    with contextlib.suppress(sqlite3.Error):
        view.reload()


def changes_too_fast() -> JournalError:
    """Return the error for a store that git or others change again and again while it is read."""
    return JournalError(
        "the files of the store change faster than they can be read", hint="try again when that has ended"
    )
