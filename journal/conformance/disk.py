"""What the files, the clock and the chance of a backend have to do."""

import os
import re
import time

import pytest

from journal import UnsafePathError
from journal.conformance.at_once import AtOnceConformance
from journal.disk.backend import Backend

_REFUSED = (IsADirectoryError, PermissionError)
"""What systems say to a folder where a file has to be."""
_NAMES = (".gitignore", "PROJ-12~f.json", "%c3%bc.json", "0" * 12 + "-k3f9x2a7b4c5d.jsonl", "x" * 255)
"""Names as the journal gives them."""


class DiskConformance(AtOnceConformance):
    """The tests of a backend below the journal: ``Files`` and ``Lock`` as their protocols say."""

    @pytest.fixture
    def another(self, backend: Backend) -> Backend:
        """Return a backend on what ``backend`` is on, as another process makes it; here it is the same one."""
        return backend

    @pytest.fixture
    def folder(self, backend: Backend, root: str) -> str:
        """Return an empty folder."""
        parent = os.path.dirname(root)
        if backend.files.stat(parent) is None:
            backend.files.make_folder(parent)
        path = os.path.join(parent, "plain")
        backend.files.make_folder(path)
        return path

    def test_a_file_is_made_once_and_holds_its_bytes(self, backend: Backend, folder: str) -> None:
        """``create`` refuses a name that is taken, and nothing changes then."""
        files, path = backend.files, os.path.join(folder, "a")
        assert files.stat(path) is None
        files.create(path, b"\0one")
        with pytest.raises(FileExistsError):
            files.create(path, b"two")
        with pytest.raises(FileExistsError):
            files.open_append(path, create=True)
        assert files.read(path) == b"\0one"
        assert (files.read_at(path, 1, 2), files.read_at(path, 3, 99), files.read_at(path, 9, 1)) == (b"on", b"e", b"")
        found = files.stat(path)
        assert found is not None
        assert (found.kind, found.size) == ("file", 4)

    def test_what_is_not_there_is_told(self, backend: Backend, folder: str) -> None:
        """Reading raises; listing and removing do not."""
        files, path = backend.files, os.path.join(folder, "a")
        for call in (files.read, lambda path: files.read_at(path, 0, 1), files.sync):
            with pytest.raises(FileNotFoundError):
                call(path)
        with pytest.raises(FileNotFoundError):
            files.open_append(path, create=False)
        with pytest.raises(FileNotFoundError):
            files.create(os.path.join(folder, "no", "a"), b"")
        with pytest.raises(FileNotFoundError):
            files.replace(path, os.path.join(folder, "b"))
        assert files.list(os.path.join(folder, "no")) == []
        files.remove(path)
        files.remove_folder(path)

    def test_what_is_of_the_wrong_kind_is_refused(self, backend: Backend, folder: str) -> None:
        """A folder is no file, a file is no folder, and nothing is made on the way to a path."""
        files, path, inner = backend.files, os.path.join(folder, "a"), os.path.join(folder, "inner")
        files.create(path, b"1")
        files.make_folder(inner)
        for call in (files.read, files.remove, lambda path: files.open_append(path, create=False)):
            with pytest.raises(_REFUSED):
                call(inner)
        with pytest.raises(FileExistsError):
            files.create(inner, b"")
        with pytest.raises(UnsafePathError):
            files.make_folder(path)
        with pytest.raises(FileNotFoundError):
            files.make_folder(os.path.join(folder, "no", "inner"))
        assert files.list(path) == []
        assert files.stat(os.path.join(path, "x")) is None
        with pytest.raises(_REFUSED):
            files.replace(path, inner)
        with pytest.raises(FileNotFoundError):
            files.replace(path, os.path.join(folder, "no", "a"))
        assert files.read(path) == b"1"
        assert sorted(name for name, _ in files.list(folder)) == ["a", "inner"]

    def test_names_come_back_as_they_were_given(self, backend: Backend, folder: str) -> None:
        """Those that begin with a dot and long ones too."""
        for name in _NAMES:
            backend.files.create(os.path.join(folder, name), name.encode())
        assert sorted(name for name, _ in backend.files.list(folder)) == sorted(_NAMES)
        assert all(backend.files.read(os.path.join(folder, name)) == name.encode() for name in _NAMES)

    def test_what_one_has_written_another_reads(self, backend: Backend, another: Backend, folder: str) -> None:
        """It is the same file to both, and each sees what the other appends and replaces."""
        path, other = os.path.join(folder, "a"), os.path.join(folder, "b")
        backend.files.create(path, b"one")
        assert another.files.stat(path) == backend.files.stat(path)
        opened = another.files.open_append(path, create=False)
        opened.write(b"two")
        opened.sync()
        assert backend.files.read(path) == b"onetwo"
        assert opened.stat() == backend.files.stat(path)
        opened.close()
        another.files.create(other, b"3")
        another.files.replace(other, path)
        assert backend.files.read(path) == b"3"
        assert backend.files.stat(other) is None

    def test_the_files_are_in_the_file_system_or_not_as_is_said(self, backend: Backend, folder: str) -> None:
        """Git is only asked about those that are."""
        path = os.path.join(folder, "a")
        backend.files.create(path, b"")
        assert os.path.exists(path) is backend.is_on_disk

    def test_a_file_grows_at_its_end_and_stays_the_same_file(self, backend: Backend, folder: str) -> None:
        """Its inode stays, its size and times tell of the change, and an open one outlives its name."""
        files, path = backend.files, os.path.join(folder, "a")
        opened = files.open_append(path, create=True)
        first = opened.stat()
        opened.write(b"one")
        opened.write(b"two")
        opened.sync()
        found = files.stat(path)
        assert found is not None
        assert (found.inode, found.size, files.read(path)) == (first.inode, 6, b"onetwo")
        assert found == opened.stat()
        again = files.open_append(path, create=False)
        again.write(b"3")
        again.close()
        assert opened.read_at(0, 99) == b"onetwo3"
        other = os.path.join(folder, "b")
        files.create(other, b"new")
        files.replace(other, path)
        opened.write(b"!")
        assert (opened.read_at(0, 99), files.read(path)) == (b"onetwo3!", b"new")
        opened.close()
        opened = files.open_append(path, create=False)
        files.remove(path)
        assert opened.read_at(0, 99) == b"new"
        opened.close()
        opened.close()

    def test_replacing_is_one_step_to_another_file(self, backend: Backend, folder: str) -> None:
        """The old name is gone, the new one has the other's bytes and inode."""
        files, one, other = backend.files, os.path.join(folder, "a"), os.path.join(folder, "b")
        files.create(one, b"1")
        files.create(other, b"22")
        before, moved = files.stat(one), files.stat(other)
        files.replace(other, one)
        after = files.stat(one)
        assert before is not None
        assert moved is not None
        assert after is not None
        assert files.read(one) == b"22"
        assert files.stat(other) is None
        assert after.inode == moved.inode != before.inode
        files.create(other, b"33")
        files.replace(other, one)
        assert (files.read(one), files.read_at(one, 0, 9)) == (b"33", b"33")

    def test_overwriting_keeps_the_rest(self, backend: Backend, folder: str) -> None:
        """It makes the file where it is missing, and shortens none."""
        files, path = backend.files, os.path.join(folder, "a")
        files.overwrite(path, b"12345")
        assert files.read(path) == b"12345"
        files.overwrite(path, b"ab")
        assert (files.read(path), files.read_at(path, 0, 9)) == (b"ab345", b"ab345")

    def test_long_bytes_come_back_whole(self, backend: Backend, folder: str) -> None:
        """Written in one call and read in one."""
        files, path, other = backend.files, os.path.join(folder, "a"), os.path.join(folder, "b")
        data = os.urandom(1 << 20) * 5
        files.create(path, data)
        opened = files.open_append(other, create=True)
        opened.write(data)
        assert opened.read_at(1, len(data)) == data[1:]
        opened.close()
        for made in (path, other):
            assert files.read(made) == files.read_at(made, 0, len(data)) == data

    def test_folders_are_listed_and_removed_when_empty(self, backend: Backend, folder: str) -> None:
        """A folder's stat changes when a name comes or goes, also by ``replace``."""
        files, inner = backend.files, os.path.join(folder, "inner")
        assert files.make_folder(inner) is True
        assert files.make_folder(inner) is False
        stats = [files.stat(inner)]
        files.create(os.path.join(inner, "a"), b"1")
        stats.append(files.stat(inner))
        files.sync_folder(inner)
        assert [(name, stat.kind, stat.size) for name, stat in files.list(inner)] == [("a", "file", 1)]
        assert [name for name, stat in files.list(folder) if stat.kind == "folder"] == ["inner"]
        files.remove_folder(inner)
        assert files.stat(inner) is not None
        other = os.path.join(folder, "b")
        files.create(other, b"22")
        files.replace(other, os.path.join(inner, "b"))
        stats.append(files.stat(inner))
        files.remove(os.path.join(inner, "a"))
        files.remove(os.path.join(inner, "b"))
        stats.append(files.stat(inner))
        assert all(stat is not None and stat.kind == "folder" for stat in stats)
        assert stats[0] != stats[1] != stats[2] != stats[3]
        files.remove_folder(inner)
        assert files.stat(inner) is None

    def test_a_folder_lists_what_is_in_it_as_stat_tells_it(self, backend: Backend, folder: str) -> None:
        """Neither what is below, nor what is in folders whose names begin alike."""
        files = backend.files
        for name in ("in", "inner", os.path.join("in", "deep")):
            files.make_folder(os.path.join(folder, name))
        for name in ("a", os.path.join("in", "b"), os.path.join("inner", "c"), os.path.join("in", "deep", "d")):
            files.create(os.path.join(folder, name), name.encode())
        for listed, names in ((folder, ["a", "in", "inner"]), (os.path.join(folder, "in"), ["b", "deep"])):
            found = sorted(files.list(listed))
            assert [name for name, _ in found] == names
            assert all(stat == files.stat(os.path.join(listed, name)) for name, stat in found)

    def test_a_name_in_place_of_another_changes_the_folder(self, backend: Backend, folder: str) -> None:
        """As many are in it as before. Clocks of file systems tick every few milliseconds."""
        files, names = backend.files, [os.path.join(folder, "a"), os.path.join(folder, "b")]
        files.create(names[0], b"1")
        before, changes = files.stat(folder), 0
        for _ in range(10):
            time.sleep(0.01)
            files.replace(*names)
            names.reverse()
            changes += files.stat(folder) != before
            before = files.stat(folder)
        assert changes > 3

    def test_chance_and_names_do_not_repeat(self, backend: Backend) -> None:
        """Ids are made of them, and every line names its writer."""
        assert len({backend.random(8) for _ in range(100)}) == 100
        assert [len(backend.random(count)) for count in (0, 1, 16)] == [0, 1, 16]
        writers = [backend.writer() for _ in range(10)]
        assert len(set(writers)) == 10
        assert all(re.fullmatch("[!-~]{1,100}", writer) for writer in writers)

    def test_time_goes_on(self, backend: Backend) -> None:
        """At least the clock that nobody sets does."""
        ups = [backend.clock.uptime() for _ in range(10)]
        assert ups == sorted(ups)
        assert backend.clock.now() > 0
        assert backend.clock.boot() == backend.clock.boot()
