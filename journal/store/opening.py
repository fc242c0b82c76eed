"""``local/opening``: a note that names the segment that is being begun. It is written before that file is there.

The segment's writer syncs it while it holds the lock, and acknowledges nothing before that. Anybody else who meets the
file until then syncs it before showing anything of it. Where that sync fails nobody may count what the file holds: it
may be in memory only, and go with it. So the segment is noted as *lost*. Readers pass it over, its writer, which finds
the note, fails, and whoever holds the lock next removes the file and begins a new lane, since git may have seen its
ids. Where the note cannot be written it is done without, and the file is shown.

===================================  ==================================================================
killed or cut                        what is there
===================================  ==================================================================
the note, no file yet                nothing new
a file that is not synced            no acknowledgement; the next who meets it syncs it, or finds it lost
noted as lost                        passed over; after a power cut it is zeros, or events of unknown fate
===================================  ==================================================================
"""

import contextlib
import os
from typing import NamedTuple

from journal.disk.files import Files
from journal.segments.folders import SEGMENTS
from journal.store.home import LANE_FILE, OPENING_FILE

_BYTES = 64
_LOST = " lost"


class Opening(NamedTuple):
    """What the note says: of which segment, and whether that is lost."""

    segment: str
    is_lost: bool


def read_opening(files: Files, local: str) -> Opening | None:
    """Return what the note says; None where there is none."""
    try:
        text = files.read_at(os.path.join(local, OPENING_FILE), 0, _BYTES).decode("ascii", "replace").rstrip()
    except OSError:
        return None
    return Opening(text.removesuffix(_LOST), text.endswith(_LOST))


def announce(files: Files, local: str, segment: str) -> None:
    """Note which segment is about to be begun."""
    with contextlib.suppress(OSError):
        _write(files, local, segment)


def note_lost(files: Files, local: str, segment: str) -> bool:
    """Note that a segment could not be made durable; False where that is not to be noted, or concerns it no more."""
    if read_opening(files, local) != (segment, False):
        return False
    try:
        _write(files, local, segment + _LOST)
    except OSError:
        return False
    return True


def remove_lost(files: Files, root: str, local: str, segment: str) -> None:
    """Under the lock: remove a segment that was begun and is lost, and let a new lane be begun.

    Where it is gone, somebody who held the lock before has done so.
    """
    path = os.path.join(root, SEGMENTS, segment)
    if files.stat(path) is None:
        return
    files.remove(os.path.join(local, LANE_FILE))
    files.remove(path)
    files.sync_folder(os.path.join(root, SEGMENTS))


def _write(files: Files, local: str, text: str) -> None:
    files.overwrite(os.path.join(local, OPENING_FILE), text.encode().ljust(_BYTES))
