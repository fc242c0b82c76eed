"""A folder of files: JSON documents, or files that hold many, found by a pattern. No link is followed."""

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from journal.disk.files import Files
from journal.disk.folders import full_path
from journal.errors import NotFoundError, UnsafePathError, UsageError
from journal.upkeep.checks.unreadable import reason_of
from journal.upkeep.migrating.lines import documents_on, lines_of
from journal.upkeep.migrating.model import Document, Problem
from journal.upkeep.migrating.pattern import Pattern
from journal.upkeep.migrating.reading import FILE_BYTES_MAX, LINES_ENDINGS, Rules, documents_in

_SKIPPED = ".git"


class NotRead(NamedTuple):
    """Why something in the folder is passed over, as a ``Problem`` says it."""

    code: str
    message: str


_LINK = NotRead("link", "is a symbolic link: links are not followed")
_NO_FILE = NotRead("unreadable", "is no file, but a pipe, a socket or a device")


def read_folder(
    files: Files, base: str, patterns: Sequence[Pattern], rules: Rules, store: str
) -> Iterator[Document | Problem]:
    """Yield what the files below ``base`` that match a pattern hold, by pattern and path; a file counts once.

    ``store`` is the store's own folder, which is never looked into.
    """
    seen: set[str] = set()
    for pattern in patterns:
        top = full_path(base, pattern.top) if not pattern.top.startswith("/") else pattern.top
        shown_top = f"{pattern.top.rstrip('/')}/" if pattern.top else ""
        for path, size in _matching(files, top, pattern, store):
            full = full_path(top, path)
            if full in seen:
                continue
            seen.add(full)
            if isinstance(size, NotRead):
                yield Problem(size.code, shown_top + path, None, size.message)
            else:
                captured = pattern.match(path) or {}
                yield from read_file(files, full, shown_top + path, size, captured, rules)


def check_folder(base: str, patterns: Sequence[Pattern]) -> None:
    """Raise NotFoundError where a pattern begins with a folder that is not there, or is a file that is not.

    Raises UnsafePathError where it begins with a link.
    """
    for pattern in patterns:
        top = os.path.join(base, pattern.top)
        if not os.path.isdir(top):
            raise NotFoundError("there is no such folder", path=top, hint=f"the pattern is {pattern.text!r}")
        if os.path.islink(top.rstrip("/")):
            message = "is a symbolic link: links are not followed"
            raise UnsafePathError(message, path=top, hint=f"name the folder itself: {os.path.realpath(top)}")
        path = os.path.join(top, pattern.below_top)
        if not pattern.is_open and os.path.isdir(path):
            raise NotFoundError(
                "this is a folder, not a file", path=path, hint=f"its files: {pattern.text}/{{id}}.json"
            )
        if not pattern.is_open and not os.path.lexists(path):
            raise NotFoundError("there is no such file", path=path)


def check_rules(patterns: Sequence[Pattern], rules: Rules) -> None:
    """Raise UsageError where the patterns and rules do not tell the type of each entity."""
    if rules.type or rules.type_field:
        return
    if not patterns or any("type" not in pattern.names for pattern in patterns):
        raise UsageError(
            "what type are these entities?",
            hint="say --type TYPE or --type-field FIELD, or put {type} into the pattern",
        )


def read_file(
    files: Files, full: str, path: str, size: int, captured: dict[str, str], rules: Rules
) -> Iterator[Document | Problem]:
    """Yield what one file holds; ``path`` is what reports call it."""
    try:
        if path.endswith(LINES_ENDINGS) and rules.each is None:
            yield from documents_on(lines_of(lambda at, size: files.read_at(full, at, size)), path, captured, rules)
        elif size > FILE_BYTES_MAX:
            yield Problem("unreadable", path, None, f"{size:,} bytes are too long for a document")
        else:
            yield from documents_in(files.read(full), path, captured, rules)
    except OSError as error:
        yield Problem("unreadable", path, None, f"cannot be read: {error.strerror or error}")


def _matching(files: Files, top: str, pattern: Pattern, store: str) -> Iterator[tuple[str, int | NotRead]]:
    """Yield (path below ``top``, size) of each file that matches, sorted within its folder; or why it is not read."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        full = full_path(top, folder)
        inner: list[str] = []
        try:
            listed = sorted(files.list(full))
        except (OSError, UnsafePathError) as error:
            if not folder:
                raise
            yield folder, NotRead("unreadable", f"the folder cannot be read: {reason_of(error)}")
            continue
        for name, stat in listed:
            path = f"{folder}/{name}" if folder else name
            if stat.kind == "folder":
                if name != _SKIPPED and pattern.leads(path) and os.path.join(full, name) != store:
                    inner.append(path)
            elif stat.kind == "link":
                if pattern.match(path) is not None or pattern.leads(path):
                    yield path, _LINK
            elif pattern.match(path) is not None:
                yield path, stat.size if stat.kind == "file" else _NO_FILE
        waiting.extend(reversed(inner))
