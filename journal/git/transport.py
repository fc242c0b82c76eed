"""Exchanging one branch with a remote: through the git program, else through dulwich.

The git program knows the user's credentials, proxies and ssh settings, so it goes first. A push names the commit that
the remote's branch was seen at and is refused there if it is elsewhere by now: nothing is ever overwritten.
"""

import os
import re
import subprocess
import sys
import time

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


def fetch(repository: Repository, upstream: Upstream, files: Files, deadline: float) -> str | None:
    """Get the remote's branch and return its commit, durable here; None where the remote has no such branch.

    Raises OfflineError, BusyError, GitError. ``deadline`` is on the monotonic clock.
    """
    if not is_installed():
        from journal.git.transport_dulwich import fetch as fetch_without_git

        return fetch_without_git(repository, upstream, files)
    refspec = f"+{upstream.ref}:{upstream.tracking}"
    options = ["--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--quiet"]
    ended = _run(repository, [*_DURABLE, "fetch", *options, upstream.remote, refspec], deadline)
    if ended.returncode == 0:
        return read_ref(repository, upstream.tracking)
    if f"couldn't find remote ref {upstream.ref}" in ended.said:
        return None
    raise _failure(f"could not fetch {upstream}", ended.said, repository)


def push(
    repository: Repository, upstream: Upstream, commit: str, expected: str | None, files: Files, deadline: float
) -> None:
    """Move the remote's branch from ``expected`` (None: it must not exist) to ``commit``, and nothing else.

    Raises BusyError where it is elsewhere by now, OfflineError, GitError where the remote refuses.
    """
    if not is_installed():
        from journal.git.transport_dulwich import push as push_without_git

        push_without_git(repository, upstream, commit, expected, files)
        return
    lease = f"--force-with-lease={upstream.ref}:{expected or ''}"
    options = ["--porcelain", "--no-follow-tags", "--recurse-submodules=no", lease]
    ended = _run(repository, ["push", *options, upstream.remote, f"{commit}:{upstream.ref}"], deadline)
    if ended.returncode == 0:
        return
    lines = [line for line in ended.said.splitlines() if line.startswith("!\t")]
    if lines:
        reason = lines[0].split("\t")[-1]
        if _BUSY.search(reason):
            raise BusyError(reason)
        told = [line for line in ended.said.splitlines() if line.startswith("remote:")]
        raise GitError(
            f"{upstream} refused the push: {' '.join([reason, *told])}",
            path=repository.work_tree,
            hint="nothing is lost: all of it is committed here; once the remote allows it, journal sync again",
        )
    raise _failure(f"could not push to {upstream}", ended.said, repository)


class _Ended:
    def __init__(self, returncode: int, said: str) -> None:
        self.returncode, self.said = returncode, said


def _run(repository: Repository, arguments: list[str], deadline: float) -> _Ended:
    """Run git without letting it ask anybody who is not there, and not for ever."""
    patience = max(deadline - time.monotonic(), _PATIENCE_SECONDS_MIN)
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


_LATER = "what is here is committed; journal sync catches up once the remote can be reached"


def _failure(what: str, said: str, repository: Repository) -> Exception:
    text = " ".join(said.split()) or "git said nothing"
    if _OFFLINE.search(said):
        return OfflineError(f"offline: {what}: {text}", path=repository.work_tree, hint=_LATER)
    if _BUSY.search(said):
        return BusyError(text)
    hint = "nothing is lost: all of it is committed here; `git fetch` and `git push` show the same"
    return GitError(f"{what}: {text}", path=repository.work_tree, hint=hint)
