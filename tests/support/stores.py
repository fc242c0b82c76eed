"""A small vocabulary for tests that drive real stores: make one, look at its truth, and build it anew to compare."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

from journal import Journal
from journal.disk.files import OsFiles
from journal.format import values
from journal.index.bounds import no_memory
from journal.index.database import MEMORY, Index
from journal.index.rebuild import rebuild
from journal.index.view import Key, View
from journal.projections.paths import PROJECTED, path_of, render
from journal.segments.folders import SEGMENTS, TRUTH_FOLDERS, list_truth
from journal.state.encoding import encode_state
from journal.state.entity import normal
from journal.store.config import read_config

LANE_A, LANE_B, LANE_C = "aaaaaaaaaaaaa", "bbbbbbbbbbbbb", "ccccccccccccc"


def new_store(folder: Any, *, options: str = 'durability = "os"', types: str = "") -> str:
    """Make a store in a folder; return the store's own folder. ``options``, ``types``: lines of journal.toml."""
    os.makedirs(folder, exist_ok=True)
    root, _ = Journal.init(os.path.join(os.fspath(folder), ".journal"))
    configure(root, options, types)
    return root


def configure(root: str, options: str = "", types: str = "") -> None:
    """Set the options of a store in its journal.toml."""
    path = os.path.join(root, "journal.toml")
    with open(path, encoding="utf-8") as file:
        head = file.read().partition("[options]")[0]
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{head}[options]\n{options}\n{types}\n")


def clone(root: str, folder: Any) -> str:
    """Copy what git would: everything but ``local/``."""
    target = os.path.join(os.fspath(folder), ".journal")
    shutil.copytree(root, target, ignore=shutil.ignore_patterns("local"), symlinks=True)
    return target


def truth(root: str) -> dict[str, bytes]:
    """Return the bytes of each file of the truth, by its path in the store."""
    found: dict[str, bytes] = {}
    for folder in (*TRUTH_FOLDERS, "blobs"):
        for place, _, names in os.walk(os.path.join(root, folder)):
            for name in names:
                path = os.path.join(place, name)
                found[os.path.relpath(path, root).replace(os.sep, "/")] = read_bytes(path)
    return found


def read_bytes(path: str) -> bytes:
    """Return all bytes of a file."""
    with open(path, "rb") as file:
        return file.read()


def put_file(root: str, relative: str, data: bytes) -> None:
    """Put a file there as git does: a new inode, renamed into place."""
    path = os.path.join(root, *relative.split("/"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(f"{path}.incoming", "wb") as file:
        file.write(data)
    os.replace(f"{path}.incoming", path)


def bring(source: str, target: str) -> None:
    """Merge as git does: all files of the one store appear in the other, and of a segment in both the longer stays."""
    there = truth(target)
    for path, data in truth(source).items():
        if not there.get(path, b"").startswith(data):
            put_file(target, path, data)


def drop_file(root: str, relative: str) -> None:
    """Remove a file as git does."""
    os.unlink(os.path.join(root, *relative.split("/")))


def segments(root: str) -> list[str]:
    """Return the paths of all segments, in the order of their names."""
    folder = os.path.join(root, SEGMENTS)
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]


def newest_segment(root: str) -> str:
    """Return the path of the segment with the greatest first seq."""
    return segments(root)[-1]


def fresh_view(root: str) -> View:
    """Build everything anew from the files, in memory, knowing nothing of this work tree."""
    files = OsFiles()
    view = View(files, root, Index(MEMORY), read_config(files, root).strategies)
    rebuild(view, list_truth(files, root)[0], no_memory)
    return view


def meaning(view: View) -> dict[str, Any]:
    """Return all that a view says about state, in a form that is equal where it means the same."""
    keys: set[Key] = {(type, id) for type, id, _, _ in view.index.every_state()} | set(view.overlay.states)
    entities = {}
    for key in sorted(keys):
        state, row = view.state(key), view.row(key)
        if state is None or row is None:
            assert state is None, key
            assert row is None, key
            continue
        shown = None if row.data is None else values.canonical(values.decode(row.data))
        form = values.canonical(encode_state(normal(state, view.have)))
        entities[key] = (row.rev, row.seq, row.lane, row.conflicts, shown, form)
    # What a checkpoint covers is not read until somebody asks for history, so its damage shows only then.
    known = [] if view.covers else view.damage
    damage = {(view.by_id[item.file].name, item.offset, item.length, item.low, item.high) for item in known}
    return {"entities": entities, "have": dict(sorted(view.have.items())), "top": view.top, "damage": damage}


def documents(journal: Journal) -> dict[Key, Any]:
    """Return all live entities with their data."""
    return {(entity.type, entity.id): entity.data for entity in journal.list()}


def projections(root: str) -> dict[str, bytes]:
    """Return the bytes of all files below ``entities/`` and ``kv/``, by path in the store."""
    found = {}
    for top in PROJECTED:
        for place, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                path = os.path.join(place, name)
                found[os.path.relpath(path, root).replace(os.sep, "/")] = read_bytes(path)
    return found


def rendered(journal: Journal) -> dict[str, bytes]:
    """Return the projections that the entities of a store should have."""
    found = {}
    with journal._engine.reading() as view:
        keys = {(type, id) for type, id, _, _ in view.index.every_state()} | set(view.overlay.states)
        for key in keys:
            row = view.row(key)
            if row is not None and row.data is not None:
                path = path_of(*key, fanout=view_fanout(journal, key[0]))
                found[path] = render(key[1], row.data)
    return found


def view_fanout(journal: Journal, type: str) -> bool:
    """Tell whether a type's projections are spread over folders."""
    return journal._engine.config.fanout(type)


def event_ids(root: str) -> dict[str, bytes]:
    """Return the line of each event of the truth by its id; a conflict of two lines for one id is an AssertionError."""
    found: dict[str, bytes] = {}
    for id, line in event_lines(root):
        assert found.setdefault(id, line) == line, f"two events have the id {id}"
    return found


def event_lines(root: str) -> Iterator[tuple[str, bytes]]:
    """Yield id and line of each event of each file of the truth."""
    from journal.format.names import event_id, parse_pack_file, parse_segment_file
    from journal.segments.folders import ARCHIVE, read_text
    from journal.segments.scan import scan

    files = OsFiles()
    for folder in (SEGMENTS, ARCHIVE):
        for name, _ in files.list(os.path.join(root, folder)):
            named = parse_segment_file(name) or parse_pack_file(name)
            if named is None:
                continue
            text = read_text(files, os.path.join(root, folder, name), folder).data
            for section in scan(text).sections:
                for item in section.found:
                    line = text[item.offset : item.offset + item.length]
                    yield event_id(item.record["seq"], named.lane), line


IS_SOAK = os.environ.get("JOURNAL_SOAK") == "1"


def examples(suite: int, soak: int) -> int:
    """Return how many examples hypothesis should try: few in the suite, many with JOURNAL_SOAK=1."""
    return soak if IS_SOAK else suite
