"""Bytes that git LFS carries go to its server before the commits that name them, also where git LFS has no hook here.

It makes its own pre-push hook only where there is none yet, so where ours came first a push would leave them behind.
"""

import contextlib
import os
from collections.abc import Sequence

from journal.errors import NotFoundError
from journal.git.configuration import read_configuration
from journal.git.hook_files import BEFORE, LEGACY, PUSHED, hooks_folder
from journal.git.revisions import find_commit
from journal.store.engine import Engine
from journal.upkeep.exchange.lfs_bytes import LfsExchange
from journal.upkeep.place import Place, place_of

from .pushing import pairs

_NAME = "pre-push"
_MENTION = b"lfs pre-push"


def carry(engine: Engine, arguments: Sequence[str], pushed: str) -> None:
    """Upload the bytes that a push names, if nobody else does. Raises GitError, OfflineError.

    ``arguments`` and ``pushed`` are what git gives to pre-push; the first argument names the remote.
    """
    place = place_of(engine)
    if not arguments or not pushed.strip() or os.environ.get(PUSHED) or _has_own_hook(place):
        return
    exchange = LfsExchange(engine, place, place.repository, arguments[0])
    for old, new in pairs(place, pushed):
        with contextlib.suppress(NotFoundError):  # a tag may be of something else
            exchange.push(find_commit(place.repository, new), old)


def _has_own_hook(place: Place) -> bool:
    """Tell whether a hook that git runs, also one that ours runs, seems to be git LFS's."""
    folder = hooks_folder(place.repository, read_configuration(place.repository)).path
    for name in (_NAME, _NAME + BEFORE, _NAME + LEGACY):
        try:
            with open(os.path.join(folder, name), "rb") as file:
                if _MENTION in file.read(1 << 16):
                    return True
        except OSError:
            continue
    return False
