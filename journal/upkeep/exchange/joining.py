"""Bringing another branch of a store into this work tree: the files first, then git's side of it.

Crash argument, in this order, all of it under the store's lock:

1. Incoming files of the truth and of the store itself, each whole and synced. They are true whatever happens next: a
   reader takes their events in, and after a kill the next commit holds them, under the names and with the bytes that
   the other side has, so that the next merge finds nothing to do about them. A blob that git LFS carries comes as its
   pointer, which its bytes replace where git LFS has them here: to git both are the same.
2. The projections, by whoever takes in events; a person's edit stays where it is.
3. Index and branch, as ``journal/git/adopting.py`` argues.
4. Files that go. After a kill before it they are there once more, and are compacted away again one day.
"""

import contextlib
import os
from collections.abc import Iterator

from journal.disk.files import Files
from journal.disk.folders import checked, full_path
from journal.disk.many import write_many
from journal.errors import GitError
from journal.format.names import parse_pack_file, parse_segment_file
from journal.format.pointer import lfs_sha256
from journal.git.adopting import Meeting, Outcome, merge, move_forward
from journal.git.refs import Head, MovedError
from journal.git.status import read_head
from journal.git.trees import MODE_FOLDER
from journal.projections.paths import entity_at, render
from journal.segments.folders import ARCHIVE, CHECKPOINTS, SEGMENTS, text_of
from journal.segments.scan import scan
from journal.store.config import refuse_newer, store_id
from journal.store.engine import Engine
from journal.store.layout import CONFIG_FILE
from journal.store.lfs import git_form
from journal.upkeep.exchange.merge_rules import Plan, plan_of
from journal.upkeep.lfs_filling import fill, holds_bytes
from journal.upkeep.place import Place, place_of
from journal.upkeep.wholeness import is_named_by, whole_bytes

_TRUTH = (SEGMENTS, ARCHIVE, CHECKPOINTS, "blobs")
_TRIES = 5


class ForeignError(Exception):
    """The other side changed files outside of the store: only git can bring those in."""


class Sides:
    """A meeting of two branches, as the rules ask about it."""

    def __init__(self, place: Place, meeting: Meeting) -> None:
        self._place, self.meeting = place, meeting
        self._packs: dict[str, dict[int, int]] = {}
        self._listed: dict[tuple[str, bool], dict[str, str]] = {}

    def inner(self, path: str) -> str | None:
        """Return a path of git's as the store names it; None where it is outside of the store."""
        is_inside = not self._place.prefix or path.startswith(f"{self._place.prefix}/")
        return self._place.inner(path) if is_inside else None

    def blob(self, identity: str) -> bytes:
        """Return the content of a file."""
        return self.meeting.blob(identity)

    def has_packed(self, path: str, *, by_us: bool) -> bool:
        """Tell whether packs of one side hold every record of a segment or pack that only the other side has."""
        folder, _, name = path.partition("/")
        named = parse_segment_file(name) or parse_pack_file(name)
        there = self._names(folder, of_us=not by_us).get(name)
        if named is None or there is None:
            return False
        wanted = _spans(self.blob(there), folder)
        if not wanted:
            return False  # its header does not verify, so what it holds is not known
        for identity in self._packs_before(max(wanted), named.lane, of_us=by_us):
            held = self._pack_spans(identity)
            wanted = {first: last for first, last in wanted.items() if held.get(first, -1) < last}
            if not wanted:
                return True
        return False

    def _packs_before(self, seq: int, lane: str, *, of_us: bool) -> list[str]:
        """Return the packs of a lane that may hold a segment, the likeliest first; their names say where they begin."""
        packs = ((parse_pack_file(name), identity) for name, identity in self._names(ARCHIVE, of_us=of_us).items())
        near = [(pack.first, identity) for pack, identity in packs if pack and pack.lane == lane and pack.first <= seq]
        return [identity for _, identity in sorted(near, reverse=True)]

    def _pack_spans(self, identity: str) -> dict[int, int]:
        if identity not in self._packs:
            self._packs[identity] = _spans(self.blob(identity), ARCHIVE)
        return self._packs[identity]

    def _names(self, folder: str, *, of_us: bool) -> dict[str, str]:
        """Return name to blob of the files in a folder of the store on one side."""
        key = (folder, of_us)
        if key not in self._listed:
            self._listed[key] = self._list(folder, of_us=of_us)
        return self._listed[key]

    def _list(self, folder: str, *, of_us: bool) -> dict[str, str]:
        meeting = self.meeting
        top = meeting.our_tree if of_us else meeting.their_tree
        tree = meeting.tree_below(top, self._place.outer(folder))
        entries = {} if tree is None else meeting.entries(tree)
        return {os.fsdecode(name): entry.identity for name, entry in entries.items() if entry.mode != MODE_FOLDER}

    def config(self, *, of_us: bool) -> bytes | None:
        """Return the store's configuration on one side, None where that side has none."""
        meeting = self.meeting
        tree = meeting.tree_below(meeting.our_tree if of_us else meeting.their_tree, self._place.prefix)
        entry = None if tree is None else meeting.entries(tree).get(CONFIG_FILE.encode())
        return None if entry is None else self.blob(entry.identity)


