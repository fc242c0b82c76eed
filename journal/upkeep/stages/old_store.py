"""Reading an old store: its documents, and what in it is none. Nothing in it is ever changed here."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from journal.disk.files import TEMPORARY_SUFFIX, Files, FileStat, ReadFiles
from journal.disk.folders import checked, full_path
from journal.errors import NotFoundError, RefusedError, UnsafePathError
from journal.format import names, values
from journal.format.limits import BLOB_BYTES_MAX
from journal.index.view import Key
from journal.projections.documents import read_document
from journal.projections.paths import ID_FIELD
from journal.state.entity import Payload
from journal.upkeep.stages.layout import ARCHIVE, LEGACY_LOG, NOT_DOCUMENTS, rank, type_of

_FOLDERS_DEEP_MAX = 8
Progress = Callable[[int, int], None]


class Document(NamedTuple):
    """A document of the old store; ``path`` is relative to it, with ``/``."""

    path: str
    key: Key
    data: Payload
    text: bytes


class Unreadable(NamedTuple):
    """A file of the old store that is no document; ``reason`` says why; ``text``: what it holds, where it was read."""

    path: str
    reason: str
    text: bytes = b""


@dataclass(slots=True)
class OldStore:
    """What an old store holds.

    ``duplicates``: documents that another one stands for, with that one. ``renamed``: those whose file has another
    name than their id. ``unversioned``: those without ``schema_version``. ``unknown``: folders that are a type of
    their own, with how many documents they have. ``others``: how many files are no documents by their name.
    ``leftovers``: what a process of ours was writing when it was killed.
    """

    base: str
    documents: dict[Key, Document] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)
    duplicates: list[tuple[str, str]] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    unversioned: list[str] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
    others: int = 0
    leftovers: list[str] = field(default_factory=list)
    log_bytes: int | None = None


def read_old_store(files: ReadFiles, base: str, progress: Progress | None = None) -> OldStore:
    """Read all documents of an old store. Raises NotFoundError where there is no such folder."""
    found = files.stat(base)
    if found is None or found.kind != "folder":
        raise NotFoundError("there is no such folder", path=base)
    old = OldStore(base)
    log = files.stat(os.path.join(base, LEGACY_LOG))
    old.log_bytes = log.size if log is not None and log.kind == "file" else None
    paths = list(_document_paths(files, base, old))
    parked = files.list(os.path.join(base, ARCHIVE))
    old.leftovers += [f"{ARCHIVE}/{name}" for name, stat in parked if _is_leftover(name, stat)]
    claimed: dict[Key, list[Document]] = {}
    for at, path in enumerate(paths):
        document = read_one(files, base, path)
        if isinstance(document, Unreadable):
            old.unreadable.append(document)
        else:
            claimed.setdefault(document.key, []).append(document)
        if progress is not None:
            progress(at + 1, len(paths))
    for key in sorted(claimed):
        first, *others = sorted(claimed[key], key=lambda document: rank(document.path, document.key))
        old.documents[key] = first
        old.duplicates.extend((document.path, first.path) for document in others)
    _remark(old)
    return old


def remove_leftovers(files: Files, old: OldStore) -> None:
    """Under the lock, so that their writers are dead: remove what was never put into place."""
    for path in old.leftovers:
        files.remove(checked(files, old.base, full_path(old.base, path)))


def _is_leftover(name: str, stat: FileStat) -> bool:
    return stat.kind == "file" and name.endswith(TEMPORARY_SUFFIX)


def read_one(files: ReadFiles, base: str, path: str) -> Document | Unreadable:
    """Return the document at a path of an old store, or why there is none."""
    full, text = full_path(base, path), b""
    try:
        found = files.stat(full)
        if found is None or found.kind != "file":
            return Unreadable(path, "is a link, or no file; links are not followed")
        if found.size > 4 * BLOB_BYTES_MAX:
            return Unreadable(path, f"{found.size:,} bytes are too long for a document")
        text = files.read(full)
        data = read_document(text, what=path)
        key = _key_of(path, data)
        if ID_FIELD in data:
            raise RefusedError(f"the field {ID_FIELD!r} is reserved")
        if len(text) > BLOB_BYTES_MAX:
            values.encode_payload(data)
    except (RefusedError, UnsafePathError) as error:
        return Unreadable(path, error.message.removeprefix(f"{path}: "), text)
    except OSError as error:
        return Unreadable(path, f"cannot be read: {error.strerror or error}")
    return Document(path, key, data, text)


def _key_of(path: str, data: Payload) -> Key:
    folder, _, name = path.rpartition("/")
    type, id = type_of(folder)[0], data.get("id")
    if type_is_bad := not isinstance(id, str):
        id = name.removesuffix(".json")
    names.check_type(type)
    try:
        names.check_id(id)
    except RefusedError:
        if type_is_bad:
            raise
        id = name.removesuffix(".json")
        names.check_id(id)
    return type, id


def _document_paths(files: ReadFiles, base: str, old: OldStore) -> Iterator[str]:
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        inner = []
        for name, stat in sorted(files.list(full_path(base, folder))):
            path = f"{folder}/{name}" if folder else name
            if name.startswith(".") or (not folder and name in NOT_DOCUMENTS):
                continue
            if stat.kind == "folder":
                inner.append(path)
            elif stat.kind == "file" and folder and name.endswith(".json"):
                yield path
            else:
                _note_other(old, path, stat)
        if folder.count("/") + 1 < _FOLDERS_DEEP_MAX:
            waiting.extend(reversed(inner))
        else:
            old.unreadable.extend(Unreadable(path, "lies too deep to be looked into") for path in inner)


def _note_other(old: OldStore, path: str, stat: FileStat) -> None:
    """Note what is neither a document nor a folder."""
    if _is_leftover(path, stat):
        old.leftovers.append(path)
    elif stat.kind == "file":
        old.others += path != LEGACY_LOG
    else:
        old.unreadable.append(Unreadable(path, "is a link, or no file; links are not followed"))


def _remark(old: OldStore) -> None:
    for document in old.documents.values():
        folder, _, name = document.path.rpartition("/")
        if name != f"{document.key[1]}.json":
            old.renamed.append(document.path)
        if "schema_version" not in document.data:
            old.unversioned.append(document.path)
        if not type_of(folder)[1]:
            old.unknown[folder] = old.unknown.get(folder, 0) + 1
