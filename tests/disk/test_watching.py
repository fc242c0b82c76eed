"""Being told of changes: watchdog's own troubles are nobody's business."""

import subprocess
import sys

import pytest


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
