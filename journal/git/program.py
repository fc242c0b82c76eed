"""Running the ``git`` program, for the few things that only it knows."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from journal.errors import GitError
from journal.git.repository import Repository

# What a surrounding git command sets for its hooks. Each call says anew which repository is meant.
_VARIABLES_OF_A_CALL = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_REFLOG_ACTION",
)


def is_installed() -> bool:
    """Tell whether there is a ``git`` program to run."""
    import shutil

    return shutil.which("git") is not None


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without what a surrounding git command left in it."""
    environment = {name: value for name, value in os.environ.items() if name not in _VARIABLES_OF_A_CALL}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    environment.update(extra or {})
    return environment


def is_own(repository: Repository) -> bool:
    """Tell whether a repository is this user's, as git sees it; where files have no owner it is."""
    if sys.platform == "win32":
        return True
    own = {os.geteuid()}
    if 0 in own and os.environ.get("SUDO_UID", "").isdecimal():
        own.add(int(os.environ["SUDO_UID"]))
    paths = (repository.work_tree, repository.git_dir, os.path.join(repository.work_tree, ".git"))
    return all(os.lstat(path).st_uid in own for path in paths if os.path.lexists(path))


_trusted: set[Repository] = set()
"""Repositories of others that git was asked about."""


def refuse_untrusted(repository: Repository) -> None:
    """Raise GitError where the repository is another user's and not declared safe, as git does.

    Its settings name programs: whoever asks git about it, were it for a list of names, would run them. Git does not
    look at the owner of a folder that ``--git-dir`` names, so it is asked without.
    """
    if is_own(repository) or repository in _trusted or not is_installed():
        return
    command = ["git", "-C", repository.work_tree, "rev-parse", "--git-dir"]
    ended = subprocess.run(command, capture_output=True, env=clean_environment(), check=False)
    if ended.returncode != 0:
        raise distrusted(repository, words_of(ended).split("\n", 1)[0])
    _trusted.add(repository)


def distrusted(repository: Repository, why: str) -> GitError:
    """Return the error for a repository that is not to be worked on."""
    import shlex

    return GitError(
        f"git does not trust this repository: {why}",
        path=repository.work_tree,
        hint=f"if you do: {shlex.join(['git', 'config', '--global', '--add', 'safe.directory', repository.work_tree])}",
    )


class Started:
    """A git program that was started; it works while its caller does something else.

    As a context it is ended with the block, where nobody asked for its answer.
    """

    def __init__(
        self, repository: Repository, arguments: Sequence[str], *, environment: Mapping[str, str] | None = None
    ) -> None:
        """Start git. Raises GitError where no git program is installed, or the repository is not to be trusted."""
        refuse_untrusted(repository)
        command = ["git", f"--git-dir={repository.git_dir}", f"--work-tree={repository.work_tree}", *arguments]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=repository.work_tree,
                env=clean_environment(environment),
            )
        except FileNotFoundError as error:
            raise GitError(
                f"this needs the git program, which is not installed: git {_verb(arguments)}",
                path=repository.work_tree,
                hint="install git, or take out the setting that needs it",
            ) from error

    def finish(self, data: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        """Give it its input, wait, and return how it ended, whatever that is."""
        try:
            out, err = self._process.communicate(data)
        except BaseException:
            self.close()
            raise
        return subprocess.CompletedProcess(self._process.args, self._process.returncode, out, err)

    def close(self) -> None:
        """End it where it still runs."""
        if self._process.returncode is None:
            self._process.kill()
            self._process.communicate()

    def __enter__(self) -> "Started":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def start_git(
    repository: Repository,
    arguments: Sequence[str],
    *,
    data: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[bytes]":
    """Run git in the repository and return how it ended, whatever that is.

    Raises GitError where no git program is installed.
    """
    return Started(repository, arguments, environment=environment).finish(data)


def run_git(
    repository: Repository,
    arguments: Sequence[str],
    *,
    data: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Run git in the repository and return what it printed. Raises GitError where it fails."""
    ended = start_git(repository, arguments, data=data, environment=environment)
    if ended.returncode != 0:
        raise GitError(f"git {_verb(arguments)} failed: {words_of(ended)}", path=repository.work_tree)
    return ended.stdout


def _verb(arguments: Sequence[str]) -> str:
    position = 0
    while arguments[position] == "-c":
        position += 2
    return arguments[position]


def words_of(ended: "subprocess.CompletedProcess[bytes]") -> str:
    """Return what a failed program said, in one string."""
    text = (ended.stderr + b"\n" + ended.stdout).decode("utf-8", "replace").strip()
    return text or f"exit status {ended.returncode}"
