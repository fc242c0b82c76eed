"""Keeping projections up to date: which of them to look at, without looking at all of them.

An entity's projection is looked at when its state has changed, and when the folder it stands in has: git and
editors replace files, which moves their folder's time stamp. (An edit in place does not; it shows when
the entity changes, in ``status`` and to doctor.)
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from journal.disk.boot import boot_id
from journal.disk.files import Files, FileStat
from journal.disk.folders import full_path
from journal.index.flushing import write_overlay
from journal.index.view import Key, View
from journal.projections.paths import ENTITIES, KV, PROJECTED, entity_at

if TYPE_CHECKING:
    from journal.projections.printer import Outcome, Printer

_UNSYNCED_NS = 3600 * 10**9
"""How long the system may keep bytes to itself that nobody synced; far more than any does."""

_PRINTED_MIN = 16
"""So many projections are written before somebody who waits for the lock counts; about 5 ms."""


class Printing:
    """Plans which projections to look at, and has them written by ``printer``, which most reads do not need."""

    def __init__(
        self,
        files: Files,
        root: str,
        fanout: Callable[[str], bool],
        spread: str,
        printer: "Callable[[], Printer]",
    ) -> None:
        self._files, self._root, self._fanout, self._printer = files, root, fanout, printer
        self._spread = spread
        """The types with ``fanout``, as one text: where it changes, projections move."""
        self.follower: Callable[[View, Iterable[Key]], list[tuple[str, Any]]] | None = None
        """Called under the lock with entities that changed; returns what the index is to remember of it."""

    def folders(self) -> dict[str, FileStat]:
        """Return the stats of all folders that hold projections, by path relative to the store."""
        tops = ((name, self._files.stat(os.path.join(self._root, name))) for name in PROJECTED)
        found = {name: stat for name, stat in tops if stat is not None and stat.kind == "folder"}
        types = dict(self._folders_in(ENTITIES)) if ENTITIES in found else {}
        found |= types
        for path in (*types, *(top for top in found if top == KV)):
            named = entity_at(f"{path}/x.json")
            if named is not None and self._fanout(named[0]):
                found.update(self._folders_in(path))
        return found

    def _folders_in(self, folder: str) -> Iterator[tuple[str, FileStat]]:
        return ((f"{folder}/{name}", stat) for name, stat in self._list(folder) if stat.kind == "folder")

    def has_moved(self, view: View) -> bool:
        """Tell whether any folder of projections is not as it was left; costs one stat per folder."""
        if view.index.meta("boot") != boot_id() or view.index.meta("spread") != self._spread:
            return True
        found = {path: (stat.mtime_ns, stat.inode) for path, stat in self.folders().items()}
        return found != view.index.folders()

    def _mark_moved(self, view: View) -> None:
        """Under the lock: note the projections of folders that have moved and are not as they were printed.

        After a restart of the machine no stat is proof: what was printed last was not synced, so it is read.
        """
        if view.index.meta("boot") != boot_id():
            with view.index.writing():
                view.index.distrust_printed(_UNSYNCED_NS)
                view.index.set_meta("boot", boot_id())
            view.settle_version()
        if view.index.meta("spread") != self._spread:
            self._spread_anew(view)
        known, found = view.index.folders(), self.folders()
        gone = known.keys() - found.keys()
        moved = [path for path, stat in found.items() if known.get(path) != (stat.mtime_ns, stat.inode)]
        if not gone and not moved:
            return
        if not known:
            moved = list(found)
        keys: set[Key] = set()
        for folder in {*moved, *(view.index.printed_folders() - found.keys())}:
            files = dict(self._list(folder) if folder in found else ())
            keys |= self._strangers(view, folder, files)
            rest = {f"{folder}/{name}": stat.kind for name, stat in files.items()}
            self._clear_strays(view, [*rest, *self._below(path for path, kind in rest.items() if kind == "folder")])
        with view.index.writing():
            view.index.add_unprinted(key for key in keys if view.row(key) is not None or view.index.printed(*key))

    def _spread_anew(self, view: View) -> None:
        """The options ask for other folders than before: clear the old ones, but for what a person made."""
        self._clear_strays(view, list(self.walk()))
        with view.index.writing():
            view.index.add_unprinted_live()
            view.index.drop_folders()
            view.index.set_meta("spread", self._spread)
        view.settle_version()

    def _clear_strays(self, view: View, paths: Iterable[str]) -> None:
        """Remove projections that stand elsewhere than they should, but for what a person made.

        A merge brings them where one side has changed ``fanout``, or where git takes that for a folder's new name.
        """
        removed = []
        for path in paths:
            at = entity_at(path)
            key = (at[0], at[1]) if at is not None and at[1] is not None else None
            is_stray = key is not None and path != self._printer().path(key)
            if key is not None and is_stray and self._printer().remove_stray(path, key, view.row(key)):
                removed.append(path)
        if removed:
            with view.index.writing():
                view.index.add_changed(removed)
            view.settle_version()

    def _below(self, folders: Iterable[str]) -> Iterator[str]:
        """Yield the files in folders that hold no projections of this store as its options are."""
        for folder in folders:
            if entity_at(f"{folder}/x.json") is not None and folder.count("/") == (1 if folder.startswith(KV) else 2):
                yield from (f"{folder}/{name}" for name, _ in self._list(folder))

    def walk(self) -> Iterator[str]:
        """Yield the path of every file that may be a projection, wherever it stands."""
        for type_folder in (*(path for path, _ in self._folders_in(ENTITIES)), KV):
            for name, stat in self._list(type_folder):
                if stat.kind == "folder":
                    yield from (f"{type_folder}/{name}/{inner}" for inner, _ in self._list(f"{type_folder}/{name}"))
                else:
                    yield f"{type_folder}/{name}"

    def _list(self, folder: str) -> list[tuple[str, FileStat]]:
        return self._files.list(full_path(self._root, folder))

    def _strangers(self, view: View, folder: str, files: dict[str, FileStat]) -> set[Key]:
        """Return the entities whose file in a folder is not, or not any more, as this checkout printed it."""
        keys = set()
        for name, type, id, *printed in view.index.printed_in(folder):
            stat = files.pop(name, None)
            if stat is None or [stat.size, stat.mtime_ns, stat.inode] != printed or stat.kind != "file":
                keys.add((type, id))
        named = (entity_at(f"{folder}/{name}") for name, stat in files.items() if stat.kind == "file")
        return keys | {(at[0], at[1]) for at in named if at is not None and at[1] is not None}

    def flush(self, view: View) -> None:
        """Under the lock: write the projections of what the overlay changed, then the index with all of it, at once.

        Crash argument: a projection that is newer than the index is adopted when the index replays the gap.
        """
        keys = sorted(view.overlay.states)
        settled = self._settled_folders(view, keys)
        outcomes = self._printer().print((key, view.row(key), view.index.printed(*key)) for key in keys)
        followed = self.follower(view, keys) if self.follower is not None else []
        with view.index.writing():
            write_overlay(view, lags=False)
            self._remember(view, outcomes, settled)
            _set_all(view, followed)
        view.settle()

    def print(self, view: View, is_wanted: Callable[[], bool] | None = None) -> "list[Outcome]":
        """Under the lock: write the projections that lag, and remember them; return what became of each.

        Where somebody waits for the lock (``is_wanted``), some are enough: what is left goes on lagging.
        """
        has_moved = self.has_moved(view)
        if has_moved:
            # Before the folders are remembered as they are: a file that left must not be forgotten.
            self._mark_moved(view)
        keys = view.index.unprinted()
        if not keys and not has_moved:
            return []
        asked = keys if is_wanted is None else _until_wanted(keys, is_wanted)
        outcomes = self._printer().print((key, view.row(key), view.index.printed(*key)) for key in asked)
        done = [outcome.key for outcome in outcomes]
        followed = self.follower(view, done) if self.follower is not None else []
        with view.index.writing():
            view.index.drop_folders()
            self._remember(view, outcomes, list(self.folders()))
            _set_all(view, followed)
        view.settle_version()
        return outcomes

    def replace(self, view: View, settled: Mapping[Key, bytes]) -> "list[Outcome]":
        """Under the lock: write these projections, also over hand edits that still hold the bytes given.

        The caller has kept the edits, as events or parked. Their folders are looked at once more by the next read.
        """
        items = [(key, view.row(key), view.index.printed(*key)) for key in settled]
        outcomes = self._printer().print(items, settled)
        with view.index.writing():
            self._remember(view, outcomes, [])
        view.settle_version()
        return outcomes

    def _settled_folders(self, view: View, keys: list[Key]) -> list[str]:
        """Return the folders of these projections that are as they were left: of others nothing may be forgotten."""
        known = view.index.folders()
        folders = {self._printer().path(key).rpartition("/")[0] for key in keys}
        folders |= {parent for folder in folders for parent in _parents(folder)}
        return [folder for folder in sorted(folders) if known.get(folder) == self._signature(folder)]

    def _remember(self, view: View, outcomes: "list[Outcome]", folders: list[str]) -> None:
        view.index.put_printed((*outcome.key, outcome.path, outcome.facts) for outcome in outcomes)
        view.index.add_changed(outcome.path for outcome in outcomes if outcome.is_settled)
        stats = ((path, self._signature(path)) for path in folders)
        view.index.put_folders((path, *stat) for path, stat in stats if stat is not None)

    def _signature(self, folder: str) -> tuple[int, int] | None:
        found = self._files.stat(full_path(self._root, folder))
        return found and (found.mtime_ns, found.inode)


def _until_wanted(keys: list[Key], is_wanted: Callable[[], bool]) -> Iterator[Key]:
    """Yield a few in any case, so that all are done one day."""
    for number, key in enumerate(keys):
        if number >= _PRINTED_MIN and is_wanted():
            return
        yield key


def _set_all(view: View, rows: Iterable[tuple[str, Any]]) -> None:
    for name, value in rows:
        view.index.set_meta(name, value)


def _parents(folder: str) -> list[str]:
    parts = folder.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
