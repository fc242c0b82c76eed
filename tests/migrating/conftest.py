"""Fixtures of the tests of migrations: git takes its identity from here, and no setting from the machine."""

import json
import os

import pytest

from journal import Journal
from tests.support.worktree import WorkTree


@pytest.fixture(autouse=True)
def _own_git_settings(monkeypatch, new_home):
    (new_home / "config").write_text("[user]\n\tname = Ana\n\temail = ana@example.org\n")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(new_home / "config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def tree(tmp_path):
    return WorkTree(tmp_path / "work")


class Place:
    """A folder with a source in it and a store beside it."""

    def __init__(self, folder):
        self.folder = folder
        self.source = folder / "source"
        self.source.mkdir()
        (folder / "store").mkdir()
        Journal.init(folder / "store")

    def open(self, **options):
        return Journal.open(self.folder / "store", actor="ana", durability="os", **options)

    def write(self, **documents):
        """Write documents: ``a__b`` is ``a/b.json``."""
        for name, document in documents.items():
            self.put(f"{name.replace('__', '/')}.json", json.dumps(document))

    def put(self, path, text):
        full = self.source / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(text if isinstance(text, bytes) else text.encode())
        return full

    def migrate(self, *patterns, rules=None, **wishes):
        from journal import Rules

        with self.open() as journal:
            return journal.migrate_folder(
                patterns or ["{type}/{id}.json"], base=self.source, rules=rules or Rules(), **wishes
            )

    def entities(self):
        with self.open() as journal:
            return {(entity.type, entity.id): entity.data for entity in journal.list()}

    def events(self):
        with self.open() as journal:
            return [event for event in journal.log(reverse=True) if event.kind == "entity"]


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)
