"""Compaction, in two phases, so that no partial commit and no merge can lose an event.

1. Closed segments that the newest and the second-newest checkpoint cover are packed, per lane and in order,
   into new files under ``archive/``, which are read back and compared.
2. These segments, and the checkpoints before the second-newest, are removed once git's HEAD and its index have the
   pack and both checkpoints: in a later run, or in the same one if it commits in between, or if there is no git.

``compaction_plan`` decides; this does. The writer lock is held while files are chosen and removed, not while they are
packed. Two compactions of one work tree never run at once.

Crash argument: a pack appears whole, synced and compared; until phase two its events stand twice, which counts
once. Phase two only removes what a pack holds too whose bytes are read once more before, file by file, in any order.
The last segment of this work tree's lane stays, so that its chain goes on. So every instant is a store that reads the
same, and a run that was stopped is gone on with by the next.
"""

import os
from dataclasses import dataclass
from typing import NamedTuple

from journal.disk.files import write_whole
from journal.disk.folders import ensure_folder, full_path
from journal.errors import DamagedError, JournalError
from journal.format.names import pack_file, parse_segment_file
from journal.index.rows import FileFacts
from journal.index.view import View
from journal.segments.folders import ARCHIVE, CHECKPOINTS, SEGMENTS, read_text
from journal.segments.pack import encode_pack
from journal.segments.scan import scan
from journal.store.damage import open_damage
from journal.store.engine import Engine
from journal.store.looking_back import look_back
from journal.upkeep.alone import alone
from journal.upkeep.blob_parking import park_idle_blobs
from journal.upkeep.checkpoint import still_current, write_checkpoint
from journal.upkeep.compaction_plan import Plan, make_plan

PACK_TEXT_BYTES_MAX = 8 * 1024 * 1024
LOCK_FILE = "compact.lock"


class Size(NamedTuple):
    """How large the truth is: the live part (segments), and all of it but the blobs, in bytes on the disk."""

    live_segments: int
    live_bytes: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Compaction:
    """What a run did, or would do: files by their path in the store, sizes in bytes.

    ``parked`` are blobs that nothing uses. ``packed_bytes`` went into packs of ``pack_bytes`` (0 if nothing was
    written); ``commits``: those that the run made. ``waiting`` says in one sentence why something was not done yet, if
    it was not. For a dry run ``after`` is known but for the size of packs that are not there.
    """

    before: Size
    after: Size
    checkpoint: str | None = None
    packed: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    packed_bytes: int = 0
    pack_bytes: int = 0
    removed_bytes: int = 0
    parked: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    waiting: str | None = None


def foresee(engine: Engine) -> Compaction:
    """Return what ``compact`` would do. Writes nothing to the truth, and waits for nobody."""
    return look_back(engine, lambda view: _foresee(engine, view))


def _foresee(engine: Engine, view: View) -> Compaction:
    _refuse_damage(view)
    before = size_of(view)
    pending = None if still_current(engine, view) else dict(view.have)
    plan = make_plan(engine, view, pending)
    packed = [facts for group in plan.to_pack.values() for facts in group]
    removed = [*plan.to_remove, *(packed if engine.git is None else [])]
    live = [facts for facts in removed if facts.folder == SEGMENTS]
    gone = _bytes(removed)
    after = Size(before.live_segments - len(live), before.live_bytes - _bytes(live), before.bytes - gone)
    paths = tuple(map(_path, packed)), tuple(map(_path, removed))
    return Compaction(
        packed=paths[0],
        removed=paths[1],
        packed_bytes=_bytes(packed),
        removed_bytes=gone,
        before=before,
        after=after,
        waiting=plan.waiting,
    )


def compact(
    engine: Engine, actor: str | None, *, commits: bool = False, verify: bool = True, waits: bool = True
) -> Compaction:
    """Run both phases for what is ready for them.

    ``commits``: commit what each phase leaves, so that one run does both; ``verify=False`` skips git's hooks then.
    Raises DamagedError while there is open damage, GitError where git refuses to commit, LockTimeoutError where
    another compaction of this work tree takes longer than the lock's timeout, or, without ``waits``, if there is one.
    """
    with alone(engine, "compaction", LOCK_FILE, engine.options.lock_timeout_seconds if waits else 0.0):
        return _Run(engine, actor, commits=commits and engine.git is not None, verify=verify).run()


