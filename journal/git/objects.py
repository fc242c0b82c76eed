"""Git's objects: reading them wherever they are, and writing loose ones that survive a power cut."""

import contextlib
import functools
import hashlib
import os
import time
import zlib
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

from journal.disk.files import Files, ReadFiles, removed_on_failure
from journal.disk.many import sync_many
from journal.disk.pieces import PIECE_BYTES, pieces_of
from journal.errors import GitError
from journal.git.content import Content, StoredFile
from journal.git.program import is_installed, run_git
from journal.git.repository import ObjectFormat, Repository

if TYPE_CHECKING:
    from dulwich.object_store import DiskObjectStore

_KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_OBJECT_BYTES_MAX = 1 << 30
_TRIES = 5
_FRESH_NS = 3_600_000_000_000


def object_id(kind: str, content: bytes, object_format: ObjectFormat) -> str:
    """Return the id, in hex, of an object with this content."""
    digest = hashlib.new(object_format, b"%s %d\0" % (kind.encode(), len(content)), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()


def blob_id(content: bytes, object_format: ObjectFormat) -> str:
    """Return the id, in hex, of a file with this content."""
    return object_id("blob", content, object_format)


def blob_id_of_pieces(size: int, pieces: Iterable[bytes], object_format: ObjectFormat) -> str:
    """Return the id, in hex, of a file of this size whose content comes in pieces."""
    digest = hashlib.new(object_format, b"blob %d\0" % size, usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def content_id(content: Content, files: ReadFiles, object_format: ObjectFormat) -> str:
    """Return the id, in hex, of a file with this content; a ``StoredFile`` is read a piece at a time."""
    if isinstance(content, bytes):
        return blob_id(content, object_format)
    return blob_id_of_pieces(content.size, pieces_of(files, content.path), object_format)


class ObjectReader:
    """Reads objects of one repository: loose ones at once, packed ones through dulwich."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def read(self, identity: str, kind: str) -> bytes:
        """Return the content of an object. Raises GitError where it is missing, damaged or of another kind."""
        found = self._read_loose(identity) or self._read_packed(identity)
        if found is None:
            raise GitError(f"the {kind} {identity} is missing from the repository", path=self._repository.common_dir)
        if found[0] != kind:
            raise GitError(f"the object {identity} is a {found[0]}, not a {kind}", path=self._repository.common_dir)
        return found[1]

    def read_any(self, identity: str) -> tuple[str, bytes]:
        """Return kind and content of an object. Raises GitError where it is missing or damaged."""
        found = self._read_loose(identity) or self._read_packed(identity)
        if found is None:
            raise GitError(f"the object {identity} is missing from the repository", path=self._repository.common_dir)
        return found

    def tree_of_commit(self, commit: str) -> str:
        """Return the id of a commit's tree."""
        first_line = self.read(commit, "commit").split(b"\n", 1)[0]
        if not first_line.startswith(b"tree "):
            raise GitError(f"the commit {commit} is damaged", path=self._repository.common_dir)
        return first_line[5:].decode()

    def _read_loose(self, identity: str) -> tuple[str, bytes] | None:
        path = os.path.join(self._repository.objects_dir, identity[:2], identity[2:])
        try:
            with open(path, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            return None
        try:
            machine = zlib.decompressobj()
            raw = machine.decompress(data, _OBJECT_BYTES_MAX)
        except zlib.error as error:
            raise GitError(f"the object {identity} is damaged", path=path, hint="run: git fsck --full") from error
        header, _, content = raw.partition(b"\0")
        kind, _, length = header.decode("ascii", "replace").partition(" ")
        if not machine.eof or length != str(len(content)):
            raise GitError(f"the object {identity} is damaged", path=path, hint="run: git fsck --full")
        return kind, content

    def _read_packed(self, identity: str) -> tuple[str, bytes] | None:
        if self._repository.object_format == "sha256" or not self._has_packs:
            # dulwich reads an alternate of a SHA-256 repository as if it were SHA-1.
            return self._read_by_git(identity)
        from dulwich.objects import ObjectID

        try:
            number, content = self._store.get_raw(ObjectID(identity.encode()))
        except KeyError:
            return self._read_by_git(identity)
        except (OSError, MemoryError):
            raise
        except Exception as error:  # whatever the bytes of a damaged pack lead dulwich to
            # Git looks for another copy; without the error, whose frames hold on to the pack.
            told = str(error) or type(error).__name__
        else:
            return _KINDS.get(number, "object"), content
        return self._read_damaged(identity, told)

    def _read_damaged(self, identity: str, told: str) -> tuple[str, bytes]:
        """Return an object that a pack holds damaged, from where else git finds it. Raises GitError."""
        with contextlib.suppress(GitError):
            found = self._read_by_git(identity)
            if found is not None:
                return found
        raise GitError(
            f"the object {identity} is damaged: {told}",
            path=os.path.join(self._repository.objects_dir, "pack"),
            hint="run: git fsck --full; another clone may have it whole",
        )

    def _read_by_git(self, identity: str) -> tuple[str, bytes] | None:
        """Ask git: in a partial clone it fetches what is missing."""
        if not is_installed():
            return None
        answer = run_git(self._repository, ["cat-file", "--batch"], data=identity.encode() + b"\n")
        header, _, content = answer.partition(b"\n")
        words = header.decode("ascii", "replace").split(" ")
        if len(words) != 3 or words[0] != identity:
            return None
        return words[1], content[: int(words[2])]

    @property
    def _has_packs(self) -> bool:
        objects = self._repository.objects_dir
        if os.path.isfile(os.path.join(objects, "info", "alternates")):
            return True
        try:
            return any(name.endswith(".idx") for name in os.listdir(os.path.join(objects, "pack")))
        except FileNotFoundError:
            return False

    @functools.cached_property
    def _store(self) -> "DiskObjectStore":
        from dulwich.object_store import DiskObjectStore

        return DiskObjectStore(self._repository.objects_dir)

    def close(self) -> None:
        """Close the packs that were opened."""
        if "_store" in self.__dict__:
            with contextlib.suppress(BufferError):  # an error that is under way holds on to a damaged pack
                self._store.close()


class ObjectWriter:
    """Collects new objects and writes them as loose ones, all at once.

    Crash argument: an object is written under a passing name (``tmp_obj_…``, which ``git gc``
    reaps), synced, and only then renamed to its own. So under its own name an object is whole or
    absent, at every instant and after a power cut, and a second run may skip what is there. When
    ``flush`` has returned, objects and the folders that name them are durable; whoever points a
    ref at them does so after that.
    """

    def __init__(self, repository: Repository, files: Files) -> None:
        self._repository = repository
        self._files = files
        self._waiting: dict[str, bytes | StoredFile] = {}

    def add(self, kind: str, content: bytes) -> str:
        """Note an object to be written and return its id."""
        identity = object_id(kind, content, self._repository.object_format)
        if identity not in self._waiting:
            self._waiting[identity] = b"%s %d\0" % (kind.encode(), len(content)) + content
        return identity

    def add_blob(self, content: Content) -> str:
        """Note the content of a file to be written and return its id; a ``StoredFile`` is read again when it is."""
        if isinstance(content, bytes):
            return self.add("blob", content)
        identity = content_id(content, self._files, self._repository.object_format)
        self._waiting.setdefault(identity, content)
        return identity

    def flush(self) -> None:
        """Make every noted object durable. Raises OSError; what was written until then is whole.

        A ``git gc`` beside us takes folders away that are empty just now, and objects that it has packed: then again.
        """
        for tries_left in range(_TRIES - 1, -1, -1):
            try:
                self._flush()
                return
            except FileNotFoundError:
                if not tries_left:
                    raise

    def _flush(self) -> None:
        folders: set[str] = set()
        there: list[str] = []
        passing: dict[str, str] = {}
        with removed_on_failure(self._files, passing.values()):
            for identity, raw in self._waiting.items():
                folder = os.path.join(self._repository.objects_dir, identity[:2])
                path = os.path.join(folder, identity[2:])
                folders.add(folder)
                if self._holds(path, identity):
                    there.append(path)
                    continue
                if self._files.make_folder(folder):
                    folders.add(self._repository.objects_dir)
                passing[path] = os.path.join(folder, f"tmp_obj_{os.urandom(6).hex()}")
                self._create(passing[path], identity, raw)
            sync_many(self._files, [*passing.values(), *there])
            for path, name in passing.items():
                self._files.replace(name, path)
        sync_many(self._files, [], folders)
        self._waiting.clear()

    def _create(self, path: str, identity: str, raw: bytes | StoredFile) -> None:
        if isinstance(raw, bytes):
            self._files.create(path, zlib.compress(raw, 1))
            return
        machine, digest = zlib.compressobj(1), self._digest()
        with contextlib.closing(self._files.open_append(path, create=True)) as file:
            for piece in chain((b"blob %d\0" % raw.size,), pieces_of(self._files, raw.path)):
                digest.update(piece)
                if packed := machine.compress(piece):
                    file.write(packed)
            file.write(machine.flush())
        if digest.hexdigest() != identity:
            raise GitError("the file changed while it was committed", path=raw.path, hint="commit again")

    def _holds(self, path: str, identity: str) -> bool:
        """Tell whether the object is there, and whole: git syncs none of its own, so a power cut may empty it.

        One that was left long ago counts for none: if no commit has it yet, a ``git gc`` beside us takes it for waste.
        """
        found = self._files.stat(path)
        if found is None or (os.name != "nt" and found.mtime_ns < time.time_ns() - _FRESH_NS):
            return False
        machine, digest = zlib.decompressobj(), self._digest()
        try:
            for piece in pieces_of(self._files, path):
                digest.update(machine.decompress(piece, PIECE_BYTES))
                while machine.unconsumed_tail:
                    digest.update(machine.decompress(machine.unconsumed_tail, PIECE_BYTES))
            digest.update(machine.flush())
        except zlib.error:
            return False
        return machine.eof and not machine.unused_data and digest.hexdigest() == identity

    def _digest(self) -> "hashlib._Hash":
        return hashlib.new(self._repository.object_format, usedforsecurity=False)

    def sync_existing(self, identity: str) -> None:
        """Make an object durable that git has just written."""
        folder = os.path.join(self._repository.objects_dir, identity[:2])
        self._files.sync(os.path.join(folder, identity[2:]))
        self._files.sync_folder(folder)
        self._files.sync_folder(self._repository.objects_dir)

    def discard(self) -> None:
        """Forget what was noted but not written."""
        self._waiting.clear()
