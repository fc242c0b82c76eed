"""The sources that callers can name, made from what they say. Bad calls are refused before anything is read."""

import os
from collections.abc import Callable, Sequence
from functools import partial

from journal.store.engine import Engine
from journal.upkeep.migrating.folder import check_folder, check_rules, read_folder
from journal.upkeep.migrating.lines import check_file, read_lines
from journal.upkeep.migrating.model import Problems, Source
from journal.upkeep.migrating.pattern import parse_pattern
from journal.upkeep.migrating.reading import Rules
from journal.upkeep.migrating.snapshots import Snapshots

SourceOf = Callable[[Problems], Source]


def folder_source(engine: Engine, base: str, texts: Sequence[str], rules: Rules) -> SourceOf:
    """Return what makes the source of a folder's files. Raises UsageError, NotFoundError."""
    patterns = [parse_pattern(text) for text in texts]
    check_rules(patterns, rules)
    check_folder(base, patterns)
    read = partial(read_folder, engine.files, os.path.abspath(base), patterns, rules, os.path.realpath(engine.root))
    name = _named("folder", [_of_no_machine(text) for text in texts], rules)
    return lambda problems: Snapshots(name, read, problems, "none")


def jsonl_source(path: str, rules: Rules) -> SourceOf:
    """Return what makes the source of a file of JSON Lines. Raises UsageError, NotFoundError."""
    check_rules([], rules)
    check_file(path)
    name = _named("jsonl", [os.path.basename(path)], rules)
    return lambda problems: Snapshots(name, partial(read_lines, path, rules), problems, "last")


def _named(kind: str, what: Sequence[str], rules: Rules) -> str:
    """Return the name of a source: it tells what was read, and how."""
    given = {name: item for name, item in rules._asdict().items() if item}
    options = [f"{name}={item if isinstance(item, str) else ','.join(item)}" for name, item in given.items()]
    return f"{kind}: {' '.join([*what, *options])}"


def _of_no_machine(text: str) -> str:
    """Return a pattern without the folders that only this machine has."""
    top = parse_pattern(text).top
    return text if not text.startswith("/") else f"…/{os.path.basename(top)}/{text.removeprefix(top).lstrip('/')}"
