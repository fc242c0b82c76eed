"""Goal: files and memory pass one suite, anybody's backend can, and one that is broken does not."""

import contextlib
import copy
import inspect
import os
import subprocess
import sys
import textwrap
import threading
import time
import tomllib
from pathlib import Path

import pytest

from journal import LockTimeoutError
from journal.conformance.disk import DiskConformance
from journal.conformance.suite import BackendConformance
from journal.disk.backend import FileBackend
from journal.disk.memory import MemoryBackend, MemoryFiles, MemoryLock

ROOT = Path(__file__).resolve().parents[2]


class TestFiles(BackendConformance):
    @pytest.fixture
    def backend(self):
        return FileBackend()

    @pytest.fixture
    def another(self):
        return FileBackend()

    @pytest.fixture
    def root(self, tmp_path):
        return str(tmp_path / ".journal")


class TestMemory(BackendConformance):
    @pytest.fixture
    def backend(self):
        return MemoryBackend()


class TestMemoryWithASeed(BackendConformance):
    @pytest.fixture
    def backend(self):
        return MemoryBackend(seed=7)


# -- a backend that is broken fails -----------------------------------------------------------------


def failures(make, room=BackendConformance):
    """Run every test of the suite on a backend, and return the names of those that fail."""
    suite, found = room(), []
    for name, test in inspect.getmembers(suite, inspect.ismethod):
        if not name.startswith("test_"):
            continue
        backend, root = make(), os.path.join(os.sep, "journal", ".journal")
        another = backend.twin() if hasattr(backend, "twin") else backend
        given = {"backend": backend, "another": another, "root": root}
        wanted = inspect.signature(test).parameters
        try:
            if "folder" in wanted:
                given["folder"] = DISK_FOLDER(suite, backend, root)
            test(**{name: given[name] for name in wanted})
        except BaseException:  # what a test raises where it fails, pytest's own kinds too
            found.append(name)
    return found


def DISK_FOLDER(suite, backend, root):
    parent = os.path.dirname(root)
    backend.files.make_folder(parent)
    backend.files.make_folder(os.path.join(parent, "plain"))
    return os.path.join(parent, "plain")


class Broken(MemoryBackend):
    """A backend whose files are of another kind."""

    files_made_by = MemoryFiles

    def __init__(self):
        super().__init__()
        self.files = self.files_made_by()


class ReplacesByCopying(MemoryFiles):
    def replace(self, source, target):
        data = self.read(source)
        self.remove(target)
        self.create(target, data)
        self.remove(source)


class ForgetsWhatIsAppended(MemoryFiles):
    def _write(self, node, offset, data):
        super()._write(node, offset, data[:-1] if offset else data)


class ListsNothingNew(MemoryFiles):
    def list(self, folder):
        return super().list(folder)[:1]


class MakesOverWhatIsThere(MemoryFiles):
    def create(self, path, data):
        self.remove(path)
        super().create(path, data)


class NeverTellsThatAFolderChanged(MemoryFiles):
    def stat(self, path):
        found = super().stat(path)
        is_folder = found is not None and found.kind == "folder"
        return found._replace(mtime_ns=1, ctime_ns=1) if is_folder else found


class RenamesUnseen(MemoryFiles):
    """The folder that a file is moved into looks as before."""

    def replace(self, source, target):
        folder = self._find(os.path.dirname(target))
        before = folder and (folder.modified_ns, folder.changed_ns)
        super().replace(source, target)
        folder.modified_ns, folder.changed_ns = before


class TakesFoldersForFiles(MemoryFiles):
    def _file(self, path):
        node = self._find(path)
        return node if node is not None else super()._file(path)


class TakesFilesForFolders(MemoryFiles):
    def make_folder(self, path):
        return self._find(path) is None and super().make_folder(path)


class LosesWhatIsMovedNowhere(MemoryFiles):
    def replace(self, source, target):
        if self._find(os.path.dirname(target)) is None:
            self.remove(source)
        super().replace(source, target)


class HidesWhatBeginsWithADot(MemoryFiles):
    def list(self, folder):
        return [(name, stat) for name, stat in super().list(folder) if not name.startswith(".")]


class LocksNobodyOut(MemoryLock):
    def __init__(self, backend, path, shared):
        super().__init__(backend, path, type(shared)())


class WithoutALock(MemoryBackend):
    def lock(self, path):
        return LocksNobodyOut(self, path, threading.Lock())


