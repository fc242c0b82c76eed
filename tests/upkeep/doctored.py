"""A small vocabulary to break stores with, and templates to break."""

import os
import shutil
import subprocess

from journal import Journal

BIG = {"text": "long " * 20_000}


def git(folder, *arguments):
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


class Store:
    """A store under test; paths are relative to its own folder."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.root = os.path.join(self.folder, ".journal")

    def open(self):
        return Journal.open(self.folder)

    def doctor(self, **options):
        options = {"verify": False, "fix": False, "accept_loss": False, **options}
        with self.open() as journal:
            return journal.doctor(**options)

    def settle(self):
        """Make ``local/`` this work tree's own, and bring everything up to date."""
        with self.open() as journal:
            journal.reconcile()

    def path(self, relative):
        return os.path.join(self.root, *relative.split("/"))

    def files(self, folder):
        return sorted(f"{folder}/{name}" for name in os.listdir(self.path(folder)))

    def blob(self):
        for place, _, names in os.walk(self.path("blobs")):
            for name in names:
                return os.path.relpath(os.path.join(place, name), self.root)
        raise AssertionError("no blob")

    def read(self, relative):
        with open(self.path(relative), "rb") as file:
            return file.read()

    def write(self, relative, data):
        os.makedirs(os.path.dirname(self.path(relative)), exist_ok=True)
        with open(self.path(relative), "wb") as file:
            file.write(data)

    def flip(self, relative, offset=None):
        data = bytearray(self.read(relative))
        data[len(data) // 2 if offset is None else offset] ^= 0x01
        self.write(relative, bytes(data))

    def remove(self, relative):
        path = self.path(relative)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)

    def git(self, *arguments):
        git(self.folder, *arguments)

    def tree(self):
        """Return what stands outside ``local/``: bytes and times of files, targets of links, times of folders."""
        found = {}
        for place, folders, names in os.walk(self.root):
            if place == self.root:
                folders[:] = [name for name in folders if name != "local"]
            for name in [*names, *folders]:
                path = os.path.join(place, name)
                at = os.lstat(path)
                kept = os.readlink(path) if os.path.islink(path) else None
                if os.path.isfile(path) and kept is None:
                    with open(path, "rb") as file:
                        kept = file.read()
                found[os.path.relpath(path, self.root)] = (at.st_mtime_ns, at.st_ino, at.st_mode, kept)
        return found

    def answers(self):
        with self.open() as journal:
            return {(item.type, item.id): (item.rev, item.event, item.data) for item in journal.list()}


def fill(journal, stage):
    """Write a little of everything; each stage is told apart by its values."""
    for number in range(6):
        journal.put("plan", f"p{number}", {"stage": stage, "number": number})
    journal.put("plan", f"only-{stage}", {"stage": stage})
    journal.put("Task", f"T-{stage}", {"title": f"task of {stage}"})
    with journal.transaction() as transaction:
        transaction.put("plan", "pair-a", {"stage": stage})
        transaction.put("plan", "pair-b", {"stage": stage})


def make_template(folder, *, with_git):
    """Make a store with a pack, two checkpoints, a blob, a deleted entity and three live segments, all committed."""
    os.makedirs(folder)
    if with_git:
        git(folder, "init", "-q")
        git(folder, "config", "user.name", "Ann")
        git(folder, "config", "user.email", "ann@example.com")
    Journal.init(folder)
    store = Store(folder)
    for stage in ("one", "two"):
        with store.open() as journal:
            fill(journal, stage)
            if stage == "two":
                journal.delete("plan", "only-one")
            journal.checkpoint()
            _end_segment(journal, with_git)
    for _ in range(2):
        with store.open() as journal:
            journal.compact()
            _end_segment(journal, with_git)
    for stage in ("three", "four", "five"):
        with store.open() as journal:
            fill(journal, stage)
            if stage == "four":
                journal.put("doc", "big", BIG)
            _end_segment(journal, with_git)
    return store


def _end_segment(journal, with_git):
    if with_git:
        journal.commit("stage")
    else:
        with journal._engine.locked():
            journal._engine.lanes.end_segment()


def copy_of(template, folder):
    """Copy a template and make the copy a work tree of its own."""
    shutil.copytree(template.folder, folder, symlinks=True)
    store = Store(folder)
    store.settle()
    return store
