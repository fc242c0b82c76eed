"""Sync: exchange the checked-out branch with a remote until both have everything.

    commit what is not committed
    until it lands:
        fetch the remote's branch            and the bytes that git LFS has of its blobs
        move to it, or merge it              a compare-and-swap of our branch
        push                                 the bytes first; a compare-and-swap of the remote's
        else wait, longer each time and by chance, and try again

Crash argument: every step leaves a state from which the whole may run again. A commit stands or does not; what was
fetched is an object more; a merge is argued in ``joining.py``; a push has landed or has not, and the next run sees
which. Nothing of ours is first committed in a merge, which a rebase would drop.
"""

import contextlib
import os
import random
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from journal.errors import GitError
from journal.git.configuration import read_configuration
from journal.git.refs import Head
from journal.git.remote import BusyError, Upstream, upstream_of
from journal.git.repository import Repository
from journal.git.status import in_progress, read_head
from journal.git.transport import Transport
from journal.store.engine import Engine
from journal.upkeep.alone import alone
from journal.upkeep.commit import commit
from journal.upkeep.exchange.joining import ForeignError, head_on, join
from journal.upkeep.exchange.lfs_bytes import LfsExchange
from journal.upkeep.place import Place, place_of

TIMEOUT_SECONDS = 60.0
_LOCK_FILE = "sync.lock"
_PAUSE_GROWTH, _PAUSE_SECONDS_MAX = 1.5, 2.0


class SyncResult(NamedTuple):
    """What a sync did. ``commit``: where our branch and the remote's are now.

    ``committed``: the commit of what was not committed before, if there was any. ``attempts`` counts the pushes and
    what led to them, so 1 is a sync that nobody got in the way of. ``unfetched`` counts blobs whose bytes are with git
    LFS alone.
    """

    remote: str
    branch: str
    commit: str
    committed: str | None
    fetched: bool
    pushed: bool
    attempts: int
    unfetched: int = 0


def sync(engine: Engine, remote: str | None, *, timeout_seconds: float, verify: bool) -> SyncResult:
    """Exchange with a remote. Raises OfflineError, GitError; what was committed by then stays.

    Syncs of one work tree wait for each other: LockTimeoutError where another one takes longer than the timeout.
    """
    deadline = time.monotonic() + timeout_seconds
    place = place_of(engine)
    head = _head(place)
    upstream = upstream_of(read_configuration(place.repository), head.branch or "", remote, is_own=not place.prefix)
    with alone(engine, "sync", _LOCK_FILE, timeout_seconds):
        # The hooks of a repository are about its code, which a branch of the store's own has none of.
        verify = verify and bool(place.prefix)
        made = commit(engine, None, author=None, verify=verify)
        committed = made.commit if made is not None else None
        return _Exchange(engine, place, upstream, deadline, verify=verify).run(head.branch or "", committed)


def _head(place: Place) -> Head:
    doing = in_progress(place.repository)
    if doing is not None:
        raise GitError(
            f"git is in the middle of a {doing}",
            path=place.repository.work_tree,
            hint=f"finish the {doing} first (git status tells how); what is in the journal is safe meanwhile",
        )
    head = read_head(place.repository)
    if head.branch is None:
        raise GitError(
            "HEAD is detached: no branch is checked out, so there is none to exchange",
            path=place.repository.work_tree,
            hint="git switch BRANCH checks one out",
        )
    return head


class _Exchange:
    """One sync's rounds with the remote."""

    def __init__(self, engine: Engine, place: Place, upstream: Upstream, deadline: float, *, verify: bool) -> None:
        self._verify = verify
        # A remote may be a path that is relative to the work tree of the code, also for a store inside of that.
        around = None if place.prefix else Repository.discover(os.path.dirname(engine.root))
        self._transport = Transport(around or place.repository, upstream, engine.files, deadline)
        self._lfs = LfsExchange(engine, place, around or place.repository, upstream.remote)
        self._engine, self._place, self._upstream, self._deadline = engine, place, upstream, deadline

    def run(self, branch: str, committed: str | None) -> SyncResult:
        before = read_head(self._place.repository).commit
        attempts, fetched = 0, False
        while True:
            attempts += 1
            began = time.monotonic()
            try:
                theirs = self._transport.fetch()
                with self._unhurried():
                    self._lfs.fetch(theirs)
                ours = self._join(branch, theirs)
                fetched = fetched or (ours != before)
                if ours != theirs:
                    with self._unhurried():
                        self._lfs.push(ours, theirs)
                    self._transport.push(ours, theirs, verify=self._verify)
            except BusyError as error:
                self._pause(attempts, time.monotonic() - began, str(error))
                continue
            pushed, unfetched = ours != theirs, self._lfs.settle()
            return SyncResult(self._upstream.remote, branch, ours, committed, fetched, pushed, attempts, unfetched)

    @contextlib.contextmanager
    def _unhurried(self) -> Iterator[None]:
        """Let bytes take their time: it does not count as waiting for others."""
        began = time.monotonic()
        yield
        spent = time.monotonic() - began
        self._deadline += spent
        self._transport.wait_longer(spent)

    def _join(self, branch: str, theirs: str | None) -> str:
        what = str(self._upstream)
        if theirs is not None:
            try:
                return join(self._engine, theirs, branch=branch, what=what)
            except ForeignError:
                from journal.upkeep.exchange.pulling import pull

                has_bytes = not self._lfs.lacks
                return pull(
                    self._engine,
                    self._place,
                    theirs,
                    branch=branch,
                    what=what,
                    verify=self._verify,
                    has_bytes=has_bytes,
                )
        ours = head_on(self._place, branch).commit
        if ours is None:
            raise GitError("there is nothing to exchange yet", path=self._engine.root)
        return ours

    def _pause(self, attempts: int, spent: float, why: str) -> None:
        pause = pause_seconds(attempts, spent, random.random)
        if time.monotonic() + pause > self._deadline:
            raise GitError(
                f"others were faster at {attempts} attempts: {why}",
                path=self._place.repository.work_tree,
                hint="nothing is lost: all of it is committed here; run journal sync again, or with a longer --timeout",
            )
        time.sleep(pause)


def pause_seconds(attempts: int, spent: float, chance: Callable[[], float]) -> float:
    """Return how long to wait after so many attempts, of which the last one took ``spent`` seconds.

    Up to as long as the attempt took, and half as much again each time; by chance from nothing on, so that nobody keeps
    step with another, and one who has waited often may still be the next.
    """
    return chance() * min(spent * _PAUSE_GROWTH ** min(attempts - 1, 30), _PAUSE_SECONDS_MAX)