class WithOneLock(MemoryBackend):
    """Whatever is locked, all is."""

    def lock(self, path):
        return MemoryLock(self, path, self._locks.setdefault("", threading.Lock()))


class NamesWritersOddly(MemoryBackend):
    def writer(self):
        return super().writer() + "\n"


class SaysThatItIsOnDisk(MemoryBackend):
    is_on_disk = True


class WithoutChance(MemoryBackend):
    def random(self, count):
        return bytes(count)


class RemovesBeforeItReplaces(MemoryFiles):
    def replace(self, source, target):
        self.read(source)
        if self._find(os.path.dirname(target)) is not None:
            self.remove(target)
            time.sleep(0.0005)
        super().replace(source, target)


class LooksBeforeItMakes(MemoryFiles):
    """As if nobody else could make the same file meanwhile."""

    def create(self, path, data):
        is_taken = self._find(path) is not None
        time.sleep(0.0005)
        if not is_taken:
            self.remove(path)
        super().create(path, data)


class ListsByTheBeginning(MemoryFiles):
    """As who keeps files under keys may do."""

    def list(self, folder):
        parent = os.path.dirname(folder)
        alike = [name for name, stat in super().list(parent) if stat.kind == "folder" and name != ""]
        begun = [name for name in alike if name.startswith(os.path.basename(folder))]
        return [item for name in begun for item in super(ListsByTheBeginning, self).list(os.path.join(parent, name))]


class CountsNamesOnly(MemoryFiles):
    """The folder's stat tells how many are in it."""

    def stat(self, path):
        node, found = self._find(path), super().stat(path)
        is_folder = found is not None and found.kind == "folder"
        return found._replace(size=len(node.children), mtime_ns=1, ctime_ns=1) if is_folder else found


class ListsWithoutInodes(MemoryFiles):
    def list(self, folder):
        return [(name, stat._replace(inode=0)) for name, stat in super().list(folder)]


class RemembersWhatItRead(MemoryFiles):
    """For as long as the size is the same."""

    def __init__(self):
        super().__init__()
        self.known = {}

    def read(self, path):
        data = super().read(path)
        return self.known.setdefault((path, len(data)), data)


class ReadsAPiece(MemoryFiles):
    def read_at(self, path, offset, length):
        return super().read_at(path, offset, min(length, 1 << 20))


class EmptiesWhatIsRemoved(MemoryFiles):
    def remove(self, path):
        node = self._find(path)
        super().remove(path)
        if node is not None:
            node.data.clear()


class CutsNames(MemoryFiles):
    def _find(self, path):
        return super()._find("/".join(name[:240] for name in path.split("/")))

    def _parent(self, path):
        return super()._parent("/".join(name[:240] for name in path.split("/")))


class KeepsNotesShort(MemoryFiles):
    def open_note(self, path):
        note = super().open_note(path)
        read = note.read
        note.read = lambda: read()[:512]
        return note


class WithLocksOfOneName(MemoryBackend):
    """Whatever folder they are in."""

    def lock(self, path):
        return MemoryLock(self, path, self._locks.setdefault(os.path.basename(path), threading.Lock()))


class StaysLocked(MemoryLock):
    """Where there is no folder for its file."""

    def acquire(self, timeout_seconds):
        if self._shared.locked():
            raise LockTimeoutError("it is held", path=self._path)
        try:
            super().acquire(timeout_seconds)
        except FileNotFoundError:
            self._shared.acquire()
            raise


class WithALockThatStays(MemoryBackend):
    def lock(self, path):
        return StaysLocked(self, path, self._locks.setdefault(path, threading.Lock()))


class KeepsNotesForItself(MemoryBackend):
    """Another process may have a note alone at the same time."""

    def twin(self):
        other = copy.copy(self)
        other.files = copy.copy(self.files)
        open_note = self.files.open_note

        def open_alone(path):
            note = open_note(path)
            note.alone = lambda timeout_seconds: contextlib.nullcontext(enter_result=True)
            return note

        other.files.open_note = open_alone
        return other


def broken(files):
    return type("BrokenBackend", (Broken,), {"files_made_by": files})


