"""Temporary files in memory, where the system has such a disk and room on it: a commit syncs a dozen files."""

import os
import shutil
import tempfile

_FOLDER = "/dev/shm"
_NEEDED_BYTES = 1 << 30


def use_memory() -> None:
    """Let this process and those it starts make temporary files in memory, unless TMPDIR says where they belong."""
    if "TMPDIR" in os.environ or not os.access(_FOLDER, os.W_OK):
        return
    if shutil.disk_usage(_FOLDER).free >= _NEEDED_BYTES:
        os.environ["TMPDIR"] = _FOLDER
        tempfile.tempdir = None  # what was found before is asked for again
