"""The past of a branch: its commits in order, who made each, and which files it changed.

Only folders that differ are read, and only those that somebody asks for, so the cost follows the changes.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from journal.errors import GitError
from journal.git.ancestry import commits_without_parents_here
from journal.git.objects import ObjectReader
from journal.git.repository import Repository
from journal.git.trees import TreeEntry, as_file, as_folder, parse_tree

_TREES_KEPT = 256
_COMMITS_KEPT = 4096
_TEXT_BYTES_MAX = 10_000
_AUTHOR = re.compile(rb"^author (.*?) ?<([^<>\n]*)>(?: (-?\d{1,14}) [+-]\d{4})?", re.MULTILINE)
_ENCODING = re.compile(rb"^encoding (\S+)$", re.MULTILINE)


class Commit(NamedTuple):
    """A commit: ``author``: a name, else a mail address; ``ts``: when it was written (RFC 3339), None if unreadable."""

    identity: str
    parents: tuple[str, ...]
    tree: str
    author: str | None
    ts: str | None
    subject: str


class Changed(NamedTuple):
    """A file that differs between two trees; None where there is none."""

    path: str
    old: TreeEntry | None
    new: TreeEntry | None


class Past:
    """The commits and trees of a repository, read as they are needed. Raises GitError where objects are missing."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self._reader = ObjectReader(repository)
        self._cut = commits_without_parents_here(repository)
        self.commit = lru_cache(_COMMITS_KEPT)(self._commit)
        self._tree = lru_cache(_TREES_KEPT)(self._read_tree)

    def close(self) -> None:
        """Let go of the repository's packs."""
        self._reader.close()

    def line(self, tip: str) -> list[str]:
        """Return a commit and its first parents, oldest first."""
        found: list[str] = []
        waiting: tuple[str, ...] = (tip,)
        while waiting:
            found.append(waiting[0])
            waiting = self.commit(waiting[0]).parents
        return found[::-1]

    def every(self, tip: str) -> list[str]:
        """Return a commit and all that it descends from, parents before children, first parents first."""
        found: dict[str, None] = {}
        waiting = [(tip, False)]
        while waiting:
            identity, is_ready = waiting.pop()
            if identity in found:
                continue
            if is_ready:
                found[identity] = None
                continue
            waiting.append((identity, True))
            waiting.extend((parent, False) for parent in reversed(self.commit(identity).parents) if parent not in found)
        return list(found)

    def changes(self, old: str | None, new: str | None, leads: Callable[[str], bool]) -> Iterator[Changed]:
        """Yield the files that differ between two trees, links and submodules too; None is the empty tree.

        ``leads`` tells whether a folder is to be looked into.
        """
        waiting: list[tuple[str, str | None, str | None]] = [("", old, new)]
        while waiting:
            prefix, before, after = waiting.pop()
            if before == after:
                continue
            olds, news = self._entries(before), self._entries(after)
            names = olds.items() ^ news.items()
            for name in sorted({name for name, _ in names}):
                path = prefix + name.decode("utf-8", "surrogateescape")
                was, now = as_file(olds.get(name)), as_file(news.get(name))
                if was != now:
                    yield Changed(path, was, now)
                trees = as_folder(olds.get(name)), as_folder(news.get(name))
                if trees != (None, None) and leads(path):
                    waiting.append((f"{path}/", *trees))

    def file(self, tree: str, path: str) -> TreeEntry | None:
        """Return a file of a tree, None where there is none."""
        *folders, name = path.encode("utf-8", "surrogateescape").split(b"/")
        at: str | None = tree
        for folder in folders:
            at = as_folder(self._entries(at).get(folder)) if at is not None else None
        return as_file(self._entries(at).get(name))

    def content(self, entry: TreeEntry) -> bytes:
        """Return the bytes of a file."""
        return self._reader.read(entry.identity, "blob")

    def _entries(self, tree: str | None) -> dict[bytes, TreeEntry]:
        return {} if tree is None else self._tree(tree)

    def _read_tree(self, identity: str) -> dict[bytes, TreeEntry]:
        return parse_tree(self._reader.read(identity, "tree"), self.repository.hash_length)

    def _commit(self, identity: str) -> Commit:
        raw = self._reader.read(identity, "commit")
        head, _, message = raw.partition(b"\n\n")
        tree = re.match(rb"tree ([0-9a-f]+)", head)
        if tree is None:
            raise GitError(f"the commit {identity} is damaged", path=self.repository.common_dir)
        parents = [] if identity in self._cut else re.findall(rb"^parent ([0-9a-f]+)$", head, re.MULTILINE)
        encoding = _ENCODING.search(head)
        author, ts = _author(head, encoding and encoding[1])
        subject = _text(message.strip().split(b"\n", 1)[0], encoding and encoding[1])
        return Commit(identity, tuple(parent.decode() for parent in parents), tree[1].decode(), author, ts, subject)


def is_link(entry: TreeEntry) -> bool:
    """Tell whether an entry of a tree is a symbolic link."""
    return entry.mode & 0o170000 == 0o120000


def is_file(entry: TreeEntry) -> bool:
    """Tell whether an entry of a tree is a plain file, executable or not."""
    return entry.mode & 0o170000 == 0o100000


def _author(head: bytes, encoding: bytes | None) -> tuple[str | None, str | None]:
    found = _AUTHOR.search(head)
    if found is None:
        return None, None
    try:
        moment = datetime.fromtimestamp(int(found[3]), UTC) if found[3] else None
    except (ValueError, OverflowError, OSError):
        moment = None  # a year that no calendar has
    ts = moment.isoformat().replace("+00:00", "Z") if moment is not None else None
    return _text(found[1], encoding) or _text(found[2], encoding) or None, ts


def _text(raw: bytes, encoding: bytes | None) -> str:
    """Return a line of a commit, without what could not stand in a line."""
    raw = raw[:_TEXT_BYTES_MAX]
    try:
        text = raw.decode((encoding or b"utf-8").decode("ascii"), "replace")
    except (LookupError, ValueError):  # no encoding, or one that cannot replace what it does not know
        text = raw.decode("utf-8", "replace")
    return " ".join("".join(one if one.isprintable() or one.isspace() else "�" for one in text).split())
