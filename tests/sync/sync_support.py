"""A small vocabulary for tests of several clones that share a remote."""

import os
import pathlib
import subprocess
import sys

from journal import Journal
from journal.format import values
from tests.support.stores import event_ids, projections, truth


def git(folder, *words, check=True, **options):
    ended = subprocess.run(["git", *map(str, words)], cwd=folder, capture_output=True, text=True, **options)
    assert not check or ended.returncode == 0, (words, ended.stdout, ended.stderr)
    return ended.stdout


def make_hub(folder):
    """Make a bare remote with one commit of code on main; return its path."""
    git(folder, "init", "-q", "--bare", "-b", "main", "hub.git")
    git(folder, "clone", "-q", "hub.git", "seed")
    seed = Clone(folder / "seed")
    seed.git("switch", "-q", "-c", "main", check=False)
    seed.user_commits("code.txt", "one\n")
    seed.git("push", "-q", "origin", "main")
    return folder / "hub.git"


class Hub:
    """A bare remote."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.path = self.folder / "hub.git"

    def clone(self, name, *options, url=None):
        """Clone the remote; what is cloned has no store of its own branch yet."""
        git(self.folder, "clone", "-q", *options, url or self.path, name)
        return Clone(self.folder / name)

    def attached(self, name, *options, url=None):
        """Clone the remote, with the store on the branch "journal"."""
        clone = self.clone(name, *options, url=url)
        Journal.init(clone.path, branch="journal")
        return clone

    def git(self, *words, **options):
        return git(self.path, *words, **options)

    def hook(self, name, script):
        path = self.path / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


class Clone:
    """A clone with a store in it."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    @property
    def store(self):
        return self.path / ".journal"

    def open(self, **options):
        return Journal.open(self.path, **options)

    def git(self, *words, check=True):
        return git(self.path, *words, check=check)

    def put(self, type, id, **fields):
        with self.open(actor=self.path.name) as journal:
            return journal.put(type, id, set=fields)

    def commit(self, message="journal"):
        with self.open() as journal:
            return journal.commit(message)

    def sync(self, *names, **options):
        with self.open() as journal:
            return journal.sync(*names, **options)

    def user_commits(self, name, text, message="theirs"):
        (self.path / name).write_text(text)
        self.git("add", "--", name)
        self.git("commit", "-q", "-m", message)

    def documents(self):
        with self.open() as journal:
            return {(entity.type, entity.id): entity.data for entity in journal.list()}

    def everything(self):
        """All that must be the same in every clone: events, entities as JSON, and readable files."""
        with self.open() as journal:
            journal.reconcile()
            entities = [(item.type, item.id, item.rev, item.event, item.data) for item in journal.list()]
        # A kill may leave a passing file; doctor names it, and nobody reads it.
        shown = {path: data for path, data in projections(str(self.store)).items() if not path.endswith(".journal-tmp")}
        return event_ids(str(self.store)), values.canonical(entities), shown

    def truth(self):
        return truth(str(self.store))

    def assert_sound(self):
        """Git and the journal find nothing to complain about."""
        said = self.git("fsck", "--full", "--strict", "--no-dangling")
        assert said == "", said
        with self.open() as journal:
            report = journal.doctor(verify=True)
        assert report.ok, report.findings

    def start(self, *words, **options):
        """Start ``journal`` as a process of its own."""
        command = [sys.executable, "-m", "journal.cli", *map(str, words)]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=self.path, **(pipes | options))

    def run(self, *words, **options):
        """Run ``journal`` and return (exit status, what it said on either stream)."""
        with self.start(*words, **options) as process:
            out, err = process.communicate(timeout=60)
        return process.returncode, out + err


def without(folder, program, monkeypatch):
    """Let no program of this name be found: a PATH with everything else."""
    bin = pathlib.Path(folder) / f"without-{program}"
    bin.mkdir(exist_ok=True)
    for place in os.environ["PATH"].split(os.pathsep):
        for name in os.listdir(place) if os.path.isdir(place) else []:
            if name != program and not (bin / name).is_symlink():
                (bin / name).symlink_to(os.path.join(place, name))
    monkeypatch.setenv("PATH", str(bin))
