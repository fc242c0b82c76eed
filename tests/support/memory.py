"""Folders in memory, where the system has such: a commit of a store syncs a dozen files."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def folder_in_memory() -> Iterator[Path]:
    """Make a folder, and remove it with all in it at the end."""
    folder = tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder)
