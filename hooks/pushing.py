"""The facts about a push: what the commits that leave have otherwise than what the remote has."""

from collections.abc import Iterator

from journal.format.pointer import lfs_sha256, pointer_at
from journal.git.objects import ObjectReader
from journal.git.staged import Difference, has_commit, tree_differences
from journal.projections.paths import PROJECTED
from journal.segments.folders import SEGMENTS
from journal.store.engine import Engine
from journal.store.layout import OWN_FILES
from journal.upkeep.place import Place, place_of

from .verdict import LOCAL, TRUTH, Problem, TruthFacts, projection_problem, truth_problem

_READ_MAX = 500
"""How many projections are looked into for conflict markers; a quick look is all this is to be."""


def problems_of(engine: Engine, pushed: str) -> list[Problem]:
    """Return what is wrong with the commits named in what git gives to pre-push; without any, with HEAD."""
    place = place_of(engine)
    found: dict[tuple[str, str], Problem] = {}
    for old, new in pairs(place, pushed):
        differences = tree_differences(place.repository, old, new, place.prefix or ".")
        for problem in _problems(place, differences, is_all=old is None):
            found.setdefault((problem.code, problem.path), problem)
    return list(found.values())


def pairs(place: Place, pushed: str) -> Iterator[tuple[str | None, str]]:
    """Yield what the remote has and is to have, for each ref in what git gives to pre-push; without any None, HEAD."""
    lines = [line.split() for line in pushed.splitlines()]
    for _, new, _, old in (line for line in lines if len(line) == 4):
        if new.strip("0"):
            is_known = bool(old.strip("0")) and has_commit(place.repository, old)
            yield (old if is_known else None), new
    if not lines:
        yield None, "HEAD"


def _problems(place: Place, differences: list[Difference], *, is_all: bool) -> Iterator[Problem]:
    reader = ObjectReader(place.repository)
    budget = 0 if is_all else _READ_MAX
    try:
        for outer, old, new in differences:
            path = place.inner(outer)
            if new is None:
                continue  # what is pushed may take commits back, and their events with them
            folder = path.partition("/")[0]
            problem = None
            if folder in PROJECTED and budget > 0:
                budget -= 1
                problem = projection_problem(path, "markers") if _has_markers(reader, new) else None
            elif folder == LOCAL or path in OWN_FILES or (folder in TRUTH and old is not None):
                problem = truth_problem(_facts(reader, path, old, new), in_progress=False)
            if problem is not None:
                yield problem
    finally:
        reader.close()


def _facts(reader: ObjectReader, path: str, old: str | None, new: str) -> TruthFacts:
    continues = False
    if old is not None and path.startswith(f"{SEGMENTS}/"):
        before, after = reader.read(old, "blob"), reader.read(new, "blob")
        continues = after.startswith(before) or set(before.split(b"\n")) <= set(after.split(b"\n"))
    is_text = path.startswith(f"{SEGMENTS}/") or path in OWN_FILES
    has_markers = is_text and _has_markers(reader, new)
    is_pointer = lfs_sha256(path) is not None and pointer_at(path, reader.read(new, "blob")) is not None
    was_there = old is not None and not is_pointer
    return TruthFacts(path, is_there=True, was_there=was_there, continues=continues, has_markers=has_markers)


def _has_markers(reader: ObjectReader, identity: str) -> bool:
    text = b"\n" + reader.read(identity, "blob")
    return b"\n<<<<<<< " in text or b"\n>>>>>>> " in text