def _spans(data: bytes, folder: str) -> dict[int, int]:
    """Return first to last seq of each segment's worth of records in a file of the truth."""
    found: dict[int, int] = {}
    for section in scan(text_of(data, folder).data).sections:
        if section.header is not None:
            found[section.header.first] = max(found.get(section.header.first, 0), section.last)
    return found


# -- joining ----------------------------------------------------------------------------------------


def join(engine: Engine, theirs: str, *, branch: str, what: str) -> str:
    """Bring a commit into ``branch``, which is checked out: move to it, or merge it. Return what it is at then.

    ``what`` names the other side in messages. Raises ForeignError, with nothing changed, where only git can do it;
    GitError, with nothing lost, where it cannot be done.
    """
    place = place_of(engine)
    for _ in range(_TRIES):
        with contextlib.suppress(MovedError), engine.locked():
            return _join(engine, place, theirs, branch, what)
    raise GitError("the branch moved at every attempt to merge", path=place.repository.work_tree)


def _join(engine: Engine, place: Place, theirs: str, branch: str, what: str) -> str:
    seen = head_on(place, branch)
    with contextlib.closing(Meeting(place.repository, seen, theirs)) as meeting:
        if meeting.is_settled:
            assert meeting.seen.commit is not None, theirs
            return meeting.seen.commit
        sides = Sides(place, meeting)
        plan = plan_of(meeting.differences(), sides)
        _refuse_another_store(sides, what)
        if plan.foreign:
            raise ForeignError
        _refuse_clashes(plan, place, what)
        bring_in(engine.files, engine.root, plan, sides)
        with engine.reading():
            engine.flush()
        if meeting.is_forward:
            move_forward(meeting, files=engine.files, log=f"journal sync: forward to {what}")
            commit = theirs
        else:
            message = f"Merge {what} into {branch}"
            blobs = {**plan.blobs, **_printed(engine, place, plan)}
            log = f"journal sync: merge {what}"
            commit = merge(meeting, Outcome(blobs, message), files=engine.files, log=log)
        _let_go(engine.files, engine.root, plan, sides)
        engine.lanes.end_segment()
        return commit


def head_on(place: Place, branch: str) -> Head:
    """Return where the branch is. Raises GitError where another one is checked out by now."""
    head = read_head(place.repository)
    if head.branch != branch:
        raise GitError(
            f"another branch was checked out meanwhile: {head.branch or 'none'} instead of {branch}",
            path=place.repository.work_tree,
            hint="what is committed stays; run journal sync on the branch that you want to exchange",
        )
    return head


