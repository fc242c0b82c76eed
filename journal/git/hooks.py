"""The user's own commit hooks, run around our commit as ``git commit`` would run them.

The hooks see an index of their own (``GIT_INDEX_FILE``): the last commit and our paths, as in
``git commit PATH``; the user's staged work is not in it. What a hook changes there is not taken
over: our files carry checksums and are committed as they are or not at all.
"""

import contextlib
import os
import re
import subprocess
from collections.abc import Sequence

from journal.disk.files import Files, passing_name
from journal.errors import GitError
from journal.git.configuration import Configuration
from journal.git.hook_files import COMMITTING, hooks_folder, read_hook
from journal.git.identity import Identity
from journal.git.program import clean_environment, run_git, start_git, words_of
from journal.git.repository import Repository


class Hooks:
    """Which hooks the repository has, and how to run them."""

    def __init__(self, repository: Repository, configuration: Configuration) -> None:
        self._repository = repository
        self._folder = hooks_folder(repository, configuration).path
        # Since git 2.54 a hook may also be a setting: hook.<name>.event and hook.<name>.command.
        self._configured = {
            value for key in configuration.keys("hook.") if key.endswith(".event") for value in configuration.all(key)
        }

    def has(self, name: str) -> bool:
        """Tell whether git would run a hook of this name, other than ours, which has nothing to say to ourselves."""
        if name in self._configured:
            return True
        found = read_hook(os.path.join(self._folder, name))
        return found.is_executable and (found.kind != "ours" or found.chains)

    def run(self, name: str, arguments: Sequence[str], environment: dict[str, str]) -> None:
        """Run a hook if there is one. Raises GitError with what it printed where it refuses."""
        if not self.has(name):
            return
        environment = {"GIT_EDITOR": ":", **environment}
        ended = self._start(name, arguments, environment)
        if ended.returncode != 0:
            raise GitError(
                f"the {name} hook refused the commit: {words_of(ended)}",
                path=self._repository.work_tree,
                hint="nothing was committed and nothing in git changed; --no-verify skips pre-commit and commit-msg",
            )

    def notify(self, name: str) -> None:
        """Run a hook if there is one, whatever it answers."""
        if self.has(name):
            self._start(name, [], {"GIT_EDITOR": ":"})

    def _start(
        self, name: str, arguments: Sequence[str], environment: dict[str, str]
    ) -> "subprocess.CompletedProcess[bytes]":
        if _git_runs_hooks(self._repository):
            command = ["hook", "run", "--ignore-missing", name, *(["--", *arguments] if arguments else [])]
            return start_git(self._repository, command, environment=environment)
        return subprocess.run(
            [os.path.join(self._folder, name), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=self._repository.work_tree,
            env=clean_environment({"GIT_DIR": self._repository.git_dir, **environment}),
            check=False,
        )


class HookedCommit:
    """The surroundings of one commit with hooks: its index, its message file, and their end."""

    def __init__(self, repository: Repository, hooks: Hooks, files: Files, identity: Identity) -> None:
        self._repository = repository
        self._hooks = hooks
        self._files = files
        self.index_path = passing_name(os.path.join(repository.git_dir, "index"))
        self._message_path = passing_name(os.path.join(repository.git_dir, "message"))
        self._environment = {
            "GIT_INDEX_FILE": self.index_path,
            COMMITTING: "1",
            **author_environment(identity),
        }

    def message_after_hooks(self, tree: str, message: bytes, paths: Sequence[str], *, verify: bool) -> bytes:
        """Run the hooks before the commit and return the message they leave.

        Raises GitError where one refuses, or changed a path of ours in its index.
        """
        index_path = self._repository.index_path
        if self._files.stat(index_path) is not None:
            # With it come the times of the files, so that the hook's git need not read them all.
            self._files.create(self.index_path, self._files.read(index_path))
        self._git("read-tree", "--reset", tree)
        start_git(self._repository, ["update-index", "-q", "--refresh"], environment=self._environment)
        if verify:
            self._hooks.run("pre-commit", [], self._environment)
            self._refuse_changed(tree, paths)
        self._files.create(self._message_path, message)
        self._hooks.run("prepare-commit-msg", [self._message_path, "message"], self._environment)
        if verify:
            self._hooks.run("commit-msg", [self._message_path], self._environment)
        return self._files.read(self._message_path)

    def _refuse_changed(self, tree: str, paths: Sequence[str]) -> None:
        changed = self._git("diff-index", "--cached", "--name-only", "-z", tree).split(b"\0")
        ours = {os.fsencode(path) for path in paths}
        for name in changed:
            if name in ours:
                path = os.fsdecode(name)
                raise GitError(
                    f"the pre-commit hook changed a file of the journal: {path}",
                    path=path,
                    hint="exclude the store's folder from what the hook formats; its files carry checksums",
                )

    def _git(self, *arguments: str) -> bytes:
        return run_git(self._repository, arguments, environment=self._environment)

    def close(self) -> None:
        """Remove the passing files."""
        for path in (self.index_path, self.index_path + ".lock", self._message_path):
            with contextlib.suppress(OSError):
                self._files.remove(path)


def _git_runs_hooks(repository: Repository) -> bool:
    """Tell whether the installed git has ``git hook run`` (2.36)."""
    match = re.search(rb"(\d+)\.(\d+)", run_git(repository, ["version"]))
    return match is not None and (int(match[1]), int(match[2])) >= (2, 36)


def author_environment(author: Identity, committer: Identity | None = None) -> dict[str, str]:
    """Return the variables that tell git and hooks who commits."""
    named = {"AUTHOR": author, **({"COMMITTER": committer} if committer else {})}
    return {
        f"GIT_{role}_{part}": value
        for role, identity in named.items()
        for part, value in (("NAME", identity.name), ("EMAIL", identity.mail), ("DATE", f"@{identity.date}"))
    }
