"""Committing the store's files, and nothing else, to git.

What is committed: the truth as it is on disk, and projections whose bytes are what the truth says. A projection that
a person edited is left for them to settle. Which projections to look at is remembered since the last
commit, so the cost follows the change; the memory counts only while git's tree of the store is the one that it
was made for, and else is filled up by comparing the two trees.

A file of the truth that git has and the disk lacks is never committed as removed, unless a pack holds its
events: absence is not a deletion.

Of a blob that git LFS carries, its pointer is committed, once git LFS has the bytes.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from journal.disk.folders import full_path
from journal.disk.gitdir import HeadWatch
from journal.errors import GitError
from journal.format import values
from journal.format.names import parse_pack_file, parse_segment_file
from journal.format.segment import Vector
from journal.git.commit import CommitResult, FileChange, commit_changes, stage_changes
from journal.git.content import Content, StoredFile
from journal.git.objects import ObjectReader, content_id
from journal.git.questions import Questions
from journal.git.refs import MovedError
from journal.git.repository import Repository
from journal.git.status import changed_paths as paths_between
from journal.git.status import (
    files_in,
    head_commit,
    in_progress,
    index_paths,
    tree_entries,
    tree_of,
)
from journal.index.places import list_events
from journal.index.view import View
from journal.projections.paths import ENTITIES, entity_at, is_projected, render
from journal.segments.folders import ARCHIVE, CHECKPOINTS, SEGMENTS, text_of
from journal.segments.scan import scan
from journal.state import vector
from journal.store.engine import Engine
from journal.store.layout import OWN_FILES, SCHEMAS
from journal.upkeep.blob_changes import blob_changes, staged_as_bytes
from journal.upkeep.lfs_keeping import keep_for_lfs
from journal.upkeep.packed import packs_of
from journal.upkeep.place import Place, place_of

_Done = TypeVar("_Done")
_TRIES = 5
_PAUSE_SECONDS = 0.05
"""Between two tries, without the lock."""
_TREE, _SEGMENTS = "committed_tree", "committed_segments"
_LARGE_BYTES = 1 << 16


def commit(engine: Engine, message: str | None, *, author: str | None, verify: bool) -> CommitResult | None:
    """Commit what changed and return the commit, None where git has it all. Raises GitError."""
    return _again(engine, lambda holds: _commit(engine, message, author, holds, verify=verify))


def stage(engine: Engine) -> int:
    """Put what changed into git's index and return how many files that were. Raises GitError."""
    return _again(engine, lambda holds: _stage(engine, holds))


def _again(engine: Engine, work: Callable[[Callable[[], bool]], _Done]) -> _Done:
    """Do under the lock what begins with a look at the files, and anew where git worked on them before it was kept out.

    A checkout, or a merge that is given up, takes files away and git keeps no reader out meanwhile: what was read
    before is not to be committed after it, and what was listed before may be gone when it is to be read.
    """
    watch = HeadWatch(engine.files, engine.git)
    for tries_left in range(_TRIES - 1, -1, -1):
        with contextlib.suppress(MovedError), engine.locked():
            seen = watch.signature()
            try:
                return work(lambda seen=seen: watch.signature() == seen)  # type: ignore[misc]
            except FileNotFoundError:
                if not tries_left:
                    raise
        time.sleep(_PAUSE_SECONDS)
    raise GitError(
        "git changed its index, or what is checked out, at every attempt; nothing was changed",
        path=place_of(engine).repository.work_tree,
        hint="wait for the other git commands and run it again",
    )


def _commit(
    engine: Engine, message: str | None, author: str | None, holds: Callable[[], bool], *, verify: bool
) -> CommitResult | None:
    place = place_of(engine)
    with engine.reading() as view, Questions(place.repository) as questions:
        engine.flush()
        tree = tree_in_head(place)
        changes = _to_commit(engine, view, place, tree)
        if not changes:
            # A run that was killed after the commit left git's locks; git's room clears them, and finds nothing to do.
            commit_changes(place.repository, [], "", files=engine.files)
            _remember(view, tree)
            return None
        _refuse_ignored(questions, changes)
        settings = questions.configuration()
        left_behind = keep_for_lfs(engine, place, changes, lambda: settings)
        result = commit_changes(
            place.repository,
            changes,
            message or _message(changes, place),
            files=engine.files,
            author=author,
            verify=verify,
            configuration=settings,
            holds=holds,
        )
        engine.lanes.end_segment()
        _remember(view, tree_in_head(place))
        return result and replace(result, left_behind=left_behind)


def _to_commit(engine: Engine, view: View, place: Place, tree: str | None) -> list[FileChange]:
    """Return the files that differ from a tree of git's, and pointers in whose place git's index has something else."""
    return [
        *collect(engine, view, place, tree),
        *staged_as_bytes(engine, place, _Entries(place.repository, tree).folder),
    ]


