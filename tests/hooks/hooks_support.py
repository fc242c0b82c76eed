"""A small vocabulary for tests of hooks: a repository with a store, real git, and hooks of other people."""

import contextlib
import os
import pathlib
import shlex
import stat
import subprocess

from journal.cli import main

from journal import Journal
from journal.git.hook_files import NAMES
from journal.git.hook_survey import survey_hooks
from journal.git.repository import Repository


class World:
    """A work tree with a store."""

    def __init__(self, folder):
        self.folder = str(folder)

    @classmethod
    def new(cls, folder, *options):
        os.makedirs(folder)
        world = cls(folder)
        world.git("init", "-q", "--template=", *options)
        Journal.init(world.folder)
        return world

    # -- git ------------------------------------------------------------------------------------

    def run(self, *command, check=True, data=None, environment=None, timeout=60):
        ended = subprocess.run(
            command,
            cwd=self.folder,
            capture_output=True,
            text=True,
            input=data,
            stdin=subprocess.DEVNULL if data is None else None,
            env={**os.environ, **(environment or {})},
            timeout=timeout,
        )
        if check and ended.returncode:
            raise AssertionError(f"{command}: {ended.stdout} {ended.stderr}")
        return ended

    def git(self, *arguments, **options):
        return self.run("git", *arguments, **options).stdout

    def refused(self, *arguments):
        """Run git, which must be refused; return what was said."""
        ended = self.run("git", *arguments, check=False)
        assert ended.returncode == 1, (ended.stdout, ended.stderr)
        return ended.stderr

    def commit_all(self, message="work"):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    @property
    def head(self):
        return self.git("rev-parse", "HEAD").strip()

    # -- the journal ----------------------------------------------------------------------------

    def put(self, id, **data):
        with Journal.open(self.folder) as journal:
            return journal.put("plan", id, data)

    def delete(self, id):
        with Journal.open(self.folder) as journal:
            return journal.delete("plan", id)

    def segments(self):
        return sorted(os.listdir(self.path(".journal/segments")))

    def journal(self, *words):
        """Run a command line of the journal in this process and return its status."""
        with contextlib.chdir(self.folder):
            return main(["-q", *words])

    def hooks(self, *words):
        """Run ``journal hooks …`` in this process and return its status."""
        return self.journal("hooks", *words)

    def survey(self):
        return survey_hooks(Repository.discover(self.folder))

    def states(self):
        return {hook.name: hook.state for hook in self.survey().hooks}

    # -- files ----------------------------------------------------------------------------------

    def path(self, name):
        return os.path.join(self.folder, *name.split("/"))

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    def exists(self, name):
        return os.path.lexists(self.path(name))

    def hook(self, name, lines, folder=".git/hooks", shebang="#!/bin/sh\n"):
        """Write a hook of somebody else."""
        self.write(f"{folder}/{name}", f"{shebang}{lines}\n")
        os.chmod(self.path(f"{folder}/{name}"), 0o755)

    def chain(self, name):
        """Write a hook that notes how it was called."""
        self.hook(name, f'echo "$@" >>{shlex.quote(self.path("called"))}; cat >>{shlex.quote(self.path("called"))}')

    def called(self):
        """Return what hooks noted, and forget it."""
        if not self.exists("called"):
            return ""
        text = self.read("called").decode()
        os.unlink(self.path("called"))
        return text


def snapshot(folder):
    """Return everything below a folder: bytes, rights, links."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            facts = os.lstat(path)
            text = os.readlink(path) if stat.S_ISLNK(facts.st_mode) else pathlib.Path(path).read_bytes()
            found[os.path.relpath(path, folder)] = (facts.st_mode, facts.st_ino, text)
    return found


def fake_program(world, lines='echo "$@" >>"$JOURNAL_CALLS"', folder="bin"):
    """Write a ``git-journal`` that only notes how it was called; return its path."""
    path = os.path.join(os.path.dirname(world.folder), folder, "git-journal")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(f"#!/bin/sh\n{lines}\n")
    os.chmod(path, 0o755)
    return path


ALL_INSTALLED = dict.fromkeys(NAMES, "installed")
