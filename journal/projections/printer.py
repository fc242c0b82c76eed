"""Writing projections: facts in, one step each, applied."""

import os
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from journal.disk.files import Files, write_whole
from journal.disk.folders import checked, ensure_folder, full_path
from journal.errors import UnsafePathError
from journal.index.rows import EntityRow, PrintedFacts
from journal.index.view import Key
from journal.projections.paths import path_of, render
from journal.projections.plan import Step, decide, is_wreck

MadeByMachine = Callable[[Key, bytes], bool]
NOTHING_SETTLED: Mapping[Key, bytes] = MappingProxyType({})


class Outcome(NamedTuple):
    """What became of one projection."""

    key: Key
    path: str
    step: Step
    facts: PrintedFacts | None

    @property
    def is_settled(self) -> bool:
        """Whether the file shows the state now: git is to be told of it."""
        return self.step in (Step.WRITE, Step.REMOVE, Step.ADOPT)


def digest(text: bytes) -> bytes:
    """Return the hash by which a projection is known again."""
    import hashlib  # where nothing is to be written, as in most reads, loading it is not worth its time

    return hashlib.sha256(text).digest()[:16]


class Printer:
    """Plans and writes projections below one store."""

    def __init__(self, files: Files, root: str, fanout: Callable[[str], bool], made_by_machine: MadeByMachine) -> None:
        self._files, self._root, self._fanout = files, root, fanout
        self._made_by_machine = made_by_machine

    def path(self, key: Key) -> str:
        """Return the path of a projection, relative to the store."""
        return path_of(*key, fanout=self._fanout(key[0]))

    def plan(self, key: Key, row: EntityRow | None, printed: PrintedFacts | None) -> tuple[Step, bytes | None]:
        """Return what is to be done with a projection, and the bytes it should have."""
        path = full_path(self._root, self.path(key))
        wanted = render(key[1], row.data) if row is not None and row.data is not None else None
        try:
            checked(self._files, self._root, path)
        except UnsafePathError:
            return Step.STRANGE, wanted
        found = self._files.stat(path)
        step = decide(
            wanted,
            found,
            printed,
            digest,
            lambda: self._files.read(path),
            lambda text: self._made_by_machine(key, text),
        )
        return step, wanted

    def is_by_machine(self, key: Key, text: bytes) -> bool:
        """Tell whether a file with these bytes may be overwritten, as far as that can be told without its stat."""
        return is_wreck(text) or self._made_by_machine(key, text)

    def print(
        self,
        items: Iterable[tuple[Key, EntityRow | None, PrintedFacts | None]],
        settled: Mapping[Key, bytes] = NOTHING_SETTLED,
    ) -> list[Outcome]:
        """Bring projections up to date and return what became of each; nothing is synced (they are derived).

        ``settled`` are hand edits that are kept elsewhere by now: a file that still holds these bytes is written over.
        A file that cannot be written just lags.
        """
        outcomes = []
        for key, row, printed in items:
            step, wanted = self.plan(key, row, printed)
            relative = self.path(key)
            if step is Step.EDITED and self._holds(relative, settled.get(key)):
                step = Step.REMOVE if wanted is None else Step.WRITE
            facts = self._do(step, relative, wanted, printed)
            outcomes.append(Outcome(key, relative, step, facts))
        return outcomes

    def _holds(self, relative: str, text: bytes | None) -> bool:
        return text is not None and self._files.read(full_path(self._root, relative)) == text

    def remove_stray(self, relative: str, key: Key, row: EntityRow | None, settled: bytes | None = None) -> bool:
        """Remove a projection that stands in another place than its own, unless a person edited it; True if it did.

        ``settled``: bytes of a hand edit that is kept elsewhere by now.
        """
        path = full_path(self._root, relative)
        found = self._files.stat(path)
        if found is None or found.kind != "file":
            return False
        text = self._files.read(path)
        shown = render(key[1], row.data) if row is not None and row.data is not None else None
        if text not in (shown, settled) and not self._made_by_machine(key, text):
            return False
        self._files.remove(path)
        self._files.remove_folder(os.path.dirname(path))
        return True

    def _do(self, step: Step, relative: str, wanted: bytes | None, printed: PrintedFacts | None) -> PrintedFacts | None:
        path = full_path(self._root, relative)
        if step is Step.WRITE and wanted is not None:
            ensure_folder(self._files, self._root, os.path.dirname(relative))
            write_whole(self._files, path, wanted, durable=False)
        elif step is Step.REMOVE:
            self._files.remove(path)
            return None
        if step in (Step.WRITE, Step.ADOPT) and wanted is not None:
            stat = self._files.stat(path)
            return stat and PrintedFacts(digest(wanted), stat.size, stat.mtime_ns, stat.inode)
        return None if step is Step.FORGET else printed
