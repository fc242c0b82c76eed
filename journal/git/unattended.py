"""Running the ``git`` program towards a remote, with nobody there whom it could ask."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from typing import NamedTuple

from journal.git.program import clean_environment, refuse_untrusted
from journal.git.repository import Repository

LATER = "what is here is committed; journal sync catches up once the remote can be reached"
_FAREWELL_SECONDS = 2.0
_OFFLINE = re.compile(
    r"could not resolve|connection (refused|timed out|reset|closed)|timed out|network is unreachable|no route to host"
    r"|failed to connect|unable to connect|name resolution|returned error: 5\d\d|hung up unexpectedly|early eof"
    r"|unexpected disconnect|operation too slow|host is down",
    re.IGNORECASE,
)


class NoAnswerError(Exception):
    """The remote did not answer in time."""


class Ended(NamedTuple):
    """How the program ended, and all that it said."""

    returncode: int
    said: str


def is_offline(said: str) -> bool:
    """Tell whether git's words mean that the remote cannot be reached."""
    return _OFFLINE.search(said) is not None


def run_unattended(
    repository: Repository,
    arguments: list[str],
    patience_seconds: float | None,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run git without letting it ask anybody who is not there, and not for ever unless the patience is None.

    Raises NoAnswerError, and GitError for a repository that is not to be trusted.
    """
    refuse_untrusted(repository)
    environment = {"LC_ALL": "C", "LANGUAGE": "C", **(environment or {})}
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
            out, _ = process.communicate(timeout=patience_seconds)
        except subprocess.TimeoutExpired:
            process.terminate()  # git takes its locks away then
            try:
                process.communicate(timeout=_FAREWELL_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            raise NoAnswerError(f"the remote did not answer within {patience_seconds:.0f} seconds") from None
        except BaseException:
            process.terminate()
            raise
    return Ended(process.returncode, out.decode("utf-8", "surrogateescape"))
