"""A small vocabulary for tests that drive real git repositories."""

import os
import subprocess

from journal.disk.files import OsFiles
from journal.git.commit import CommitResult, FileChange, commit_changes, stage_changes
from journal.git.repository import Repository
from tests.support.cuts import Cut, CutFiles

__all__ = ["Cut", "CutFiles", "Work"]


class Work:
    """A work tree under test."""

    def __init__(self, folder):
        self.folder = str(folder)

    def git(self, *arguments, data=None, check=True, environment=None):
        ended = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            input=data,
            capture_output=True,
            env={**os.environ, **(environment or {})},
        )
        if check and ended.returncode != 0:
            raise AssertionError(f"git {arguments}: {ended.stdout!r} {ended.stderr!r}")
        return ended.stdout.decode("utf-8", "surrogateescape")

    @property
    def repository(self):
        found = Repository.discover(self.folder)
        assert found is not None
        return found

    def path(self, name):
        return os.path.join(self.folder, *name.split("/"))

    def write(self, name, content):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(content)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def user_commits(self, name, content, message="theirs"):
        self.write(name, content)
        self.git("add", "--", name)
        self.git("commit", "-q", "-m", message)

    def changes(self, contents):
        """Put the contents on the disk too, as the store does, and return them as changes."""
        for name, content in contents.items():
            if content is not None:
                self.write(name, content)
            elif os.path.lexists(self.path(name)):
                os.unlink(self.path(name))
        return [FileChange(name, content) for name, content in contents.items()]

    def commit(self, contents, message="ours", files=None, **options) -> CommitResult | None:
        changes = self.changes(contents)
        return commit_changes(self.repository, changes, message, files=files or OsFiles(), **options)

    def stage(self, contents, files=None, **options):
        return stage_changes(self.repository, self.changes(contents), files=files or OsFiles(), **options)

    def status(self):
        return self.git("status", "--porcelain")

    def head_files(self, commit="HEAD"):
        listed = self.git("ls-tree", "-r", "--name-only", "-z", commit)
        return set(listed.split("\0")) - {""}

    def touched_by(self, commit="HEAD"):
        return set(self.git("show", "--format=", "--name-only", "--no-renames", commit).split())

    def assert_sound(self, *, objects_left=False):
        """What must hold after every commit of ours; after a kill, passing objects may be left to gc."""
        said = self.git("fsck", "--full", "--strict", "--no-dangling")
        assert said == "", said
        leftovers = [
            os.path.join(folder, name)
            for folder, _, names in os.walk(self.repository.common_dir)
            for name in names
            if name.endswith((".lock", ".journal-tmp")) or (not objects_left and name.startswith("tmp_obj_"))
        ]
        assert not leftovers, leftovers
