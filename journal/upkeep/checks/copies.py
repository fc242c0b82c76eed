"""What git holds of the store: a second copy of the truth, to compare with and to restore from."""

import functools

from journal.errors import GitError
from journal.git.configuration import Configuration, read_configuration
from journal.git.objects import ObjectReader, blob_id
from journal.git.program import is_installed, start_git
from journal.git.status import files_in, index_paths
from journal.upkeep.commit import tree_in_head
from journal.upkeep.place import Place


class Copies:
    """The files of the store in git's HEAD, or else in its index. Paths are relative to the store."""

    def __init__(self, place: Place) -> None:
        self.place, self.repository = place, place.repository
        self._folders: dict[str, dict[str, str]] = {}

    @functools.cached_property
    def settings(self) -> Configuration:
        """Git's settings, read once. Raises GitError where they are malformed."""
        return read_configuration(self.repository)

    @functools.cached_property
    def _tree(self) -> str | None:
        return tree_in_head(self.place)

    @functools.cached_property
    def tracked(self) -> set[str]:
        """The paths that git's index lists."""
        return {self.place.inner(path) for path in index_paths(self.repository, self.place.prefix)}

    def identity(self, path: str) -> str | None:
        """Return the id of a file in HEAD, None where HEAD has none."""
        folder, _, name = path.rpartition("/")
        if folder not in self._folders:
            known = {} if self._tree is None else files_in(self.repository, self._tree, folder)
            self._folders[folder] = known
        return self._folders[folder].get(name)

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes as HEAD has them, else as the index does; None where neither does."""
        identity = self.identity(path)
        if identity is None:
            return self._read_staged(path)
        reader = ObjectReader(self.repository)
        try:
            return reader.read(identity, "blob")
        except GitError:
            return None
        finally:
            reader.close()

    def was_known(self, path: str) -> bool:
        """Tell whether any commit here ever held a file; False where there is no git program to ask."""
        if not is_installed():
            return False
        asked = ["log", "-1", "--all", "--format=%h", "--", self.place.outer(path)]
        return bool(start_git(self.repository, asked).stdout.strip())

    def identify(self, data: bytes) -> str:
        """Return git's id of a file with these bytes."""
        return blob_id(data, self.repository.object_format)

    def _read_staged(self, path: str) -> bytes | None:
        if path not in self.tracked or not is_installed():
            return None
        ended = start_git(self.repository, ["cat-file", "blob", f":{self.place.outer(path)}"])
        return ended.stdout if ended.returncode == 0 else None
