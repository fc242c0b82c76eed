"""The sources that callers can name, made from what they say. Bad calls are refused before anything is read."""

import os
from collections.abc import Callable, Sequence
from functools import partial

from journal.errors import GitError, JournalError, UsageError
from journal.store.engine import Engine
from journal.upkeep.migrating.folder import check_folder, check_rules, read_folder
from journal.upkeep.migrating.lines import check_file, read_lines
from journal.upkeep.migrating.model import Problems, Source
from journal.upkeep.migrating.pattern import parse_pattern
from journal.upkeep.migrating.reading import Rules
from journal.upkeep.migrating.snapshots import Snapshots
from journal.upkeep.migrating.tables import Columns, read_rows

_QUERY_CHARACTERS_SHOWN = 200

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


def sqlite_source(path: str, query: str, rules: Rules, columns: Columns) -> SourceOf:
    """Return what makes the source of a query's rows. Raises UsageError, NotFoundError."""
    check_rules([], rules)
    check_file(path)
    words = [os.path.basename(path), " ".join(query.split())[:_QUERY_CHARACTERS_SHOWN]]
    name = _named("sqlite", words, rules)
    return lambda problems: Snapshots(name, partial(read_rows, path, query, rules, columns), problems, "last")


def history_source(
    engine: Engine, folder: str, texts: Sequence[str], rules: Rules, *, revision: str, every_commit: bool
) -> SourceOf:
    """Return what makes the source of the git history of files; patterns begin in ``folder``.

    Raises UsageError, NotFoundError, and GitError where ``folder`` is in no repository or its history is cut off.
    """
    from journal.git.ancestry import is_shallow
    from journal.git.past import Past
    from journal.git.repository import Repository
    from journal.git.revisions import find_commit, shallow_hint
    from journal.upkeep.migrating.history import History, Place

    patterns = [parse_pattern(text) for text in texts]
    check_rules(patterns, rules)
    repository = Repository.discover(folder)
    if repository is None:
        raise GitError("this is no git work tree", path=folder, hint="migrate folder brings in files without a history")
    tip = find_commit(repository, revision)
    if is_shallow(repository):
        raise GitError("a part of the history is not here", path=folder, hint=shallow_hint(repository))
    base = os.path.realpath(folder)
    places = [Place(_below(repository.work_tree, os.path.join(base, pattern.top)), pattern) for pattern in patterns]
    words = [f"{place.top}{place.pattern.below_top}" for place in places] + (["every-commit"] if every_commit else [])

    def make(problems: Problems) -> Source:
        past = Past(repository)
        try:
            root = past.line(tip)[0]
        except JournalError:
            past.close()
            raise
        # Another repository is another source, whatever its files are called.
        name = _named("git-history", [*words, f"root={root[:16]}"], rules)
        return History(name, past, tip, places, rules, every_commit=every_commit)

    return make


def _below(work_tree: str, folder: str) -> str:
    """Return a folder as git names it, with a final slash; "" for the top."""
    inner = os.path.relpath(os.path.normpath(folder), work_tree).replace(os.sep, "/")
    if inner == ".." or inner.startswith("../"):
        raise UsageError("this folder is not in the repository", hint=f"its work tree is {work_tree}")
    return "" if inner == "." else f"{inner}/"


def _named(kind: str, what: Sequence[str], rules: Rules) -> str:
    """Return the name of a source: it tells what was read, and how."""
    given = {name: item for name, item in rules._asdict().items() if item}
    options = [f"{name}={item if isinstance(item, str) else ','.join(item)}" for name, item in given.items()]
    return f"{kind}: {' '.join([*what, *options])}"


def _of_no_machine(text: str) -> str:
    """Return a pattern without the folders that only this machine has."""
    pattern = parse_pattern(text)
    return text if not text.startswith("/") else f"…/{os.path.basename(pattern.top)}/{pattern.below_top}"
