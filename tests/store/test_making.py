"""Of several who make one store at once, one gives it its id."""

import contextlib
import os
import subprocess
import sys

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