class _Run:
    """One compaction, and what it has done so far."""

    def __init__(self, engine: Engine, actor: str | None, *, commits: bool, verify: bool) -> None:
        self._engine, self._actor, self._commits, self._verify = engine, actor, commits, verify
        self._packed: list[FileFacts] = []
        self._packs: list[str] = []
        self._removed: list[FileFacts] = []
        self._made: list[str] = []

    def run(self) -> Compaction:
        engine = self._engine
        with engine.reading() as view:
            before = size_of(view)
            known = {name for folder, name in view.facts if folder == CHECKPOINTS}
        name = write_checkpoint(engine, self._actor)
        parked = park_idle_blobs(engine).paths
        plan = self._remove_what_is_ready()
        self._pack(plan)
        self._commit()
        if self._packs and (self._commits or engine.git is None):
            plan = self._remove_what_is_ready()
            self._commit()
        with engine.reading() as view:
            after = size_of(view)
        return Compaction(
            checkpoint=name if name not in known else None,
            packed=tuple(map(_path, self._packed)),
            packs=tuple(self._packs),
            removed=tuple(map(_path, self._removed)),
            parked=parked,
            packed_bytes=_bytes(self._packed),
            pack_bytes=sum(_size(engine, path) for path in self._packs),
            removed_bytes=_bytes(self._removed),
            commits=tuple(self._made),
            before=before,
            after=after,
            waiting=plan.waiting,
        )

    def _remove_what_is_ready(self) -> Plan:
        engine = self._engine
        with engine.locked(), engine.reading(history=True) as view:
            _refuse_damage(view)
            engine.flush()  # what was packed a moment ago is to be known
            plan = make_plan(engine, view)
            _remove(engine, plan.to_remove)
            engine.indexing.freshness.forget()
        self._removed.extend(plan.to_remove)
        return plan

    def _pack(self, plan: Plan) -> None:
        report = self._engine.options.progress
        of = sum(map(len, plan.to_pack.values()))
        for group in plan.to_pack.values():
            self._packs.extend(_pack(self._engine, group))
            self._packed.extend(group)
            if report is not None:
                report("pack", len(self._packed), of)
        self._engine.indexing.freshness.forget()

    def _commit(self) -> None:
        if not self._commits:
            return
        from journal.upkeep.commit import commit

        done = commit(self._engine, self._message(), author=None, verify=self._verify)
        if done is not None:
            self._made.append(done.commit)

    def _message(self) -> str:
        segments = sum(facts.folder == SEGMENTS for facts in self._removed)
        if segments:
            return f"journal: remove {segments:,} segments that packs hold"
        return f"journal: pack {len(self._packed):,} segments" if self._packed else "journal: checkpoint"


def size_of(view: View) -> Size:
    """Return how large the truth is."""
    live = [facts.size for facts in view.facts.values() if facts.folder == SEGMENTS]
    return Size(len(live), sum(live), sum(facts.size for facts in view.facts.values()))


def _refuse_damage(view: View) -> None:
    if open_damage(view):
        raise DamagedError("the truth is damaged: nothing is packed", hint="journal doctor tells what is damaged")


def _path(facts: FileFacts) -> str:
    return f"{facts.folder}/{facts.name}"


def _bytes(files: list[FileFacts]) -> int:
    return sum(facts.size for facts in files)


def _size(engine: Engine, path: str) -> int:
    found = engine.files.stat(full_path(engine.root, path))
    return found.size if found is not None else 0


# -- packing ----------------------------------------------------------------------------------------


def _pack(engine: Engine, group: list[FileFacts]) -> list[str]:
    """Pack one lane's segments, in order, into as many files as their size asks for; return their paths."""
    paths: list[str] = []
    lines: list[bytes] = []
    size, first = 0, 0
    ensure_folder(engine.files, engine.root, ARCHIVE, durable=True)
    for facts in group:
        named = parse_segment_file(facts.name)
        assert named is not None, facts
        more = _valid_lines(engine, facts)
        if lines and size + sum(map(len, more)) > PACK_TEXT_BYTES_MAX:
            paths.append(_write_pack(engine, first, named.lane, lines))
            lines, size = [], 0
        first = first if lines else named.first
        lines.extend(more)
        size += sum(map(len, more))
    named = parse_segment_file(group[-1].name)
    assert named is not None, group
    paths.append(_write_pack(engine, first, named.lane, lines))
    return paths


def _valid_lines(engine: Engine, facts: FileFacts) -> list[bytes]:
    """Return the header's line and the valid records' lines of a segment, as they are."""
    try:
        data = engine.files.read(os.path.join(engine.root, SEGMENTS, facts.name))
    except FileNotFoundError as error:
        raise JournalError(
            "a segment left while it was to be packed: git, or somebody, changes files here",
            path=f"{SEGMENTS}/{facts.name}",
            hint="run it again when it is quieter",
        ) from error
    result = scan(data, limit_seq=facts.last)
    if result.damage or len(result.sections) != 1 or result.sections[0].header is None:
        raise DamagedError("the segment does not read as it was indexed", path=f"{SEGMENTS}/{facts.name}")
    section = result.sections[0]
    header = data[section.offset : data.index(b"\n", section.offset) + 1]
    return [header, *(data[found.offset : found.offset + found.length] for found in section.found)]


def _write_pack(engine: Engine, first: int, lane: str, lines: list[bytes]) -> str:
    data = encode_pack(lines)
    name = pack_file(first, lane, data)
    path = os.path.join(engine.root, ARCHIVE, name)
    write_whole(engine.files, path, data, durable=True)
    if read_text(engine.files, path, ARCHIVE).data != b"".join(lines):
        raise DamagedError("the pack does not read back as it was written", path=path)
    return f"{ARCHIVE}/{name}"


def _remove(engine: Engine, gone: list[FileFacts]) -> None:
    for facts in gone:
        engine.files.remove(os.path.join(engine.root, facts.folder, facts.name))
    for folder in {facts.folder for facts in gone}:
        engine.files.sync_folder(os.path.join(engine.root, folder))
