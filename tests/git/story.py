"""A small store with two branches that know nothing of each other's edits, to try every operation of git on."""

import os
import shutil

from tests.support.stores import event_ids, fresh_view, meaning, projections, rendered
from tests.support.worktree import WorkTree

FIRST, MAIN, SIDE = {"first"}, {"first", "main-a", "main-c"}, {"first", "side-a", "side-b"}
CONTINUE = {
    "MERGE_HEAD": ["commit", "-q", "--no-edit"],
    "CHERRY_PICK_HEAD": ["-c", "core.editor=true", "cherry-pick", "--continue"],
    "REVERT_HEAD": ["-c", "core.editor=true", "revert", "--continue"],
    "rebase-merge": ["-c", "core.editor=true", "rebase", "--continue"],
}


class Story:
    """``main`` and ``side`` both changed plan a; each also made a plan of its own, c and b. Events go by their summary.

    ``other`` and ``third`` branch off at the first commit too, and have a plan each, which conflict with nothing.
    """

    def __init__(self, folder):
        self.folder = folder
        self.tree = WorkTree(folder / "work")
        self.ids = {}
        self.write("first", "a", x=1)
        self.commit()
        for branch, changes in {
            "side": [("side-a", "a", {"y": 2}), ("side-b", "b", {"x": 1})],
            "other": [("other-d", "d", {"x": 1})],
            "third": [("third-e", "e", {"x": 1})],
        }.items():
            self.git("checkout", "-q", "-b", branch, "main")
            for name, id, fields in changes:
                self.write(name, id, **fields)
                self.commit()
        self.git("checkout", "-q", "main")
        self.write("main-a", "a", z=3)
        self.commit()
        self.write("main-c", "c", x=1)
        self.commit()

    def git(self, *words, check=True):
        """Run git in the work tree."""
        return self.tree.git(*words, check=check)

    def write(self, name, id, **fields):
        """Set fields of a plan; the event is called by a name."""
        with self.tree.open() as journal:
            written = journal.put("plan", id, set=fields, summary=name)
        assert written.event not in self.ids.values()
        self.ids[name] = written.event
        return written

    def commit(self, message=None):
        """Commit with the journal."""
        with self.tree.open() as journal:
            journal.commit(message)

    def events(self):
        """Return the names of the events that are here."""
        with self.tree.open() as journal:
            return {event.summary for event in journal.log()}

    def plans(self):
        """Return the live plans."""
        with self.tree.open() as journal:
            return {entity.id: entity.data for entity in journal.list("plan")}

    def stopped(self):
        """Return the paths that git could not merge; none of them is the truth."""
        paths = set(self.git("diff", "--name-only", "--diff-filter=U").split())
        assert all(path.startswith(".journal/entities/") for path in paths), paths
        return paths

    def finish(self):
        """Do what the guide says as long as git is stopped."""
        for _ in range(9):
            private = self.git("rev-parse", "--absolute-git-dir").strip()
            doing = next((name for name in CONTINUE if os.path.exists(os.path.join(private, name))), None)
            if not self.stopped() and doing is None:
                return
            with self.tree.open() as journal:
                journal.reconcile()
            self.git("add", ".journal")
            if doing is not None:
                self.git(*CONTINUE[doing], check=False)
        raise AssertionError(self.git("status"))

    def at(self, path):
        """Go on in another work tree of the same store."""
        tree = WorkTree.__new__(WorkTree)
        tree.path = path
        self.tree = tree
        return self

    def copy(self, name, **how):
        """Copy the whole work tree."""
        shutil.copytree(self.tree.path, self.folder / name, symlinks=True, **how)
        return self.folder / name

    def check(self, expected):
        """The events that are here are these, the readable files follow, and a rebuild gives the same state."""
        assert self.stopped() == set()
        assert self.events() == expected
        root = str(self.tree.store)
        with self.tree.open() as journal:
            journal.reconcile()
            assert projections(root) == rendered(journal)
            with journal._engine.reading() as view:
                assert meaning(view) == meaning(fresh_view(root))
            report = journal.doctor()
        allowed = {"history-missing", "truth-missing"}
        assert [item for item in report.findings if item.severity == "error" and item.code not in allowed] == []
        event_ids(root)
