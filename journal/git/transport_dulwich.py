"""Exchanging one branch with a remote through dulwich, where no git program is installed.

Paths, ``git://``, ``http(s)://`` and, through the ``ssh`` program, ``ssh://``. Hooks of a remote on the same disk do
not run: there is no git to run them.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from journal.disk.files import Files
from journal.errors import GitError, JournalError, OfflineError
from journal.git.refs import note_ref
from journal.git.remote import BusyError, Upstream
from journal.git.repository import Repository

if TYPE_CHECKING:
    from dulwich.client import GitClient
    from dulwich.repo import Repo


def fetch(repository: Repository, upstream: Upstream, files: Files) -> str | None:
    """Get the remote's branch and return its commit, durable here; None where it has none. Raises as ``transport``."""
    ref, found = os.fsencode(upstream.ref), []
    with _opened(repository, upstream, "pull") as (repo, client, path):

        def wanted(refs: "dict[Any, Any]", depth: int | None = None) -> "list[Any]":
            found.extend([refs[ref]] if ref in refs else [])
            return [commit for commit in found if commit not in repo.object_store]

        packs = os.path.join(repository.objects_dir, "pack")
        before = {name for name, _ in files.list(packs)}
        client.fetch(path, repo, determine_wants=cast("Any", wanted))
        new = [name for name, _ in files.list(packs) if name not in before and name.endswith((".pack", ".idx"))]
        for name in new:
            files.sync(os.path.join(packs, name))
        if new:
            files.sync_folder(packs)
    if not found:
        return None
    commit: str = found[0].decode()
    note_ref(repository, upstream.tracking, commit, files)
    return commit


def push(repository: Repository, upstream: Upstream, commit: str, expected: str | None, files: Files) -> None:
    """Move the remote's branch from ``expected`` to ``commit``. Raises as ``transport``."""
    ref = os.fsencode(upstream.ref)

    def update(refs: "dict[Any, Any]") -> "dict[Any, Any]":
        at = refs.get(ref)
        if at != (expected.encode() if expected else None):
            raise BusyError("stale info")
        return {ref: commit.encode()}

    with _opened(repository, upstream, "push") as (repo, client, path):
        result = client.send_pack(path.encode(), update, cast("Any", repo.generate_pack_data))
    reason = (result.ref_status or {}).get(ref)
    if reason is not None:
        if "hook" in reason or "den" in reason or "prohibited" in reason:
            raise GitError(
                f"{upstream} refused the push: {reason}",
                path=repository.work_tree,
                hint="nothing is lost: all of it is committed here; once the remote allows it, journal sync again",
            )
        raise BusyError(reason)
    note_ref(repository, upstream.tracking, commit, files)


@contextlib.contextmanager
def _opened(repository: Repository, upstream: Upstream, operation: str) -> "Iterator[tuple[Repo, GitClient, str]]":
    from dulwich.client import HTTPUnauthorized, get_transport_and_path
    from dulwich.errors import HangupException, NotGitRepository
    from dulwich.repo import Repo

    if repository.object_format != "sha1":
        raise GitError("exchanging a SHA-256 repository needs the git program", hint="install git")
    what = f"could not {operation} {upstream}"
    try:
        with Repo(repository.work_tree) as repo:
            settings = repo.get_config_stack()
            section = ("remote", upstream.remote)
            url = settings.get(section, "url").decode()
            if operation == "push":
                with contextlib.suppress(KeyError):
                    url = settings.get(section, "pushurl").decode()
            if "://" not in url and ":" not in url.partition("/")[0]:
                url = os.path.join(repository.work_tree, os.path.expanduser(url))
            client, path = get_transport_and_path(url, config=settings, operation=operation)
            with contextlib.closing(client) if hasattr(client, "close") else contextlib.nullcontext():
                yield repo, client, path
    except (JournalError, BusyError):
        raise
    except (HTTPUnauthorized, NotGitRepository) as error:
        raise GitError(f"{what}: {error}", path=repository.work_tree, hint="git remote -v shows where it is") from error
    except (OSError, HangupException) as error:
        raise OfflineError(
            f"offline: {what}: {error}",
            path=repository.work_tree,
            hint="what is here is committed; journal sync catches up once the remote can be reached",
        ) from error
    except Exception as error:
        if _is_of_the_network(error):
            raise OfflineError(f"offline: {what}: {error}", path=repository.work_tree) from error
        if type(error).__module__.startswith("dulwich."):
            raise GitError(f"{what}: {error}", path=repository.work_tree, hint="install git to see more") from error
        raise


def _is_of_the_network(error: Exception) -> bool:
    return type(error).__module__.startswith("urllib3.")
