"""Exchanging one branch with a remote: through the git program, else through dulwich.

The git program knows the user's credentials, proxies and ssh settings, so it goes first. A push names the commit that
the remote's branch was seen at and is refused there if it is elsewhere by now: nothing is ever overwritten.
"""

import os
import re
import subprocess
import sys
import time
from typing import NamedTuple

from journal.disk.files import Files
from journal.errors import GitError, OfflineError
from journal.git.program import clean_environment, is_installed
from journal.git.refs import read_ref
from journal.git.remote import BusyError, Upstream
from journal.git.repository import Repository

_PATIENCE_SECONDS_MIN = 5.0
_FAREWELL_SECONDS = 2.0
# Git syncs no loose object by itself; a branch that is durable must not name what a power cut takes away.
_DURABLE = ("-c", "core.fsync=committed,reference", "-c", "core.fsyncMethod=batch")
_LATER = "what is here is committed; journal sync catches up once the remote can be reached"
_OFFLINE = re.compile(
    r"could not resolve|connection (refused|timed out|reset|closed)|timed out|network is unreachable|no route to host"
    r"|failed to connect|unable to connect|name resolution|returned error: 5\d\d|hung up unexpectedly|early eof"
    r"|unexpected disconnect|operation too slow|host is down",
    re.IGNORECASE,
)
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
        ended = self._run(["push", *options, upstream.remote, f"{commit}:{upstream.ref}"])
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

    def _run(self, arguments: list[str]) -> "_Ended":
        """Run git without letting it ask anybody who is not there, and not for ever."""
        repository = self._repository
        patience = max(self._deadline - time.monotonic(), _PATIENCE_SECONDS_MIN)
        environment = {"LC_ALL": "C", "LANGUAGE": "C"}
        asks = sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()
        if not asks:
            environment |= {"GIT_TERMINAL_PROMPT": "0", "SSH_ASKPASS_REQUIRE": "never"}
        with subprocess.Popen(
            ["git", f"--git-dir={repository.git_dir}", f"--work-tree={repository.work_tree}", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=repository.work_tree,
            env=clean_environment(environment),
            # Without a terminal of its own, ssh too asks nobody.
            start_new_session=not asks and os.name != "nt",
        ) as process:
            try:
                out, _ = process.communicate(timeout=patience)
            except subprocess.TimeoutExpired:
                process.terminate()  # git takes its locks away then
                try:
                    process.communicate(timeout=_FAREWELL_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                raise OfflineError(
                    f"the remote did not answer within {patience:.0f} seconds", hint=_LATER, path=repository.work_tree
                ) from None
            except BaseException:
                process.terminate()
                raise
        return _Ended(process.returncode, out.decode("utf-8", "replace"))

    def _failure(self, what: str, said: str) -> Exception:
        text = " ".join(said.split()) or "git said nothing"
        if _OFFLINE.search(said):
            return OfflineError(f"offline: {what}: {text}", path=self._repository.work_tree, hint=_LATER)
        if _BUSY.search(said):
            return BusyError(text)
        hint = "nothing is lost: all of it is committed here; `git fetch` and `git push` show the same"
        return GitError(f"{what}: {text}", path=self._repository.work_tree, hint=hint)


class _Ended(NamedTuple):
    returncode: int
    said: str
