"""Sources without a history: each document is what its entity is now.

A source is read once to find what is no entity and which ids appear twice, once to write, and once to compare. A
document is never left out in silence.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from journal.index.view import Key
from journal.upkeep.migrating.model import Document, Done, Label, Problem, Problems, Revision
from journal.upkeep.migrating.writing import DOCUMENTS_AT_ONCE

Duplicates = Literal["last", "none"]
"""Of documents with the same type and id: the last one counts, or none does."""


class _Place(NamedTuple):
    path: str
    line: int | None
    number: int


class Snapshots:
    """A source that is a sequence of documents, which ``read`` yields anew each time, in the same order."""

    def __init__(
        self, name: str, read: Callable[[], Iterator[Document | Problem]], problems: Problems, duplicates: Duplicates
    ) -> None:
        self.name = name
        self._read, self._problems, self._duplicates = read, problems, duplicates
        self._counts: dict[Key, int | None] = {}
        """Which document of an entity counts, by its number; None: none of them."""

    def prepare(self, done: Done) -> int:
        """Read everything; note what is the matter; return the number of documents."""
        first: dict[Key, _Place] = {}
        number = 0
        for found in self._read():
            if isinstance(found, Problem):
                self._problems.add(found)
                continue
            number += 1
            earlier = first.get(found.key)
            first[found.key] = _Place(found.path, found.line, number)
            if earlier is None:
                self._counts[found.key] = number
                continue
            self._counts[found.key] = number if self._duplicates == "last" else None
            self._tell_duplicate(found, earlier)
        return number

    def marks(self) -> dict[str, Any]:
        """Return nothing: a source without a history is compared anew each time."""
        return {}

    def _tell_duplicate(self, found: Document, earlier: _Place) -> None:
        where = earlier.path if earlier.path != found.path or earlier.line is None else f"line {earlier.line:,}"
        what = "this one counts" if self._duplicates == "last" else "none of them is brought in"
        message = f"{found.key[0]} {found.key[1]!r} is in {where} too: {what}"
        self._problems.add(Problem("duplicate", found.path, found.line, message))

    def revisions(self) -> Iterator[Revision]:
        """Yield the documents that count, a transaction's worth at a time."""
        batch: list[Document] = []
        number = 0
        for number, document in self._numbered():
            batch.append(document)
            if len(batch) == DOCUMENTS_AT_ONCE:
                yield Revision(batch, Label(), number)
                batch = []
        if batch:
            yield Revision(batch, Label(), number)

    def final(self) -> Iterator[Document]:
        """Yield the documents that count."""
        return (document for _, document in self._numbered())

    def close(self) -> None:
        """Nothing is open between two looks."""

    def _numbered(self) -> Iterator[tuple[int, Document]]:
        number = 0
        for found in self._read():
            if not isinstance(found, Problem):
                number += 1
                if self._counts.get(found.key, number) == number:
                    yield number, found
