"""What one version of a file in git's history says: which entities, each as text. Pure, but for what it remembers.

Of JSON Lines only lines that were not in a version before are parsed, so reading each version of a long file that
changes a line at a time stays cheap.
"""

from collections.abc import Mapping
from typing import NamedTuple

from journal.format import values
from journal.index.view import Key
from journal.upkeep.migrating.model import Document, Problem
from journal.upkeep.migrating.reading import Rules, document_on_line, documents_in

_LINES_SPARE = 10_000


class Version(NamedTuple):
    """``entries``: the data of each entity, as JSON text. ``is_partial``: not all of it could be read.

    What is missing in a partial version is not gone.
    """

    entries: dict[Key, bytes]
    problems: tuple[Problem, ...] = ()
    is_partial: bool = False


class Reader:
    """Reads versions, and remembers the lines of the last ones."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._lines: dict[bytes, tuple[Key, bytes] | Problem] = {}

    def read(self, text: bytes, path: str, captured: Mapping[str, str]) -> Version:
        """Return what a version says. ``captured``: what the names of the pattern stand for in its path."""
        if self._rules.each is None and self._rules.is_collection(path):
            return self._read_lines(text, path, captured)
        entries: dict[Key, bytes] = {}
        problems: list[Problem] = []
        for found in documents_in(text, path, captured, self._rules):
            if isinstance(found, Problem):
                problems.append(found)
                continue
            if found.key in entries:
                problems.append(_twice(found.key, path, None))
            entries[found.key] = values.encode_trusted(found.data)
        return Version(entries, tuple(problems), any(problem.code != "duplicate" for problem in problems))

    def _read_lines(self, text: bytes, path: str, captured: Mapping[str, str]) -> Version:
        entries: dict[Key, bytes] = {}
        problems: list[Problem] = []
        is_partial = False
        lines = text.split(b"\n")
        for number, line in enumerate(lines, start=1):
            known = self._lines.get(line) or self._parse(line, path, captured)
            if known is None:
                continue
            if isinstance(known, Problem):
                problems.append(known._replace(line=number, path=path))
                is_partial = True
                continue
            key, data = known
            if key in entries:
                problems.append(_twice(key, path, number))
            entries[key] = data
        if len(self._lines) > 2 * len(lines) + _LINES_SPARE:
            self._lines = {line: self._lines[line] for line in lines if line in self._lines}
        return Version(entries, tuple(problems), is_partial)

    def _parse(self, line: bytes, path: str, captured: Mapping[str, str]) -> tuple[Key, bytes] | Problem | None:
        if not line.strip():
            return None
        found = document_on_line(line, path, 0, captured, self._rules)
        known = (found.key, values.encode_trusted(found.data)) if isinstance(found, Document) else found
        if not captured:
            self._lines[line] = known  # else a line may mean something else in another file
        return known


def _twice(key: Key, path: str, line: int | None) -> Problem:
    return Problem("duplicate", path, line, f"{key[0]} {key[1]!r} is in this file twice: the later one counts")
