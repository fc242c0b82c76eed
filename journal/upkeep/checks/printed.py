"""Projections against the state: missing, out of date, edited by a person, in the way, or of nothing."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from journal.disk.files import TEMPORARY_SUFFIX
from journal.disk.folders import full_path
from journal.index.places import list_events
from journal.index.view import Key, View
from journal.projections.paths import PROJECTED, entity_at
from journal.projections.plan import Step, is_wreck
from journal.projections.printer import Printer
from journal.store.engine import Engine
from journal.store.machine_made import is_machine_made
from journal.upkeep.checks.cache import Cache
from journal.upkeep.checks.shortening import shortened
from journal.upkeep.checks.truth import HARMLESS
from journal.upkeep.checks.unread import Unread
from journal.upkeep.edits.edited import is_misnamed, misnamed_hint
from journal.upkeep.findings import Finding, Severity

_KINDS: dict[Step, tuple[str, Severity, str, str | None]] = {
    Step.WRITE: ("projection-stale", "warning", "is not what the entity's state gives", "journal reconcile writes it"),
    Step.REMOVE: (
        "projection-leftover",
        "warning",
        "shows an entity that is deleted",
        "journal reconcile takes it away",
    ),
    Step.EDITED: (
        "edited",
        "warning",
        "was edited by a person; it is left as it is",
        "journal absorb makes it an event; journal restore puts the file back and keeps the edit",
    ),
    Step.STRANGE: (
        "projection-strange",
        "warning",
        "a link or a folder is in the place of a projection, or no folder in that of one",
        "journal doctor --fix puts it aside, into local/parked/",
    ),
}


class Printed(NamedTuple):
    """What was found: (code, path, step) of each projection that is not as it should be, and counts."""

    findings: list[Finding]
    leftovers: list[str]
    strange: list[str]
    lagging: int
    entities: int
    files: int


class _Looker:
    """Looks at all projections of one view; nothing is written."""

    def __init__(self, engine: Engine, view: View, cache: Cache) -> None:
        self._files, self._root, self._view, self._cache = engine.files, engine.root, view, cache
        self._git_has = engine.git_has
        self._printer = Printer(engine.files, engine.root, engine.config.fanout, self._is_machine_made)
        self._is_listed = False

    def _is_machine_made(self, key: Key, text: bytes) -> bool:
        if not self._is_listed:
            list_events(self._view)
            self._is_listed = True
        return is_machine_made(self._view, key, text, self._git_has)

    def expected(self) -> Iterator[tuple[str, Key]]:
        """Yield (path, key) of each entity that has, or may still have, a projection."""
        keys = {(row.type, row.id) for row in self._view.index.entities(None)}
        keys |= {(row.type, row.id) for row in self._view.index.entities(None, deleted=True)}
        keys |= {(type, id) for type, id, _ in self._cache.view.index.all_printed()}
        for key in sorted(keys | self._view.overlay.states.keys()):
            yield self._printer.path(key), key

    def look(self, path: str, key: Key) -> tuple[Finding | None, Step]:
        """Return what is wrong with an entity's projection, if anything."""
        printed = self._cache.view.index.printed(*key)
        if printed is not None and self._view is not self._cache.view:
            printed = printed._replace(size=-1)  # its stat is not enough: the bytes are read
        step, wanted = self._printer.plan(key, self._view.row(key), printed)
        if step not in _KINDS:
            return None, step
        code, severity, message, hint = _KINDS[step]
        if step is Step.WRITE and self._files.stat(full_path(self._root, path)) is None:
            code, message = "projection-missing", "is not there"
        if step is Step.STRANGE:
            path = self._in_the_way(path)
        if step is Step.EDITED and wanted is None:
            message = "shows an entity that is deleted, and was edited by a person; it is left as it is"
        if key in self._cache.behind and step in (Step.WRITE, Step.REMOVE):
            severity = "info"
        return Finding(code, severity, path, message, hint), step

    def _in_the_way(self, path: str) -> str:
        """Return what is in the way of a projection: itself, or the first folder above it that is none."""
        names = path.split("/")
        above = ("/".join(names[:count]) for count in range(1, len(names)))
        full = ((folder, self._files.stat(full_path(self._root, folder))) for folder in above)
        return next((folder for folder, found in full if found is not None and found.kind != "folder"), path)

    def look_at_stray(self, path: str) -> tuple[Finding, bool]:
        """Return what to say of a file that is no entity's projection, and whether a machine left it."""
        at = entity_at(path)
        full = full_path(self._root, path)
        found = self._files.stat(full)
        if found is None or found.kind != "file" or at is None:
            message = "is no projection, by its name or its kind"
            return Finding("strange-file", "warning", path, message, "it is never read; keep it elsewhere"), False
        text = self._files.read(full)
        if is_wreck(text) or (at[1] is not None and self._is_machine_made((at[0], at[1]), text)):
            hint = "journal doctor --fix puts it aside, into local/parked/"
            return Finding("projection-leftover", "warning", path, "shows nothing that is here", hint), True
        if is_misnamed(path, text):  # absorb refuses it
            hint = misnamed_hint(path)
            return Finding("strange-file", "warning", path, "is no projection, by its name", hint), False
        hint = "journal absorb makes an entity of it; journal restore with its path moves it to local/parked/"
        return Finding("edited", "warning", path, "a person's file, of an entity that is not here", hint), False


def look_at_projections(engine: Engine, view: View, cache: Cache, unread: Unread) -> Printed:
    """Look at all projections of a view.

    Where that is not the cache's own, but one built anew, the bytes of each file are read, whatever its stat says.
    What cannot be read is noted in ``unread``.
    """
    looker = _Looker(engine, view, cache)
    here = (path for folder in PROJECTED for path in _in_folder(engine, folder, unread))
    present = {path for path in here if not _is_passing(path)}
    findings: list[Finding] = []
    leftovers: list[str] = []
    strange: dict[str, None] = {}
    lagging, entities = 0, 0
    taken: set[str] = set()
    for path, key in looker.expected():
        taken.add(path)
        row = view.row(key)
        entities += row is not None and row.data is not None
        finding, step = None, Step.KEEP
        if unread.hides(path):
            continue
        with unread.noted(path, "warning"):
            finding, step = looker.look(path, key)
        lagging += step in (Step.WRITE, Step.REMOVE)
        if finding is None or finding.path is None or finding.path in strange:
            continue
        findings.append(finding)
        if step is Step.STRANGE:
            strange[finding.path] = None
    for path in sorted(present - taken - strange.keys()):
        with unread.noted(path, "warning"):
            finding, is_ours = looker.look_at_stray(path)
            findings.append(finding)
            if is_ours:
                leftovers.append(path)
    return Printed(shortened(findings), leftovers, list(strange), lagging, entities, len(present))


def _in_folder(engine: Engine, folder: str, unread: Unread) -> Iterator[str]:
    found = None
    with unread.noted(folder, "warning"):
        found = engine.files.stat(os.path.join(engine.root, folder))
    if found is not None and found.kind != "folder":
        yield folder
    elif found is not None:
        yield from _below(folder, unread)


def _below(folder: str, unread: Unread) -> Iterator[str]:
    """Yield the paths of all that is no folder below one; links too, and none is followed."""
    for name, stat in unread.listed(folder, "warning"):
        path = f"{folder}/{name}"
        if stat.kind == "folder":
            yield from _below(path, unread)
        else:
            yield path


def _is_passing(path: str) -> bool:
    return path.endswith((TEMPORARY_SUFFIX, *(f"/{name}" for name in HARMLESS)))
