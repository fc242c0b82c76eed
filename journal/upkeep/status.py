"""Where a store stands: what a person asks before they commit, and what a dashboard counts."""

import os
from dataclasses import dataclass
from typing import Any

from journal.errors import GitError
from journal.format.names import event_id
from journal.format.reserved import KV_TYPE, is_reserved
from journal.index.view import View
from journal.segments.folders import ARCHIVE, CHECKPOINTS, SEGMENTS
from journal.state import vector
from journal.store.conflicts import count_open
from journal.store.damage import damage_name, open_damage
from journal.store.engine import Engine
from journal.store.looking_back import look_back
from journal.store.streams.catalogue import streams as catalogue
from journal.upkeep.edits.edited import look_for_edits


@dataclass(frozen=True, slots=True)
class Status:
    """Where a store stands.

    ``events_since_checkpoint``: how many a rebuild would replay. ``uncommitted``: files of the store that differ from
    git's HEAD, None without git, and where git cannot be read: ``git_trouble`` says why then. ``edited``: projections
    that a person changed or added; ``lagging``: ones that are not up to date. ``damage``: (file, offset, length) of
    damage that nobody accepted.
    """

    store: str
    root: str
    last_event: str | None
    seq: int
    lanes: int
    live_segments: int
    live_bytes: int
    packs: int
    checkpoint: str | None
    events_since_checkpoint: int
    conflicts: int
    uncommitted: tuple[str, ...] | None
    edited: tuple[str, ...]
    lagging: int
    damage: tuple[tuple[str, int, int], ...]
    lane: str | None
    git_trouble: str | None = None


def status(engine: Engine) -> Status:
    """Return where the store stands. Looks at every projection's stat, and at what changed since the last commit."""
    damage = _damage(engine)
    with engine.reading() as view:
        since_checkpoint = vector.subtract(vector.subtract(view.have, view.covers), view.bridges)
        live = [facts for facts in view.facts.values() if facts.folder == SEGMENTS]
        edits = look_for_edits(engine, view)
        standing = engine.tip_file.look()
        uncommitted, git_trouble = _uncommitted(engine, view)
        return Status(
            store=engine.config.store,
            root=engine.root,
            last_event=_last_event(view),
            seq=view.top,
            lanes=len(view.have),
            live_segments=len(live),
            live_bytes=sum(facts.size for facts in live),
            packs=sum(facts.folder == ARCHIVE for facts in view.facts.values()),
            checkpoint=max((name for folder, name in view.facts if folder == CHECKPOINTS), default=None),
            events_since_checkpoint=vector.count(since_checkpoint),
            conflicts=count_open(view),
            uncommitted=uncommitted,
            edited=tuple(item.path for item in edits.found),
            lagging=edits.lagging,
            damage=damage,
            lane=standing.tip.segment.partition("-")[2].removesuffix(".jsonl") if standing else None,
            git_trouble=git_trouble,
        )


def _damage(engine: Engine) -> tuple[tuple[str, int, int], ...]:
    with engine.reading() as view:
        if not view.damage:
            return ()
    return look_back(engine, lambda view: tuple(damage_name(view, item) for item in open_damage(view)))


def _last_event(view: View) -> str | None:
    ends = [(intervals[-1][1], lane) for lane, intervals in view.have.items()]
    return event_id(*max(ends)) if ends else None


def _uncommitted(engine: Engine, view: View) -> tuple[tuple[str, ...] | None, str | None]:
    """Return what git does not have, and why that cannot be told."""
    if engine.git is None:
        return None, None
    from journal.upkeep.commit import collect, tree_in_head
    from journal.upkeep.place import place_of

    try:
        place = place_of(engine)
        changes = collect(engine, view, place, tree_in_head(place))
    except GitError as error:
        return None, error.message
    except OSError as error:
        return None, f"{error.filename or 'a file of git'}: {error.strerror or error}"
    return tuple(place.inner(change.path) for change in changes), None


def stats(engine: Engine) -> dict[str, Any]:
    """Return sizes in bytes and counts: of files by folder, of entities by type, of keys, of events."""
    with engine.reading() as view:
        files = {
            folder: {
                "files": sum(facts.folder == folder for facts in view.facts.values()),
                "bytes": sum(facts.size for facts in view.facts.values() if facts.folder == folder),
            }
            for folder in (SEGMENTS, ARCHIVE, CHECKPOINTS)
        }
    view_events, (first, last), types, streams = look_back(
        engine,
        lambda view: (
            vector.count(view.event_ids()),
            _first_and_last(view),
            _types(view),
            len(catalogue(view)),
        ),
    )
    keys = sum(entry["live"] for entry in types if entry["type"] == KV_TYPE)
    types = [entry for entry in types if not is_reserved(entry["type"])]
    return {
        "store": engine.config.store,
        "events": view_events,
        "keys": keys,
        "streams": streams,
        "entities": sum(entry["live"] for entry in types),
        "deleted": sum(entry["deleted"] for entry in types),
        "lanes": len(view.have),
        "first_ts": first,
        "last_ts": last,
        "types": types,
        "files": files,
        "index_bytes": _size(os.path.join(engine.root, "local", "index.db")),
    }


def _types(view: View) -> list[dict[str, Any]]:
    counts = {type: [live, deleted] for type, live, deleted in view.index.counts()}
    for key, row in view.overlay_rows().items():
        before = view.index.entity(*key)
        entry = counts.setdefault(key[0], [0, 0])
        for found, step in ((before, -1), (row, 1)):
            if found is not None:
                entry[found.data is None] += step
    return [{"type": type, "live": live, "deleted": deleted} for type, (live, deleted) in sorted(counts.items())]


def _first_and_last(view: View) -> tuple[str | None, str | None]:
    from journal.store.history import events_in

    ends = []
    for newest_first in (False, True):
        event = next(events_in(view, view.places(newest_first=newest_first)), None)
        ends.append(event.ts if event else None)
    return ends[0], ends[1]


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
