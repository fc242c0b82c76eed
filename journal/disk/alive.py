"""Signs of life: a file lock that a process holds for as long as it lives, so that others can tell when it has died.

The system drops the lock with the process, so a killed one is known at once, without process ids (they are given again)
and without waiting. A forked child has no part in its parent's. A sign has a name that is given once; its file may be
removed once its owner is gone. To make a sign and to look at one a caller holds one and the same lock of its own, so
that a look never meets a sign that is being made.
"""

import contextlib
import os
import weakref

from journal.disk.lock import open_lock_file, try_lock
from journal.errors import NotAppliedError, UnsafePathError


class LifeSign:
    """Held from its making until ``close``, until nobody has it any more, or until the process ends.

    ``path`` must be a new name.
    """

    def __init__(self, path: str) -> None:
        self.path, self._descriptor = path, -1
        self._pid = os.getpid()
        _signs.add(self)
        self._descriptor = open_lock_file(path)
        if not try_lock(self._descriptor, path):
            os.close(self._descriptor)
            self._descriptor = -1
            raise NotAppliedError("this sign of life is another's", path=path)

    def close(self) -> None:
        """Take the sign back. In a forked child only the child's copy goes. Closing twice is harmless."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return
        if self._pid == os.getpid():
            with contextlib.suppress(OSError):
                os.unlink(self.path)  # before the lock is dropped: nobody else removes a sign that is held
        os.close(descriptor)

    def __del__(self) -> None:
        self.close()


_signs: "weakref.WeakSet[LifeSign]" = weakref.WeakSet()


def _forget_in_child() -> None:
    for sign in list(_signs):
        sign.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)


def is_alive(path: str) -> bool:
    """Tell whether the owner of a sign lives. The sign of a dead one is removed.

    Where the file system cannot say, the owner counts as alive.
    """
    if not os.path.lexists(path):
        return False
    try:
        descriptor = open_lock_file(path)
    except (NotAppliedError, UnsafePathError):
        return True
    try:
        if not try_lock(descriptor, path):
            return True
        with contextlib.suppress(OSError):
            os.unlink(path)
    except NotAppliedError:
        return True
    finally:
        os.close(descriptor)
    return False
