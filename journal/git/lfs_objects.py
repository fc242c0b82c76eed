"""Where git LFS keeps bytes for a repository, and putting them there as it would itself.

Nothing here needs git LFS to be installed. Its folder belongs to whoever owns the clone, as all of git's does: no
repository brings anything into it, and no setting that one brings moves it.

Crash argument: the bytes go to a passing name in the folder that git LFS has for these, are synced there while their
hash is taken, and one rename gives them the name that is their hash. So under such a name they are whole or absent, and
what git LFS itself has put there, which syncs nothing, is read through and synced. When ``keep`` has returned they are
durable; whoever names their pointer in a commit does so after that. Passing files that a kill left are removed an hour
later, here or by git LFS.
"""

import os
import time
from collections.abc import Iterator

from journal.disk.files import TEMPORARY_SUFFIX, Files, passing_name, removed_on_failure
from journal.disk.folders import ensure_folder, full_path
from journal.disk.pieces import digest_of, pieces_of, write_pieces
from journal.errors import DamagedError
from journal.format.pointer import Pointer, object_file
from journal.git.configuration import Configuration, read_configuration
from journal.git.repository import Repository

_DEFAULT = "lfs"
_PASSING = "tmp"
_LEFT_SECONDS = 3600.0


def lfs_folder(repository: Repository, configuration: Configuration | None = None) -> str:
    """Return the folder in which git LFS keeps what it has fetched, or is to push: ``lfs.storage`` or its default.

    ``configuration``: git's settings, where the caller has read them. Raises GitError for malformed ones.
    """
    settings = configuration or read_configuration(repository)
    return os.path.realpath(os.path.join(repository.common_dir, settings.get("lfs.storage") or _DEFAULT))


class LfsObjects:
    """The bytes that git LFS has in one clone."""

    def __init__(self, files: Files, folder: str) -> None:
        self._files, self._folder = files, folder

    def path(self, sha256: str) -> str:
        """Return where the bytes of a hash are, if they are here."""
        return full_path(self._folder, object_file(sha256))

    def has(self, pointer: Pointer) -> bool:
        """Tell whether so many bytes are here under this hash; they are not read."""
        found = self._files.stat(self.path(pointer.sha256))
        return found is not None and found.kind == "file" and found.size == pointer.bytes

    def is_sound(self, pointer: Pointer) -> bool:
        """Tell whether the bytes are here, and are those of the hash."""
        path = self.path(pointer.sha256)
        return self.has(pointer) and digest_of(pieces_of(self._files, path)) == pointer.sha256

    def all(self) -> Iterator[str]:
        """Yield the hashes of which something is here."""
        top = os.path.join(self._folder, "objects")
        for outer in self._folders(top):
            for inner in self._folders(os.path.join(top, outer)):
                for name, stat in sorted(self._files.list(os.path.join(top, outer, inner))):
                    if stat.kind == "file" and len(name) == 64 and name.startswith(outer + inner):
                        yield name

    def _folders(self, path: str) -> list[str]:
        return sorted(name for name, stat in self._files.list(path) if stat.kind == "folder" and len(name) == 2)

    def keep(self, source: str, pointer: Pointer) -> None:
        """Have the bytes of a file here, durably. Raises DamagedError where they are not what the pointer says."""
        files, target = self._files, self.path(pointer.sha256)
        self._make_folder(os.path.dirname(target))
        if self.is_sound(pointer):
            _refuse_other(digest_of(pieces_of(files, source)), source, pointer)
            files.sync(target)
        else:
            self._copy(source, target, pointer)
        files.sync_folder(os.path.dirname(target))

    def _copy(self, source: str, target: str, pointer: Pointer) -> None:
        files, passing = self._files, self._passing()
        with removed_on_failure(files, [passing]):
            written = write_pieces(files, passing, pieces_of(files, source))
            _refuse_other(written.sha256, source, pointer)
            files.replace(passing, target)

    def _passing(self) -> str:
        """Return a passing name, its folder made; what killed runs left there long ago is removed."""
        files, folder = self._files, os.path.join(self._folder, _PASSING)
        self._make_folder(folder)
        for left, stat in files.list(folder):
            if left.endswith(TEMPORARY_SUFFIX) and time.time() - stat.mtime_ns / 1e9 > _LEFT_SECONDS:
                files.remove(os.path.join(folder, left))
        return passing_name(os.path.join(folder, "journal"))

    def _make_folder(self, path: str) -> None:
        """Make a folder of git LFS, and what is missing above it, durably."""
        above = os.path.dirname(self._folder)
        while self._files.stat(above) is None:
            above = os.path.dirname(above)
        ensure_folder(self._files, above, os.path.relpath(path, above).replace(os.sep, "/"), durable=True)


def _refuse_other(sha256: str, source: str, pointer: Pointer) -> None:
    if sha256 != pointer.sha256:
        raise DamagedError(
            f"the blob {pointer.sha256[:16]}… is not what its name says, so nobody could ever get it",
            path=source,
            hint="journal doctor --fix puts it right or aside; putting the right bytes again mends it",
        )
