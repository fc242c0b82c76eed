"""Which remote and branch a branch is exchanged with, and why an exchange may have to be tried again. Pure."""

from typing import NamedTuple

from journal.errors import GitError
from journal.git.configuration import Configuration


class BusyError(Exception):
    """Somebody else was faster, or holds a lock for a moment: it is worth trying again. The text says which."""


class Upstream(NamedTuple):
    """A branch of a remote; ``ref`` is its name there, ``tracking`` where this repository notes it."""

    remote: str
    ref: str

    @property
    def tracking(self) -> str:
        """The ref that says where the remote's branch was seen last."""
        return f"refs/remotes/{self.remote}/{self.ref.removeprefix('refs/heads/')}"

    def __str__(self) -> str:
        return f"{self.remote}/{self.ref.removeprefix('refs/heads/')}"


def upstream_of(configuration: Configuration, branch: str, named: str | None, *, is_own: bool) -> Upstream:
    """Return what a branch is exchanged with. Raises GitError where nothing says it.

    ``named``: the remote, as the caller wants it. A branch of the store's own (``is_own``) needs no upstream: it is
    found under its own name, at ``origin`` or at the only remote there is.
    """
    remotes = remotes_of(configuration)
    set_remote, set_ref = (configuration.get(f"branch.{branch}.{key}") for key in ("remote", "merge"))
    if named is not None:
        if named not in remotes:
            known = f"there are: {', '.join(remotes)}" if remotes else "there are none"
            raise GitError(f"there is no remote {named!r}; {known}", hint=f"git remote add {named} URL makes it")
        return Upstream(named, set_ref if set_ref and set_remote == named else f"refs/heads/{branch}")
    if not remotes:
        raise GitError("there is no remote to exchange with", hint="git remote add origin URL names one")
    if set_remote in remotes and set_ref:
        return Upstream(set_remote, set_ref)
    if is_own and ("origin" in remotes or len(remotes) == 1):
        return Upstream("origin" if "origin" in remotes else remotes[0], f"refs/heads/{branch}")
    remote = "origin" if "origin" in remotes else remotes[0]
    raise GitError(
        f"the branch {branch} has no upstream, so it is not told where it belongs",
        hint=f"journal sync {remote}, or for ever: git push -u {remote} {branch}",
    )


def remotes_of(configuration: Configuration) -> list[str]:
    """Return the names of the remotes."""
    ending = ".url"
    keys = configuration.keys("remote.")
    return [key[len("remote.") : -len(ending)] for key in keys if key.endswith(ending)]
