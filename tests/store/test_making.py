"""Of several who make one store at once, one gives it its id; and what is wrong with it is told before it is made."""

import contextlib
import os
import subprocess
import sys

import pytest

from journal import Journal, RefusedError
from journal.disk.files import OsFiles
from journal.store.config import new_config, read_config
from journal.store.layout import make_store


def test_who_comes_second_changes_nothing_and_is_told_so(tmp_path):
    files, root = OsFiles(), str(tmp_path / ".journal")
    first, second = new_config(b"1" * 16), new_config(b"2" * 16)

    @contextlib.contextmanager
    def while_another_is_faster(local):
        assert os.path.isdir(local)
        assert make_store(files, root, first)
        yield

    assert make_store(files, root, second, while_another_is_faster) is False
    assert (tmp_path / ".journal" / "journal.toml").read_bytes() == first
    assert read_config(files, root).store
    assert make_store(files, root, second) is False


def test_several_processes_make_one_store(tmp_path):
    code = "import sys; from journal import Journal; print(Journal.init(sys.argv[1])[1])"
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert sorted(process.communicate()[0].strip() for process in started) == ["False", "False", "False", "True"]


@pytest.mark.parametrize("type", ["", "a\nb", "a\0b", "$x", "x" * 101])
def test_a_type_that_cannot_be_makes_no_store(tmp_path, type):
    with pytest.raises(RefusedError):
        Journal.init(tmp_path, fanout=[type])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("type", ['a"b', "a\\b", "a.b", "é"])
def test_a_type_with_a_quote_or_named_twice_makes_a_store_that_can_be_read(tmp_path, type):
    Journal.init(tmp_path, fanout=[type, type])
    with Journal.open(tmp_path) as journal:
        journal.put(type, "x", {})
    (folder,) = os.listdir(tmp_path / ".journal" / "entities")
    (spread,) = os.listdir(tmp_path / ".journal" / "entities" / folder)
    assert len(spread) == 2


def test_a_file_is_no_place_for_a_store(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RefusedError, match="is a file"):
        Journal.init(tmp_path / "file")
