"""Exchanging one branch with a remote: through the git program, else through dulwich.

The git program knows the user's credentials, proxies and ssh settings, so it goes first. A push names the commit that
the remote's branch was seen at and is refused there if it is elsewhere by now: nothing is ever overwritten.
"""

import re
import time
from collections.abc import Mapping

from journal.disk.files import Files
from journal.errors import GitError, OfflineError
from journal.git.hook_files import PUSHED
from journal.git.program import is_installed
from journal.git.refs import read_ref
from journal.git.remote import BusyError, Upstream
from journal.git.repository import Repository
from journal.git.unattended import LATER, Ended, NoAnswerError, is_offline, run_unattended

_PATIENCE_SECONDS_MIN = 5.0
# Git syncs no loose object by itself; a branch that is durable must not name what a power cut takes away.
_DURABLE = ("-c", "core.fsync=committed,reference", "-c", "core.fsyncMethod=batch")
_BUSY = re.compile(
    r"cannot lock ref|failed to lock|failed to update ref|failed to write|incorrect old value|already exists"
    r"|stale info|fetch first|non-fast-forward|unable to create .*\.lock",
    re.IGNORECASE,
)


class Transport:
    """The way to one branch of a remote, until ``deadline`` on the monotonic clock.

    Its methods raise OfflineError where the remote cannot be reached, BusyError where it is worth trying again,
    GitError for everything else.
    """

    def __init__(self, repository: Repository, upstream: Upstream, files: Files, deadline: float) -> None:
        self._repository, self._upstream, self._files, self._deadline = repository, upstream, files, deadline

    def wait_longer(self, seconds: float) -> None:
        """Move the deadline: what was done meanwhile was no waiting for the remote's answer."""
        self._deadline += seconds

    def fetch(self) -> str | None:
        """Get the remote's branch and return its commit, durable here; None where the remote has no such branch."""
        repository, upstream = self._repository, self._upstream
        if not is_installed():
            from journal.git.transport_dulwich import fetch

            return fetch(repository, upstream, self._files)
        refspec = f"+{upstream.ref}:{upstream.tracking}"
        options = ["--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--quiet"]
        ended = self._run([*_DURABLE, "fetch", *options, upstream.remote, refspec])
        if ended.returncode == 0:
            return read_ref(repository, upstream.tracking)
        if f"couldn't find remote ref {upstream.ref}" in ended.said:
            return None
        raise self._failure(f"could not fetch {upstream}", ended.said)

    def push(self, commit: str, expected: str | None, *, verify: bool) -> None:
        """Move the remote's branch from ``expected`` (None: it must not exist) to ``commit``, and nothing else.

        ``verify=False`` skips the pre-push hook. BusyError: the branch is elsewhere by now.
        """
        upstream = self._upstream
        if not is_installed():
            from journal.git.transport_dulwich import push

            push(self._repository, upstream, commit, expected, self._files)
            return
        lease = f"--force-with-lease={upstream.ref}:{expected or ''}"
        options = ["--porcelain", "--no-follow-tags", "--recurse-submodules=no", lease]
        options += [] if verify else ["--no-verify"]
        ended = self._run(["push", *options, upstream.remote, f"{commit}:{upstream.ref}"], {PUSHED: "1"})
        if ended.returncode == 0:
            return
        lines = ended.said.splitlines()
        rejected = [line for line in lines if line.startswith("!\t")]
        if not rejected:
            raise self._failure(f"could not push to {upstream}", ended.said)
        reason = rejected[0].split("\t")[-1]
        if _BUSY.search(reason):
            raise BusyError(reason)
        told = [reason, *(line for line in lines if line.startswith("remote:"))]
        raise GitError(
            f"{upstream} refused the push: {' '.join(told)}",
            path=self._repository.work_tree,
            hint="nothing is lost: all of it is committed here; once the remote allows it, journal sync again",
        )

    def _run(self, arguments: list[str], environment: Mapping[str, str] | None = None) -> Ended:
        patience = max(self._deadline - time.monotonic(), _PATIENCE_SECONDS_MIN)
        try:
            return run_unattended(self._repository, arguments, patience, environment)
        except NoAnswerError as error:
            raise OfflineError(str(error), hint=LATER, path=self._repository.work_tree) from None

    def _failure(self, what: str, said: str) -> Exception:
        text = " ".join(said.split()) or "git said nothing"
        if is_offline(said):
            return OfflineError(f"offline: {what}: {text}", path=self._repository.work_tree, hint=LATER)
        if _BUSY.search(said):
            return BusyError(text)
        hint = "nothing is lost: all of it is committed here; `git fetch` and `git push` show the same"
        return GitError(f"{what}: {text}", path=self._repository.work_tree, hint=hint)
