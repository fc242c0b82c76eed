"""Automatic compaction: when the live part has passed a limit, and at a moment when nobody waits for a write.

It rides on ``journal commit`` and ``journal sync``, after they are done, and never makes them fail. Any other moment
(a scheduled task, a program that runs for long) may ask for it with ``journal compact --auto``.

It is due when both hold; in bytes, and likewise in numbers of segments:

- the live part, all segments, is larger than the limit in ``journal.toml``;
- at least half the limit came since the newest checkpoint; in bytes also at least the size of that checkpoint, which
  is what compaction writes anew.

So what all compactions of a store's life write is bounded by what was written to it: the cost of one is paid by the
events since the last. It is not due while git is in the middle of something, or HEAD is detached, or there is damage.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from journal.format.names import parse_segment_file
from journal.format.segment import Vector
from journal.index.rows import FileFacts
from journal.segments.folders import CHECKPOINTS, SEGMENTS
from journal.state import vector
from journal.store.config import Config
from journal.store.damage import open_damage
from journal.store.engine import TROUBLE, Engine
from journal.upkeep.compact import Compaction, compact


class Live(NamedTuple):
    """The live part: how many segments and bytes, those among them that no checkpoint covers, the newest checkpoint."""

    segments: int
    bytes: int
    new_segments: int
    new_bytes: int
    checkpoint_bytes: int


def measure(files: Iterable[FileFacts], covers: Vector) -> Live:
    """Measure the live part; ``covers``: what the checkpoints here cover. Reads nothing."""
    segments = bytes = new_segments = new_bytes = 0
    newest = ("", 0)
    for facts in files:
        if facts.folder == CHECKPOINTS:
            newest = max(newest, (facts.name, facts.size))
        named = parse_segment_file(facts.name) if facts.folder == SEGMENTS else None
        if named is None:
            continue
        segments, bytes = segments + 1, bytes + facts.size
        # One that was never read is covered whole.
        if facts.last and not vector.is_subset(vector.of(named.lane, named.first, facts.last), covers):
            new_segments, new_bytes = new_segments + 1, new_bytes + facts.size
    return Live(segments, bytes, new_segments, new_bytes, newest[1])


def is_past(live: Live, config: Config) -> bool:
    """Tell whether the live part is past a limit, and enough of it is new."""
    by_bytes = live.bytes > config.compact_bytes and live.new_bytes >= max(
        config.compact_bytes // 2, live.checkpoint_bytes
    )
    by_number = live.segments > config.compact_segments and live.new_segments >= config.compact_segments // 2
    return by_bytes or by_number


def is_due(engine: Engine) -> bool:
    """Tell whether a compaction is due; quick."""
    if not engine.config_now().auto_compact:
        return False
    with engine.reading() as view:
        if not is_past(measure(view.facts.values(), view.covers), engine.config) or open_damage(view):
            return False
    return engine.git is None or _is_git_quiet(engine)


def _is_git_quiet(engine: Engine) -> bool:
    from journal.git.status import in_progress, read_head
    from journal.upkeep.place import place_of

    repository = place_of(engine).repository
    return in_progress(repository) is None and read_head(repository).branch is not None


def compact_if_due(
    engine: Engine,
    actor: str | None,
    say: Callable[[str], object] | None,
    share: Callable[[], object] | None,
    *,
    verify: bool,
) -> Compaction | None:
    """Compact, and commit that, if it is due; what goes wrong is said and never raised. None: nothing was done.

    ``share`` is called once something was committed: what others get at once they need not do too.
    """
    done, what = None, "compaction was put off"
    try:
        done = compact(engine, actor, commits=True, verify=verify, waits=False) if is_due(engine) else None
        what = "the next sync shares the compaction"
        if done is not None and done.commits and share is not None:
            share()
    except TROUBLE as error:
        if say is not None:
            say(f"{what}: {error}")
    return done
