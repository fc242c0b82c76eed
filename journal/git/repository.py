"""Where a folder's git repository is. Reads a few small files; needs neither git nor dulwich.

A repository is found by walking up to the first ``.git``, as git does. A bare repository is never
taken for one on the way: a checkout can contain one, with hooks and settings of a stranger, while
no checkout can contain a ``.git``.
"""

import os
from dataclasses import dataclass
from typing import Literal

from journal.errors import GitError

ObjectFormat = Literal["sha1", "sha256"]

# Each of these moves a part of a repository to another place, for one command of git only.
_VARIABLES_REFUSED = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_NAMESPACE")


@dataclass(frozen=True, slots=True)
class Repository:
    """One work tree and the git folders behind it; all paths are absolute and real.

    ``git_dir`` holds what belongs to this work tree (HEAD, index); ``common_dir`` what all work
    trees of the repository share (objects, branches). They differ in a linked work tree only.
    """

    work_tree: str
    git_dir: str
    common_dir: str
    object_format: ObjectFormat
    ref_storage: str
    bare: bool

    @staticmethod
    def discover(folder: str) -> "Repository | None":
        """Find the repository that ``folder`` is in, or None.

        ``GIT_DIR`` and ``GIT_WORK_TREE`` count where the folder is in the work tree they name, as
        in a hook; elsewhere they speak of another repository. Raises GitError for a ``.git`` file
        that leads nowhere, for a repository format that is not known, and where ``GIT_DIR`` alone
        names another repository than the one that the folder is in.
        """
        folder = os.path.realpath(folder)
        return _from_environment(folder) or _around(folder)

    @staticmethod
    def at(folder: str) -> "Repository | None":
        """Open the repository whose work tree begins at this very folder, whatever the environment names; or None.

        Raises GitError as ``discover`` does.
        """
        folder = os.path.realpath(folder)
        git_dir = _git_dir_at(os.path.join(folder, ".git"))
        return None if git_dir is None else _open(folder, git_dir)

    @property
    def index_path(self) -> str:
        """The index file of this work tree."""
        return os.path.join(self.git_dir, "index")

    def index_path_in_use(self) -> str:
        """Return the index that a surrounding git command works on, else ``index_path``.

        In a hook of ``git commit PATH`` that is a passing one beside it. Raises GitError where the
        environment names an index of some other place.
        """
        named = os.environ.get("GIT_INDEX_FILE")
        if not named:
            return self.index_path
        path = os.path.realpath(os.path.join(self.work_tree, named))
        if os.path.dirname(path) != self.git_dir:
            raise GitError(
                "GIT_INDEX_FILE names an index outside this repository",
                path=path,
                hint="unset GIT_INDEX_FILE and run it again",
            )
        return path

    @property
    def objects_dir(self) -> str:
        """The folder of the objects."""
        return os.path.join(self.common_dir, "objects")

    @property
    def hash_length(self) -> int:
        """Bytes of an object id."""
        return 20 if self.object_format == "sha1" else 32

    def refuse_foreign_environment(self) -> None:
        """Raise GitError where the environment moves objects or refs out of this repository."""
        for name in _VARIABLES_REFUSED:
            if os.environ.get(name):
                raise GitError(
                    f"{name} is set: this runs inside a git command that keeps its objects apart",
                    hint="run it again from a plain shell, outside git's hooks",
                )
        if self.bare:
            raise GitError("this repository is bare: it has no work tree to commit from", path=self.git_dir)


def _around(folder: str) -> Repository | None:
    """Return the repository that a folder is in by the first ``.git`` upwards."""
    while True:
        git_dir = _git_dir_at(os.path.join(folder, ".git"))
        if git_dir is not None:
            return _open(folder, git_dir)
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _from_environment(folder: str) -> Repository | None:
    git_dir = os.environ.get("GIT_DIR")
    if not git_dir:
        return None
    found = _git_dir_at(git_dir)
    if found is None:
        return None
    settings = _local_settings(_common_dir(found))
    work_tree = os.environ.get("GIT_WORK_TREE") or settings.get("core.worktree")
    is_guessed = work_tree is None
    if work_tree is None:
        work_tree = os.getcwd()
    elif not os.environ.get("GIT_WORK_TREE"):
        work_tree = os.path.join(found, work_tree)
    work_tree = os.path.realpath(work_tree)
    if os.path.commonpath([folder, work_tree]) != work_tree:
        return None
    if is_guessed:
        _refuse_another(folder, found)
    return _open(work_tree, found)