BROKEN = {
    "replaces by copying": broken(ReplacesByCopying),
    "forgets what is appended": broken(ForgetsWhatIsAppended),
    "lists nothing new": broken(ListsNothingNew),
    "makes over what is there": broken(MakesOverWhatIsThere),
    "never tells that a folder changed": broken(NeverTellsThatAFolderChanged),
    "renames unseen": broken(RenamesUnseen),
    "takes folders for files": broken(TakesFoldersForFiles),
    "takes files for folders": broken(TakesFilesForFolders),
    "loses what is moved nowhere": broken(LosesWhatIsMovedNowhere),
    "hides what begins with a dot": broken(HidesWhatBeginsWithADot),
    "locks nobody out": WithoutALock,
    "has one lock for all": WithOneLock,
    "names writers oddly": NamesWritersOddly,
    "says that it is on disk": SaysThatItIsOnDisk,
    "removes before it replaces": broken(RemovesBeforeItReplaces),
    "looks before it makes": broken(LooksBeforeItMakes),
    "lists by the beginning": broken(ListsByTheBeginning),
    "counts names only": broken(CountsNamesOnly),
    "lists without inodes": broken(ListsWithoutInodes),
    "remembers what it read": broken(RemembersWhatItRead),
    "reads a piece": broken(ReadsAPiece),
    "empties what is removed": broken(EmptiesWhatIsRemoved),
    "cuts names": broken(CutsNames),
    "keeps notes short": broken(KeepsNotesShort),
    "keeps notes for itself": KeepsNotesForItself,
    "has locks of one name": WithLocksOfOneName,
    "has a lock that stays": WithALockThatStays,
    "has no chance": WithoutChance,
}


def test_what_is_not_broken_fails_nothing():
    assert failures(MemoryBackend) == []


@pytest.mark.parametrize("how", BROKEN)
def test_a_backend_that_is_broken_fails(how):
    assert failures(BROKEN[how], DiskConformance) or failures(BROKEN[how])


# -- as a third party uses it -----------------------------------------------------------------------

THEIRS = """
import pytest
from journal.conformance.suite import BackendConformance
from journal.disk.memory import MemoryBackend

class TestTheirs(BackendConformance):
    @pytest.fixture
    def backend(self):
        return MemoryBackend()
"""


PYTEST = os.path.join(os.path.dirname(sys.executable), "pytest")
"""The program, which puts no folder on the path; ``python -m`` puts the current one there."""


def run_pytest(folder, *words, program=(sys.executable, "-m", "pytest")):
    command = [*program, "-q", "-p", "no:cacheprovider", *words]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_a_third_party_inherits_the_suite_or_names_its_backend(tmp_path):
    (tmp_path / "test_theirs.py").write_text(THEIRS, encoding="utf-8")
    inherited = run_pytest(tmp_path, "test_theirs.py")
    count = sum(name.startswith("test_") for name in dir(BackendConformance))
    assert f"{count} passed" in inherited.stdout, inherited.stdout
    option = "--journal-backend=journal.disk.memory:MemoryBackend"
    named = run_pytest(tmp_path, "-p", "journal.conformance.plugin", "--pyargs", "journal.conformance.given", option)
    assert f"{count} passed" in named.stdout, named.stdout + named.stderr


def test_a_backend_is_found_in_the_folder_that_the_run_is_started_in(tmp_path):
    (tmp_path / "theirs.py").write_text("from journal.disk.memory import MemoryBackend as Mine\n", encoding="utf-8")
    words = ["-p", "journal.conformance.plugin", "--pyargs", "journal.conformance.given", "-k", "chance"]
    ended = run_pytest(tmp_path, *words, "--journal-backend=theirs:Mine", program=[PYTEST])
    assert "1 passed" in ended.stdout, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("nothing.here:Backend", "No module named 'nothing'"),
        ("journal.disk.memory:Nothing", "no attribute 'Nothing'"),
        ("journal.disk.memory", "write MODULE:FACTORY"),
        (None, "name a backend"),
    ],
)
def test_a_backend_that_cannot_be_found_is_told_once(tmp_path, named, why):
    option = [] if named is None else [f"--journal-backend={named}"]
    ended = run_pytest(tmp_path, "-p", "journal.conformance.plugin", "--pyargs", "journal.conformance.given", *option)
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    said = ended.stdout + ended.stderr
    assert why in said, said
    assert len(said.splitlines()) < 8, said


def test_the_package_declares_the_plugin():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"journal-conformance": "journal.conformance.plugin"}


def test_the_plugin_loads_next_to_nothing_into_a_run_that_does_not_use_it(tmp_path):
    code = """\
        import sys
        import journal.conformance.plugin
        loaded = {name for name in sys.modules if name.startswith("journal.")}
        assert loaded == {"journal.conformance", "journal.conformance.plugin"}, loaded
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=tmp_path, check=True)
