"""The git history of files: each commit that changed entities becomes a transaction, with its author and its time.

Commits come oldest first, along first parents, each compared with the one before it; or every commit, parents before
children, each compared with its own parents. Either way, what is done last is the tip, and the entities are what it
says. A commit in which a file cannot be read is told, and its entities stay as they were.

=============================  =====================================================================
in a commit                    what it means
=============================  =====================================================================
a file of one entity is gone   the entity is deleted, unless another file holds it by then (a rename)
a line is gone                 the entity is deleted; but not where other lines cannot be read
the last file of many is gone  nothing: it was moved away, and no entity in it was deleted one by one
two files hold one entity      the later change counts, and it is told
=============================  =====================================================================
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from journal.errors import GitError
from journal.format import values
from journal.format.limits import SUMMARY_CHARACTERS_MAX
from journal.git.past import Commit, Past, is_file, is_link
from journal.git.trees import TreeEntry
from journal.index.view import Key
from journal.upkeep.migrating.holders import Holders
from journal.upkeep.migrating.model import Document, Done, Label, Problem, Revision
from journal.upkeep.migrating.pattern import Pattern
from journal.upkeep.migrating.reading import Rules
from journal.upkeep.migrating.versions import Reader, Version

_VERSIONS_KEPT = 8


class Place(NamedTuple):
    """Where the files are: ``top`` is the folder in the repository that a pattern begins in, with a final slash."""

    top: str
    pattern: Pattern

    def match(self, path: str) -> dict[str, str] | None:
        """Return what the names in the pattern stand for in a path of the repository."""
        return self.pattern.match(path[len(self.top) :]) if path.startswith(self.top) else None

    def leads(self, folder: str) -> bool:
        """Tell whether a folder of the repository may hold files that match."""
        inner = f"{folder}/"
        return self.top.startswith(inner) or (
            inner.startswith(self.top) and self.pattern.leads(folder[len(self.top) :])
        )


class _Change:
    """A file that a commit changed: as it is now, and as it was in what the commit is compared with."""

    def __init__(self, captured: dict[str, str]) -> None:
        self.captured = captured
        self.olds: list[TreeEntry] = []
        self.new: TreeEntry | None = None


class _Found:
    """What a commit makes of entities. ``added``: entities in files that did not hold them before.

    ``many``: the new versions of files of many entities; ``vanished``: those that went.
    """

    def __init__(self) -> None:
        self.present: dict[Key, tuple[bytes, str]] = {}
        self.gone: dict[Key, str] = {}
        self.problems: list[Problem] = []
        self.added: list[tuple[Key, str]] = []
        self.many: dict[str, Version] = {}
        self.vanished: list[str] = []


class History:
    """A source with a history."""

    def __init__(
        self, name: str, past: Past, tip: str, places: Sequence[Place], rules: Rules, *, every_commit: bool
    ) -> None:
        self.name, self._tip = name, tip
        self._past, self._places, self._rules, self._every = past, places, rules, every_commit
        self._reader = Reader(rules)
        self._version = lru_cache(_VERSIONS_KEPT)(self._read)
        self._holders = Holders()
        self._many: set[str] = set()
        """The files of many entities that are there."""
        self._vanished: dict[str, Version] = {}
        """Files of many entities that went, and none is there since."""
        self._order: list[str] = []
        self._ends: dict[int, str] = {}
        """Position of the last commit of each run → the tip of the run before."""
        self._start = 0
        self._is_anew = False

    # -- which commits --------------------------------------------------------------------------

    def prepare(self, done: Done) -> int:
        """Put the commits in order: those of earlier runs as they were then, and what came since behind them."""
        try:
            self._order, self._ends = self._ordered((*done.tips, self._tip))
            self._start = done.offset
        except GitError:
            if not done.tips:
                raise
            self._order, self._ends = self._ordered((self._tip,))
            self._start, self._is_anew = len(self._order) - 1, True
        return len(self._order)

    def marks(self) -> dict[str, Any]:
        """Return up to which commit the run reads, and whether what earlier runs read does not count any more."""
        return {"tip": self._tip, **({"anew": True} if self._is_anew else {})}

    def _ordered(self, tips: Sequence[str]) -> tuple[list[str], dict[int, str]]:
        order: list[str] = []
        ends: dict[int, str] = {}
        seen: set[str] = set()
        for at, tip in enumerate(tips):
            commits = self._past.every(tip) if self._every else self._past.line(tip)
            order.extend(commit for commit in commits if commit not in seen)
            seen.update(commits)
            if order[-1] != tip:
                order.append(tip)  # the branch was set back
            if at:
                ends[len(order) - 1] = tips[at - 1]
        return order, ends

    def _bases(self, at: int) -> list[str | None]:
        """Return the trees that a commit is compared with."""
        if self._is_anew or at == 0:
            return [None]
        if not self._every:
            return [self._past.commit(self._order[at - 1]).tree]
        commits = [*self._past.commit(self._order[at]).parents, *([self._ends[at]] if at in self._ends else [])]
        return [self._past.commit(commit).tree for commit in commits] or [None]

    def revisions(self) -> Iterator[Revision]:
        """Yield what each commit changed, oldest first."""
        if self._start and not self._is_anew:
            self._look_around(self._past.commit(self._order[self._start - 1]).tree)
        for at in range(self._start, len(self._order)):
            commit = self._past.commit(self._order[at])
            found = self._look(commit, self._bases(at))
            yield Revision(self._documents(found), _label(commit), at + 1, found.problems)

    def final(self) -> Iterator[Document]:
        """Yield the entities in the tip; one that two files hold was told, and is left out."""
        for path, version in self._files_in(self._past.commit(self._tip).tree):
            for key, text in version.entries.items():
                if self._holders.files_of(key) == (path,):
                    yield Document(key, values.decode(text), path)

    def close(self) -> None:
        """Let go of the repository."""
        self._past.close()

    # -- one commit -----------------------------------------------------------------------------

    def _look(self, commit: Commit, bases: Sequence[str | None]) -> _Found:
        found = _Found()
        if self._is_anew:
            message = "the commits up to which this was brought in are gone: its present state alone was compared"
            found.problems.append(Problem("rewritten", self.name, None, message, commit.identity))
        for path, change in self._changes(commit, bases).items():
            self._look_at_file(found, path, change)
        self._settle_vanished(found)
        for key in [key for key in found.gone if key not in found.present]:
            self._look_elsewhere(found, commit, key)
        for key, path in found.added:
            files = self._holders.files_of(key)
            if len(files) > 1 and files[-1] == path:
                message = f"{key[0]} {key[1]!r} is in {files[0]} too: the later change counts"
                found.problems.append(Problem("duplicate", path, None, message))
        found.problems = [problem._replace(commit=commit.identity) for problem in found.problems]
        return found

    def _changes(self, commit: Commit, bases: Sequence[str | None]) -> dict[str, _Change]:
        changes: dict[str, _Change] = {}
        for base in bases:
            for path, old, new in self._past.changes(base, commit.tree, self._leads):
                captured = self._match(path)
                if captured is None:
                    continue
                change = changes.setdefault(path, _Change(captured))
                change.new = new
                if old is not None:
                    change.olds.append(old)
        return dict(sorted(changes.items()))

    def _look_at_file(self, found: _Found, path: str, change: _Change) -> None:
        captured = tuple(change.captured.items())
        is_many = self._rules.is_collection(path)
        olds = [self._version(path, old, captured) for old in change.olds if is_file(old)]
        if change.new is None or not is_file(change.new):
            if change.new is not None:
                what = "is a symbolic link: links are not followed" if is_link(change.new) else "is no file"
                found.problems.append(Problem("link", path, None, what))
            self._many.discard(path)
            if is_many and olds:
                self._vanished[path] = olds[0]
                found.vanished.append(path)
            else:
                self._let_go(found, path, {key for old in olds for key in old.entries}, set())
            return
        new = self._version(path, change.new, captured)
        found.problems.extend(new.problems)
        if is_many:
            self._many.add(path)
            found.many[path] = new
        for key, text in new.entries.items():
            if not olds or any(old.entries.get(key) != text for old in olds):
                found.present[key] = (text, path)
                if path not in self._holders.files_of(key):
                    found.added.append((key, path))
                    self._holders.add(key, path, is_alone=not is_many)
        if not new.is_partial:
            self._let_go(found, path, {key for old in olds for key in old.entries}, set(new.entries))

    def _let_go(self, found: _Found, path: str, before: set[Key], after: set[Key]) -> None:
        alone = self._holders.held_alone(path)
        for key in sorted((before | ({alone} if alone else set())) - after):
            self._holders.drop(key, path)
            found.gone.setdefault(key, path)

    def _settle_vanished(self, found: _Found) -> None:
        """A file of many that went is gone where another is there; else its entities were not deleted."""
        if not self._many:
            message = "a file of many entities is gone, and no other is there: its entities stay as they are"
            found.problems.extend(Problem("vanished", path, None, message) for path in found.vanished)
            return
        for path, version in self._vanished.items():
            back = found.many.get(path)
            if back is None or not back.is_partial:
                self._let_go(found, path, set(version.entries), set(back.entries) if back is not None else set())
        self._vanished.clear()

    def _look_elsewhere(self, found: _Found, commit: Commit, key: Key) -> None:
        """An entity that left a file may be in another."""
        for other in reversed(self._holders.files_of(key)):
            entry, captured = self._past.file(commit.tree, other), self._match(other)
            if entry is None or captured is None or not is_file(entry):
                continue
            version = self._version(other, entry, tuple(captured.items()))
            if key in version.entries:
                found.present[key] = (version.entries[key], other)
            if key in version.entries or version.is_partial:
                del found.gone[key]
                return

    def _documents(self, found: _Found) -> list[Document]:
        there = [
            Document(key, values.decode(text), path, None, len(text)) for key, (text, path) in found.present.items()
        ]
        return there + [Document(key, None, path) for key, path in found.gone.items() if key not in found.present]

    # -- files ----------------------------------------------------------------------------------

    def _match(self, path: str) -> dict[str, str] | None:
        return next((found for place in self._places if (found := place.match(path)) is not None), None)

    def _leads(self, folder: str) -> bool:
        return any(place.leads(folder) for place in self._places)

    def _files_in(self, tree: str) -> Iterator[tuple[str, Version]]:
        for path, _, entry in self._past.changes(None, tree, self._leads):
            captured = self._match(path)
            if captured is not None and entry is not None and is_file(entry):
                yield path, self._version(path, entry, tuple(captured.items()))

    def _look_around(self, tree: str) -> None:
        """Learn which files hold what, where an earlier run stopped."""
        for path, version in self._files_in(tree):
            is_many = self._rules.is_collection(path)
            if is_many:
                self._many.add(path)
            for key in version.entries:
                self._holders.add(key, path, is_alone=not is_many)

    def _read(self, path: str, entry: TreeEntry, captured: tuple[tuple[str, str], ...]) -> Version:
        return self._reader.read(self._past.content(entry), path, dict(captured))


def _label(commit: Commit) -> Label:
    return Label(commit.identity, commit.author, commit.ts, commit.subject[:SUMMARY_CHARACTERS_MAX] or None)