def _refuse_another(folder: str, named: str) -> None:
    """Refuse a repository that the environment names for a folder that is in another: its files would be compared
    with foreign ones, and what git then advises would bring these here.
    """
    around = _around(folder)
    if around is not None and around.git_dir != named:
        raise GitError(
            f"GIT_DIR names another repository than the one here, {around.git_dir}",
            path=named,
            hint="unset GIT_DIR and run it again; if it is meant, name the work tree with GIT_WORK_TREE",
        )


def _git_dir_at(path: str) -> str | None:
    """Resolve a ``.git`` folder, link or file; None where nothing usable is, as git walks on."""
    if os.path.isfile(path):
        with open(path, "rb") as file:
            text = file.read(1 << 16)
        if not text.startswith(b"gitdir: "):
            raise GitError("this .git file does not name a git folder", path=path)
        named = os.fsdecode(text[len(b"gitdir: ") :].rstrip(b"\r\n"))
        target = os.path.realpath(os.path.join(os.path.dirname(path), named))
        if not _is_git_dir(target):
            raise GitError(
                "this .git file names a git folder that is not there",
                path=path,
                hint="if the repository was moved, `git worktree repair` mends the link",
            )
        return target
    return os.path.realpath(path) if _is_git_dir(path) else None


def _is_git_dir(path: str) -> bool:
    if not os.path.lexists(os.path.join(path, "HEAD")):
        return False
    common = _common_dir(path)
    return os.path.isdir(os.path.join(common, "objects")) and os.path.isdir(os.path.join(common, "refs"))


def _common_dir(git_dir: str) -> str:
    try:
        with open(os.path.join(git_dir, "commondir"), "rb") as file:
            named = os.fsdecode(file.read(1 << 16).rstrip(b"\r\n"))
    except (FileNotFoundError, NotADirectoryError):
        return git_dir
    return os.path.realpath(os.path.join(git_dir, named))


def _open(work_tree: str, git_dir: str) -> Repository:
    common_dir = _common_dir(git_dir)
    settings = _local_settings(common_dir)
    if settings.get("core.repositoryformatversion", "0") not in ("0", "1"):
        raise GitError("this repository is of a format that is not known", path=common_dir)
    object_format = settings.get("extensions.objectformat", "sha1")
    if object_format not in ("sha1", "sha256"):
        raise GitError(f"this repository uses objects of an unknown kind: {object_format}", path=common_dir)
    linked = git_dir != common_dir
    bare = settings.get("core.bare", "false").lower() in ("true", "yes", "on", "1")
    return Repository(
        work_tree=os.path.realpath(work_tree),
        git_dir=git_dir,
        common_dir=common_dir,
        object_format="sha256" if object_format == "sha256" else "sha1",
        ref_storage=settings.get("extensions.refstorage", "files").lower(),
        bare=bare and not linked and "core.worktree" not in settings,
    )


def _local_settings(common_dir: str) -> dict[str, str]:
    """Read the plain keys of the repository's own settings file, without its includes.

    Enough for the format of the repository, for which git does not follow includes either.
    """
    settings: dict[str, str] = {}
    section = ""
    try:
        with open(os.path.join(common_dir, "config"), encoding="utf-8", errors="replace") as file:
            lines = file.read(1 << 22).split("\n")
    except FileNotFoundError:
        return settings
    for line in lines:
        text = line.strip()
        if text.startswith("["):
            name, _, rest = text[1:].partition("]")
            section, text = name.strip().lower(), rest.strip()
        key, equals, value = text.partition("=")
        if not text or text[0] in "#;" or '"' in section:
            continue
        plain = value.split(" #")[0].split(" ;")[0].strip().strip('"')
        settings[f"{section}.{key.strip().lower()}"] = plain if equals else "true"
    return settings