def _stage(engine: Engine, holds: Callable[[], bool]) -> int:
    place = place_of(engine)
    with engine.reading() as view, Questions(place.repository) as questions:
        engine.flush()
        tree = tree_in_head(place)
        changes = _to_commit(engine, view, place, tree)
        _refuse_ignored(questions, changes)
        _refuse_passing(place, changes)
        keep_for_lfs(engine, place, changes, questions.configuration)
        staged = stage_changes(place.repository, changes, files=engine.files, holds=holds)
        engine.lanes.end_segment()
        return staged


def tree_in_head(place: Place) -> str | None:
    """Return the tree of the store in the commit that HEAD stands for."""
    head = head_commit(place.repository)
    return None if head is None else tree_of(place.repository, head, place.prefix)


def _remember(view: View, tree: str | None) -> None:
    sizes = {name: facts.size for (folder, name), facts in view.facts.items() if folder == SEGMENTS}
    with view.index.writing():
        view.index.set_meta(_TREE, tree)
        view.index.set_meta(_SEGMENTS, values.encode_trusted(sizes).decode())
        view.index.clear_changed()
    view.settle_version()


# -- what changed -----------------------------------------------------------------------------------


def collect(engine: Engine, view: View, place: Place, tree: str | None) -> list[FileChange]:
    """Return every file of the store that is to differ from a tree of git's, with its content."""
    entries = _Entries(place.repository, tree)
    changes = [*_truth(engine, view, place, entries), *blob_changes(engine, view, place, entries.folder)]
    changes.extend(_projections(engine, view, place, tree, entries))
    return sorted(changes, key=lambda change: change.path)


class _Entries:
    """The files of the store in git's tree, read folder by folder when they are asked for."""

    def __init__(self, repository: Repository, tree: str | None) -> None:
        self._repository, self._tree = repository, tree
        self._folders: dict[str, dict[str, str]] = {}

    def folder(self, path: str) -> dict[str, str]:
        """Return name to id of the files right in a folder of the store."""
        if path not in self._folders:
            self._folders[path] = {} if self._tree is None else files_in(self._repository, self._tree, path)
        return self._folders[path]

    def get(self, path: str) -> str | None:
        """Return the id of a file, None where git's tree has none."""
        folder, _, name = path.rpartition("/")
        return self.folder(folder).get(name)


def _truth(engine: Engine, view: View, place: Place, entries: _Entries) -> Iterator[FileChange]:
    for name in OWN_FILES:
        path = os.path.join(engine.root, name)
        if engine.files.stat(path) is not None:
            yield from _if_differs(engine, place, entries, name, engine.files.read(path))
    yield from _schemas(engine, place, entries)
    seen: dict[str, int] = values.decode(view.index.meta(_SEGMENTS) or "{}")
    for folder in (SEGMENTS, ARCHIVE, CHECKPOINTS):
        here = {name: facts for (where, name), facts in view.facts.items() if where == folder}
        known = entries.folder(folder)
        for name, facts in here.items():
            path = f"{folder}/{name}"
            # What git has under a name it has for ever, but for the prefix of a segment that a `git add` met open.
            if name not in known or (folder == SEGMENTS and seen.get(name) != facts.size):
                yield from _if_differs(engine, place, entries, path, _content(engine, path))
        for name in known.keys() - here.keys():
            if parse_segment_file(name) or parse_pack_file(name) or folder == CHECKPOINTS:
                yield _removal(engine, view, place, folder, name, known[name])


def _content(engine: Engine, path: str) -> Content:
    """Return what git is to have of a file of the truth: a large one is read when it is written there."""
    full = full_path(engine.root, path)
    stat = engine.files.stat(full)
    return engine.files.read(full) if stat is None or stat.size < _LARGE_BYTES else StoredFile(full, stat.size)


def _schemas(engine: Engine, place: Place, entries: _Entries) -> Iterator[FileChange]:
    here = {name for name, stat in engine.files.list(os.path.join(engine.root, SCHEMAS)) if stat.kind == "file"}
    for name in sorted(here):
        if name.endswith(".json"):
            content = engine.files.read(os.path.join(engine.root, SCHEMAS, name))
            yield from _if_differs(engine, place, entries, f"{SCHEMAS}/{name}", content)
    for name in sorted(entries.folder(SCHEMAS).keys() - here):
        yield FileChange(place.outer(f"{SCHEMAS}/{name}"), None)


def _removal(engine: Engine, view: View, place: Place, folder: str, name: str, identity: str) -> FileChange:
    path = f"{folder}/{name}"
    if folder == SEGMENTS and not packs_of(engine, name):
        raise GitError(
            "a segment that git has is missing here, and no pack holds its events",
            path=path,
            hint=f"git restore -- {place.outer(path)} brings it back",
        )
    if folder == ARCHIVE and not _is_held(view, place, identity):
        raise GitError(
            "a pack that git has is missing here", path=path, hint=f"git restore -- {place.outer(path)} brings it back"
        )
    return FileChange(place.outer(path), None)


