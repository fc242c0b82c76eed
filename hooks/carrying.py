"""Bytes that git LFS carries go to its server before the commits that name them, also where git LFS has no hook here.

It makes its own pre-push hook only where there is none yet, so where ours came first a push would leave them behind.
"""

import contextlib
import os
from collections.abc import Sequence

from journal.errors import NotFoundError
from journal.git.configuration import read_configuration
from journal.git.hook_files import PUSHED
from journal.git.lfs_hook import has_lfs_hook
from journal.git.revisions import find_commit
from journal.store.engine import Engine
from journal.upkeep.exchange.lfs_bytes import LfsExchange
from journal.upkeep.place import place_of

from .pushing import pairs


def carry(engine: Engine, arguments: Sequence[str], pushed: str) -> None:
    """Upload the bytes that a push names, if nobody else does. Raises GitError, OfflineError.

    ``arguments`` and ``pushed`` are what git gives to pre-push; the first argument names the remote.
    """
    place = place_of(engine)
    if not arguments or not pushed.strip() or os.environ.get(PUSHED):
        return
    if has_lfs_hook(place.repository, read_configuration(place.repository)):
        return
    exchange = LfsExchange(engine, place, place.repository, arguments[0])
    for old, new in pairs(place, pushed):
        with contextlib.suppress(NotFoundError):  # a tag may be of something else
            exchange.push(find_commit(place.repository, new), old)
