"""Stores for the tests of keys and values: two branches that meet, and one whose derived files were lost."""

import contextlib
import os
import shutil
import sys

from journal import Journal
from journal.git.driver import set_driver
from journal.git.repository import Repository
from tests.support.stores import configure
from tests.support.worktree import WorkTree

PROGRAM = os.path.join(os.path.dirname(sys.executable), "git-journal")


def reopened(root, **options):
    """Open a store that has lost everything derived."""
    for folder in ("local", "kv", "entities"):
        shutil.rmtree(os.path.join(root, folder), ignore_errors=True)
    return Journal.open(store=root, **options)


class Twins:
    """Two branches of one store that both have the key ``k``."""

    def __init__(self, folder, *, driver=False, types=""):
        self.tree = WorkTree(folder)
        configure(str(self.tree.store), 'durability = "os"', types)
        if driver:
            set_driver(Repository.discover(str(folder)), PROGRAM)
        self.has_driver = driver
        self._commit(lambda kv: kv.put("k", 0), "base")

    def _commit(self, change, message):
        with self.tree.open() as journal:
            change(journal.kv)
            assert journal.commit(message) is not None

    @contextlib.contextmanager
    def merged(self, ours, theirs):
        """Change both branches, merge them, and give the journal afterwards."""
        self.tree.git("switch", "-q", "-c", "other")
        self._commit(theirs, "theirs")
        self.tree.git("switch", "-q", "main")
        self._commit(ours, "ours")
        self.tree.git("merge", "-q", "--no-edit", "other", check=False)
        unmerged = self.tree.git("diff", "--name-only", "--diff-filter=U").split()
        assert not self.has_driver or not unmerged
        assert all(path.startswith(".journal/kv/") for path in unmerged)
        with self.tree.open() as journal:
            journal.reconcile()
            self.tree.git("add", "-A")
            self.tree.git("commit", "-q", "--allow-empty", "-m", "merged")
            yield journal

    def projection(self, key):
        return (self.tree.store / "kv" / f"{key}.json").read_bytes()
