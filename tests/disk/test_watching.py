"""Being told of changes: watchdog's own troubles are nobody's business, and a child's end is not its parent's."""

import os
import subprocess
import sys
import threading

import pytest

from journal.disk.watching import watch_folders


def test_what_watchdog_says_of_its_own_end_is_not_on_the_terminal_and_in_logs_all_the_same(tmp_path):
    pytest.importorskip("watchdog")
    code = (
        "import logging, sys; from journal.disk.watching import watch_folders; "
        "watch = watch_folders([sys.argv[1]], lambda: None); watch.close(); "
        "said = logging.getLogger('watchdog.observers.inotify'); said.error('inactive'); "
        "logging.basicConfig(stream=sys.stdout, format='%(message)s'); said.error('collected')"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("collected\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_that_closes_a_watch_leaves_its_parents(tmp_path):
    pytest.importorskip("watchdog")
    told = threading.Event()
    watch = watch_folders([str(tmp_path)], told.set)
    assert watch is not None
    child = os.fork()
    if child == 0:
        watch.close()
        os._exit(0)
    os.waitpid(child, 0)
    (tmp_path / "new").write_text("")
    assert told.wait(30)
    watch.close()
