"""Projections against the state: missing, out of date, edited by a person, in the way, or of nothing."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from journal.disk.files import TEMPORARY_SUFFIX, Files
from journal.errors import JournalError
from journal.index.places import list_events
from journal.index.view import Key, View
from journal.projections.paths import ENTITIES, entity_at
from journal.projections.plan import Step, is_wreck
from journal.projections.printer import Printer
from journal.store.config import Config
from journal.store.machine_made import is_machine_made
from journal.upkeep.findings import Finding, Severity

NAMED_MAX = 20
"""So many projections of one kind are named; the rest are counted."""

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
        "to keep the edit, write it to the entity (journal edit, journal put); the file then counts as up to date",
    ),
    Step.STRANGE: (
        "projection-strange",
        "warning",
        "a link or a folder is in the place of a projection",
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

    def __init__(self, files: Files, root: str, config: Config, view: View, *, reads_all: bool) -> None:
        self._files, self._root, self._view, self._reads_all = files, root, view, reads_all
        self._printer = Printer(files, root, config.fanout, self._is_machine_made)
        self._is_listed = False
        # What the index knows to be behind is no finding: the next reader brings it up to date.
        self._behind = {*view.index.unprinted(), *view.overlay.states}

    def _is_machine_made(self, key: Key, text: bytes) -> bool:
        if not self._is_listed:
            list_events(self._view)
            self._is_listed = True
        return is_machine_made(self._view, key, text)

    def expected(self) -> Iterator[tuple[str, Key]]:
        """Yield (path, key) of each entity that has, or may still have, a projection."""
        keys = {(row.type, row.id) for row in self._view.index.entities(None)}
        keys |= {(row.type, row.id) for row in self._view.index.entities(None, deleted=True)}
        keys |= {(type, id) for type, id, _ in self._view.index.all_printed()}
        for key in sorted(keys | self._view.overlay.states.keys()):
            yield self._printer.path(key), key

    def look(self, path: str, key: Key) -> tuple[Finding | None, Step]:
        """Return what is wrong with an entity's projection, if anything."""
        printed = None if self._reads_all else self._view.index.printed(*key)
        step, wanted = self._printer.plan(key, self._view.row(key), printed)
        if step not in _KINDS:
            return None, step
        code, severity, message, hint = _KINDS[step]
        if step is Step.WRITE and self._files.stat(os.path.join(self._root, *path.split("/"))) is None:
            code, message = "projection-missing", "is not there"
        if step is Step.EDITED and wanted is None:
            message = "shows an entity that is deleted, and was edited by a person; it is left as it is"
        if key in self._behind and step in (Step.WRITE, Step.REMOVE):
            severity = "info"
        return Finding(code, severity, path, message, hint), step

    def look_at_stray(self, path: str) -> tuple[Finding, bool]:
        """Return what to say of a file that is no entity's projection, and whether a machine left it."""
        at = entity_at(path)
        full = os.path.join(self._root, *path.split("/"))
        found = self._files.stat(full)
        if found is None or found.kind != "file" or at is None:
            message = "is no projection, by its name or its kind"
            return Finding("strange-file", "warning", path, message, "it is never read; keep it elsewhere"), False
        text = self._files.read(full)
        if is_wreck(text) or (at[1] is not None and self._is_machine_made((at[0], at[1]), text)):
            hint = "journal doctor --fix puts it aside, into local/parked/"
            return Finding("projection-leftover", "warning", path, "shows nothing that is here", hint), True
        hint = "journal put makes an entity of it; else keep it in another place"
        return Finding("edited", "warning", path, "a person's file, of an entity that is not here", hint), False


def look_at_projections(files: Files, root: str, config: Config, view: View, *, reads_all: bool) -> Printed:
    """Look at all projections; ``reads_all``: at the bytes of each, where else its stat would do."""
    looker = _Looker(files, root, config, view, reads_all=reads_all)
    present = set(_walk(files, root, ENTITIES))
    findings: list[Finding] = []
    leftovers: list[str] = []
    strange: list[str] = []
    lagging, entities = 0, 0
    taken: set[str] = set()
    for path, key in looker.expected():
        taken.add(path)
        row = view.row(key)
        entities += row is not None and row.data is not None
        finding, step = looker.look(path, key)
        if finding is not None:
            findings.append(finding)
        lagging += step in (Step.WRITE, Step.REMOVE)
        if step is Step.STRANGE:
            strange.append(path)
    for path in sorted(present - taken):
        finding, is_ours = looker.look_at_stray(path)
        findings.append(finding)
        if is_ours:
            leftovers.append(path)
    return Printed(shortened(findings), leftovers, strange, lagging, entities, len(present))


def _walk(files: Files, root: str, folder: str) -> Iterator[str]:
    """Yield the paths of all that is no folder below a folder, links included and not followed."""
    try:
        listed = files.list(os.path.join(root, *folder.split("/")))
    except (JournalError, OSError):
        return
    for name, stat in listed:
        path = f"{folder}/{name}"
        if stat.kind == "folder":
            yield from _walk(files, root, path)
        elif not name.endswith(TEMPORARY_SUFFIX) and name not in (".DS_Store", "Thumbs.db", ".gitkeep"):
            yield path


def shortened(findings: list[Finding]) -> list[Finding]:
    """Return the first findings of each kind, and one that counts the rest of it."""
    kinds: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        kinds.setdefault((finding.code, finding.severity), []).append(finding)
    short: list[Finding] = []
    for same in kinds.values():
        short.extend(same[:NAMED_MAX])
        if len(same) > NAMED_MAX:
            last = same[-1]
            message = f"and {len(same) - NAMED_MAX:,} more of this kind"
            short.append(Finding(last.code, last.severity, None, message, last.hint))
    return short
