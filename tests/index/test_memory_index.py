"""An index in memory is a private one."""

import subprocess
import sys

from journal.index.database import MEMORY, Index


def test_indexes_in_memory_share_no_row():
    """Each is a copy of one empty index."""
    first, second = Index(MEMORY), Index(MEMORY)
    with first.writing():
        first.set_meta("top", 7)
    third = Index(MEMORY)
    assert [index.meta("top") for index in (first, second, third)] == [7, None, None]
    for index in (first, second, third):
        index.close()


def test_what_is_called_at_exit_opens_one_too():
    code = """
import atexit
from journal.index.database import MEMORY, Index

atexit.register(lambda: print(Index(MEMORY).meta("nothing")))
Index(MEMORY).close()
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "None\n"
