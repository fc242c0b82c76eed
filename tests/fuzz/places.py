"""One work tree with a store in it: git as a person runs it, the journal as a program uses it, and a record of both."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from journal import Journal
from tests.fuzz.ledger import Holding
from tests.support.repositories import ENVIRONMENT

PROJECTED = (".journal/entities/", ".journal/kv/")
IN_PROGRESS = {
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "MERGE_HEAD": "merge",
}


class Ended(NamedTuple):
    """What a command of git came to."""

    status: int
    out: str
    error: str

    @property
    def words(self) -> list[str]:
        """What it printed, as words."""
        return self.out.split()


class Place:
    """A work tree. ``say`` is called with every command that is run here."""

    def __init__(self, name: str, folder: str, say: Callable[[str], None]) -> None:
        self.name, self.folder, self._say = name, folder, say
        self.root = os.path.join(folder, ".journal")
        self.holding = Holding(0, 0)
        self.linked_to: Place | None = None
        self.edits: dict[str, bytes] = {}
        """Readable files that a person edited, as long as git leaves them alone."""
        self.is_equipped = False
        """Whether the repository has our hooks and merge driver."""
        self.delivered: set[str] = set()
        """The events that a cursor here has delivered."""
        self._journal: Journal | None = None
        self._kept: dict[str, Any] = {}
        self.now = 0

    def say(self, text: str) -> None:
        """Record what is done here."""
        self._say(f"{self.name}: {text}")

    def run(self, *words: str, extra: dict[str, str] | None = None) -> Ended:
        """Run any program here, and record it."""
        shown = " ".join(word if word and not set(word) & set(" '\"") else repr(word) for word in words)
        self.say("".join(f"{name}={text!r} " for name, text in (extra or {}).items()) + shown)
        moment = f"@{1767225600 + self.now} +0000"
        clock = {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}
        path = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
        environment = {**os.environ, **ENVIRONMENT, **clock, "PATH": path, **(extra or {})}
        ended = subprocess.run(words, cwd=self.folder, capture_output=True, env=environment, check=False)
        result = Ended(
            ended.returncode, ended.stdout.decode("utf-8", "replace"), ended.stderr.decode("utf-8", "replace")
        )
        if result.status:
            self._say(f"    → {result.status} {(result.error or result.out).strip().splitlines()[-1:]}")
        assert "Traceback" not in result.error, result.error
        return result

    def git(self, *words: str, extra: dict[str, str] | None = None) -> Ended:
        """Run git here, and record it."""
        return self.run("git", *words, extra=extra)

    def ask(self, *words: str) -> list[str]:
        """Ask git something that changes nothing; return the words of the answer, none where git fails."""
        ended = subprocess.run(
            ["git", *words], cwd=self.folder, capture_output=True, env={**os.environ, **ENVIRONMENT}, check=False
        )
        return ended.stdout.decode("utf-8", "replace").split() if ended.returncode == 0 else []

    def content(self, name: str) -> bytes | None:
        """Return what git holds under a name, None where there is nothing."""
        words = ["git", "cat-file", "blob", name]
        ended = subprocess.run(
            words, cwd=self.folder, capture_output=True, env={**os.environ, **ENVIRONMENT}, check=False
        )
        return ended.stdout if ended.returncode == 0 else None

    def command(self, *words: str) -> Ended:
        """Run the ``journal`` command here as a process."""
        return self.run(sys.executable, "-m", "journal.cli", *words)

    @property
    def journal(self) -> Journal:
        """The journal of this place; it stays open until ``close``."""
        if self._journal is None:
            self._journal = Journal.open(self.folder, actor=self.name)
        return self._journal

    def kept(self, name: str, make: Callable[[Journal], Any]) -> Any:
        """Return what was made of the journal under a name since it was opened; it is made by the first who asks."""
        if self._journal is None or name not in self._kept:
            self._kept[name] = make(self.journal)
        return self._kept[name]

    def close(self) -> None:
        """Close the journal, as the end of a program does."""
        self._kept.clear()
        if self._journal is not None:
            self._journal.close()
        self._journal = None

    def in_progress(self) -> str | None:
        """Return what git is in the middle of."""
        private = self.ask("rev-parse", "--absolute-git-dir")
        for name, what in IN_PROGRESS.items():
            if private and os.path.exists(os.path.join(private[0], name)):
                return what
        return None

    def unmerged(self) -> list[str]:
        """Return the paths that git could not merge."""
        return sorted(set(self.ask("ls-files", "--unmerged")[3::4]))  # mode, id, stage and path of each

    def both_changed(self) -> list[str]:
        """Return the readable files at which git stopped though both sides have them."""
        told = self.ask("status", "--porcelain", "--no-renames", "-uno")
        return [
            path
            for how, path in zip(told[::2], told[1::2], strict=False)
            if how in ("UU", "AA") and path.startswith(PROJECTED)
        ]

    def equip(self) -> None:
        """Install the journal's hooks and merge driver in this repository."""
        ended = self.command("hooks", "install")
        assert ended.status == 0, ended.error
        self.is_equipped = True

    def branch(self) -> str | None:
        """Return the branch that is checked out, None for a detached HEAD."""
        return next(iter(self.ask("symbolic-ref", "-q", "--short", "HEAD")), None)

    def branches(self) -> list[str]:
        """Return the local branches."""
        return sorted(self.ask("for-each-ref", "--format=%(refname:short)", "refs/heads"))

    def commits(self, *what: str, count: int = 12) -> list[str]:
        """Return commits that hold the store, newest first."""
        return self.ask("rev-list", f"--max-count={count}", *(what or ("--branches", "--remotes")), "--")

    def files(self) -> dict[str, Any]:
        """Return the projections' contents by path in the store."""
        from tests.support.stores import projections

        return projections(self.root)
