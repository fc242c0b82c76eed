"""Trees split by hand: only the folders on the way to a changed file are read and written."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from journal.errors import GitError
from journal.git.objects import ObjectReader, ObjectWriter
from journal.git.repository import Repository

MODE_FILE = 0o100644
MODE_FOLDER = 0o40000
_KIND_OF_MODE = {0o120000: "a symbolic link", 0o160000: "a submodule", MODE_FOLDER: "a folder"}


class TreeEntry(NamedTuple):
    """What a tree says of one name."""

    mode: int
    identity: str


def as_file(entry: TreeEntry | None) -> TreeEntry | None:
    """Return an entry, None where it is a folder or there is none."""
    return None if entry is None or entry.mode == MODE_FOLDER else entry


def as_folder(entry: TreeEntry | None) -> str | None:
    """Return the tree of a folder, None where the entry is none or there is none."""
    return entry.identity if entry is not None and entry.mode == MODE_FOLDER else None


class Placed(NamedTuple):
    """What a commit says of one path, and whether that differs from the commit before."""

    mode: int
    identity: str | None  # None: removed
    differs: bool


def parse_tree(raw: bytes, hash_length: int) -> dict[bytes, TreeEntry]:
    """Decode a tree object. Raises GitError where it is malformed."""
    entries: dict[bytes, TreeEntry] = {}
    position = 0
    try:
        while position < len(raw):
            space = raw.index(b" ", position)
            end = raw.index(b"\0", space)
            after = end + 1 + hash_length
            if after > len(raw):
                raise ValueError("short")
            entries[raw[space + 1 : end]] = TreeEntry(int(raw[position:space], 8), raw[end + 1 : after].hex())
            position = after
    except ValueError as error:
        raise GitError("a tree object is malformed", hint="run: git fsck --full") from error
    return entries


def format_tree(entries: Mapping[bytes, TreeEntry]) -> bytes:
    """Encode a tree object, in git's order: a folder sorts as if its name ended in a slash."""
    ordered = sorted(entries.items(), key=lambda item: item[0] + b"/" if item[1].mode == MODE_FOLDER else item[0])
    return b"".join(b"%o %s\0%s" % (entry.mode, name, bytes.fromhex(entry.identity)) for name, entry in ordered)


@dataclass(slots=True)
class _Folder:
    folders: dict[bytes, "_Folder"] = field(default_factory=dict)
    files: dict[bytes, str | None] = field(default_factory=dict)  # name -> blob, None: removed


class TreeSplitter:
    """Makes the tree of a commit from the tree before it and a few changed files."""

    def __init__(self, repository: Repository, reader: ObjectReader, writer: ObjectWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._hash_length = repository.hash_length
        self._placed: dict[str, Placed] = {}

    def split(self, base: str | None, blobs: Mapping[str, str | None]) -> tuple[str, dict[str, Placed]]:
        """Return the new tree, its changed parts noted in the writer, and what it says of each path.

        ``blobs`` maps paths to blob ids; None removes a path. A file keeps the mode it has; a new
        one is a plain file. Raises GitError where a folder, a link or a submodule stands in the
        way: none of them is replaced in silence.
        """
        self._placed = {}
        tree = self._rebuild(base, _nest(blobs), "") or self._writer.add("tree", b"")
        return tree, self._placed

    def _rebuild(self, base: str | None, changes: _Folder, prefix: str) -> str | None:
        """Return the new tree of one folder; None where it became empty."""
        before = {} if base is None else parse_tree(self._reader.read(base, "tree"), self._hash_length)
        after = dict(before)
        for name, folder in changes.folders.items():
            path = prefix + os.fsdecode(name)
            entry = before.get(name)
            if entry is not None and entry.mode != MODE_FOLDER:
                if any(identity is not None for identity in _all_files(folder)):
                    raise _in_the_way(path, entry.mode, "a folder")
                self._note_absent(folder, path + "/")
                continue
            tree = self._rebuild(entry.identity if entry else None, folder, path + "/")
            if tree is not None:
                after[name] = TreeEntry(MODE_FOLDER, tree)
            else:
                after.pop(name, None)
        for name, identity in changes.files.items():
            self._place(after, before.get(name), name, identity, prefix + os.fsdecode(name))
        if base is not None and after == before:
            return base
        return self._writer.add("tree", format_tree(after)) if after else None

    def _place(
        self, after: dict[bytes, TreeEntry], entry: TreeEntry | None, name: bytes, identity: str | None, path: str
    ) -> None:
        if entry is not None and entry.mode & 0o170000 != 0o100000:
            raise _in_the_way(path, entry.mode, "a file")
        mode = entry.mode if entry is not None else MODE_FILE
        self._placed[path] = Placed(mode, identity, (entry.identity if entry else None) != identity)
        if identity is None:
            after.pop(name, None)
        else:
            after[name] = TreeEntry(mode, identity)

    def _note_absent(self, folder: _Folder, prefix: str) -> None:
        for name in folder.files:
            self._placed[prefix + os.fsdecode(name)] = Placed(MODE_FILE, None, differs=False)
        for name, inner in folder.folders.items():
            self._note_absent(inner, f"{prefix}{os.fsdecode(name)}/")


def _nest(blobs: Mapping[str, str | None]) -> _Folder:
    top = _Folder()
    for path, identity in blobs.items():
        *parents, name = os.fsencode(path).split(b"/")
        folder = top
        for parent in parents:
            folder = folder.folders.setdefault(parent, _Folder())
        folder.files[name] = identity
    _refuse_both(top, "")
    return top


def _refuse_both(folder: _Folder, prefix: str) -> None:
    for name in folder.files:
        if name in folder.folders:
            raise GitError("a path cannot be a file and a folder in one commit", path=prefix + os.fsdecode(name))
    for name, inner in folder.folders.items():
        _refuse_both(inner, f"{prefix}{os.fsdecode(name)}/")


def _all_files(folder: _Folder) -> Iterable[str | None]:
    yield from folder.files.values()
    for inner in folder.folders.values():
        yield from _all_files(inner)


def _in_the_way(path: str, mode: int, wanted: str) -> GitError:
    kind = _KIND_OF_MODE.get(mode, "a file")
    return GitError(
        f"the last commit holds {kind} where {wanted} is to be committed: {path}",
        path=path,
        hint="commit its removal with git first, then run this again",
    )