def _list_packs(view: View) -> None:
    """Learn what packs hold that a rebuild did not read, as a checkpoint covers them."""
    if not all(facts.listed for facts in view.facts.values() if facts.folder == ARCHIVE):
        list_events(view)


def _is_held(view: View, place: Place, identity: str | None) -> bool:
    """Tell whether files here hold all events of a pack that git has: it was written anew, as a redaction does."""
    if view.redacting is None or identity is None:
        return False
    _list_packs(view)
    reader = ObjectReader(place.repository)
    try:
        text = text_of(reader.read(identity, "blob"), ARCHIVE)
    finally:
        reader.close()
    events: Vector = {}
    for section in scan(text.data).sections:
        if section.header is not None and section.found:
            spans = vector.intervals([item.record["seq"] for item in section.found])
            events = vector.union(events, {section.header.lane: spans})
    return not text.lost and vector.is_subset(events, view.have_files)


def _projections(engine: Engine, view: View, place: Place, tree: str | None, entries: _Entries) -> Iterator[FileChange]:
    for path in sorted(_candidates(engine, view, place, tree)):
        at = entity_at(path)
        if at is None:
            continue
        found = _printed(engine, path)
        has_place = at[1] is not None and engine.printer.path((at[0], at[1])) == path
        row = view.row((at[0], at[1])) if at[1] is not None and has_place else None
        wanted = render(at[1], row.data) if at[1] is not None and row is not None and row.data is not None else None
        if at[1] is None:
            wanted = found  # a cut name: the file alone knows whose it is
        if found != wanted:
            continue  # a person's edit, or a projection that lags: not ours to commit
        if wanted is not None:
            yield from _if_differs(engine, place, entries, path, wanted)
        elif entries.get(path) is not None:
            yield FileChange(place.outer(path), None)


def _printed(engine: Engine, path: str) -> bytes | None:
    full = full_path(engine.root, path)
    stat = engine.files.stat(full)
    return engine.files.read(full) if stat is not None and stat.kind == "file" else None


def _candidates(engine: Engine, view: View, place: Place, tree: str | None) -> set[str]:
    """Return the projections that may differ from a tree of git's."""
    changed = view.index.changed_paths()
    known = view.index.meta(_TREE)
    if known == tree and known is not None:
        return changed
    if known is not None and tree is not None:
        try:
            return changed | {path for path in paths_between(place.repository, known, tree) if is_projected(path)}
        except GitError:
            pass  # the tree that was committed last is gone from the repository: compare everything
    here = {engine.printer.path((type, id)) for type, id, _ in view.index.all_printed()}
    there = tree_entries(place.repository, tree) if tree is not None else {}
    return changed | here | {path for path in there if is_projected(path)}


def _if_differs(engine: Engine, place: Place, entries: _Entries, path: str, content: Content) -> Iterator[FileChange]:
    known = entries.get(path)
    if known is None or known != content_id(content, engine.files, place.repository.object_format):
        yield FileChange(place.outer(path), content)


def _refuse_ignored(questions: Questions, changes: list[FileChange]) -> None:
    dropped = questions.ignored([change.path for change in changes if change.content is not None])
    if dropped:
        raise GitError(
            f"git is told to ignore {len(dropped)} of the store's files, so other clones would not get them",
            path=dropped[0],
            hint=f"git check-ignore -v {dropped[0]} names the rule; mend it, then commit again",
        )


def _refuse_passing(place: Place, changes: list[FileChange]) -> None:
    """Refuse to stage events in the middle of what ``--abort`` would end: git removes what only its index knows."""
    doing = in_progress(place.repository)
    if doing in (None, "bisect"):
        return
    truth = tuple(place.outer(f"{folder}/") for folder in (SEGMENTS, ARCHIVE, CHECKPOINTS, "blobs"))
    new = [change.path for change in changes if change.content is not None and change.path.startswith(truth)]
    if new:
        known = index_paths(place.repository, place.prefix)  # what a merge has brought in
        new = [path for path in new if path not in known]
    if new:
        hint = "journal commit commits them alone, which is safe here"
        if doing in ("rebase", "am"):
            hint = f"finish the {doing} first; or, to have them in what you finish: git add -- {place.outer(SEGMENTS)}"
        raise GitError(
            f"git is in the middle of a {doing}, and `git {doing} --abort` would delete events that are only staged",
            path=new[0],
            hint=f"{hint}; readable files are staged with: git add {place.outer(ENTITIES)}",
        )


def _message(changes: list[FileChange], place: Place) -> str:
    """Return a message that names what changed: a few entities, or how many."""
    inner = [place.inner(change.path) for change in changes]
    named = [at for at in (entity_at(path) for path in inner) if at is not None]
    if not named:
        return "journal: update"
    if len(named) <= 3:
        return "journal: " + ", ".join(f"{type.removeprefix('$')} {id}" for type, id in named)
    types = sorted({type.removeprefix("$") for type, _ in named})
    return f"journal: {len(named)} entities ({', '.join(types[:3])}{', …' if len(types) > 3 else ''})"