def _printed(engine: Engine, place: Place, plan: Plan) -> dict[str, bytes | None]:
    """Return what the projections that both sides changed show now, by git's path."""
    found: dict[str, bytes | None] = {}
    with engine.reading() as view:
        for path in plan.printed:
            at = entity_at(path)
            if at is None or at[1] is None:
                full = full_path(engine.root, path)
                found[place.outer(path)] = engine.files.read(full) if engine.files.stat(full) is not None else None
                continue
            row = view.row((at[0], at[1]))
            found[place.outer(path)] = render(at[1], row.data) if row is not None and row.data is not None else None
    return found


def _refuse_another_store(sides: Sides, what: str) -> None:
    ours, theirs = (sides.config(of_us=of_us) for of_us in (True, False))
    if theirs is not None:
        refuse_newer(theirs, f"{CONFIG_FILE} of {what}")
    if ours is not None and theirs is not None and store_id(ours) != store_id(theirs):
        raise GitError(
            f"{what} holds another store: {store_id(theirs)}, and here is {store_id(ours)}",
            hint="two stores do not merge; name another branch or remote, or clone the other one beside this",
        )
    if theirs is None and not sides.meeting.bases:
        raise GitError(f"{what} holds no store", hint="name another branch or remote; nothing was changed")


def _refuse_clashes(plan: Plan, place: Place, what: str) -> None:
    if plan.clashes:
        raise GitError(
            f"both sides changed {', '.join(plan.clashes)}, each in its own way; nothing was merged",
            path=plan.clashes[0],
            hint=f"settle it by hand: git -C {place.repository.work_tree} merge {what}, then journal sync again",
        )


# -- on the disk ------------------------------------------------------------------------------------


def bring_in(files: Files, root: str, plan: Plan, sides: Sides) -> None:
    """Put the incoming files on the disk, ``journal.toml`` last. GitError, before any, where one is edited."""
    _refuse_edited(files, root, plan, sides)
    write_many(files, root, _contents(files, root, plan, sides))
    fill(files, root, sides.meeting.repository, [path for path in plan.files if lfs_sha256(path) is not None])


def _contents(files: Files, root: str, plan: Plan, sides: Sides) -> Iterator[tuple[str, bytes]]:
    for path in sorted(plan.files, key=lambda path: (path == CONFIG_FILE, path)):
        content = plan.files[path].content
        data = sides.blob(content) if isinstance(content, str) else content
        current = _read(files, root, path)
        if current == data:
            continue
        if current is not None and path.partition("/")[0] in _TRUTH:
            if holds_bytes(files, root, path):
                continue  # nothing that git has of a blob for git LFS is better than its bytes
            if current.startswith(data):
                continue  # it has grown here meanwhile
            if not data.startswith(current):
                better = whole_bytes(path, current, data)
                if better is None:
                    continue
                data = better
        yield path, data


def _refuse_edited(files: Files, root: str, plan: Plan, sides: Sides) -> None:
    for path, incoming in plan.files.items():
        if path.partition("/")[0] in _TRUTH:
            continue
        current = _read(files, root, path)
        known = [item if isinstance(item, bytes) else sides.blob(item) for item in (*incoming,) if item is not None]
        if current is not None and current not in known:
            raise GitError(
                f"{path} was changed here and is not committed, and the other side changed it too",
                path=path,
                hint="commit it with git, then run journal sync again",
            )


def _let_go(files: Files, root: str, plan: Plan, sides: Sides) -> None:
    """Remove what the merge has removed, where it is as git had it."""
    for path, before in plan.gone.items():
        if before is not None and _is_same(path, _read(files, root, path), sides.blob(before)):
            files.remove(full_path(root, path))


def _is_same(path: str, current: bytes | None, data: bytes) -> bool:
    """Tell whether a file is as git had it; git may have a blob for git LFS as a pointer or as its bytes."""
    return current == data or (current is not None and lfs_sha256(path) is not None and is_named_by(path, data))


def _read(files: Files, root: str, path: str) -> bytes | None:
    """Return what git would have of a file here; None where there is none."""
    full = checked(files, root, full_path(root, path))
    return git_form(files, root, path) if files.stat(full) is not None else None
