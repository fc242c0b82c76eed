"""A store on a branch of its own: made, or attached to where the branch is there already.

Crash argument: the folder, git's list of what is ignored, the link (``journal/git/linked.py``), then what the branch
holds, as ``joining.py`` brings it in, or a new store. ``journal.toml`` comes last in both: a folder with one is a
whole store. Every step looks at what is there first, so that running it again goes on where it was cut off.
"""

import contextlib
import os
import time

from journal.disk.backend import FileBackend
from journal.disk.files import Files
from journal.errors import GitError, OfflineError, RefusedError, UnsafePathError
from journal.git.adopting import Meeting, complete_index, move_forward
from journal.git.configuration import Configuration, read_configuration
from journal.git.linked import check_branch_name, exclude, link, refuse_link
from journal.git.refs import Head, read_ref
from journal.git.remote import BusyError, remotes_of, upstream_of
from journal.git.repository import Repository
from journal.git.safety import refuse_dubious_ownership
from journal.git.status import index_paths, read_head
from journal.git.transport import Transport
from journal.store.config import refuse_newer
from journal.store.engine import Engine
from journal.store.layout import CONFIG_FILE, ensure_local, make_store
from journal.store.options import Options
from journal.upkeep.exchange.joining import Sides, bring_in
from journal.upkeep.exchange.merge_rules import plan_of
from journal.upkeep.place import Place

_PATIENCE_SECONDS = 60.0


def init_on_branch(files: Files, root: str, branch: str, new_config: bytes) -> bool:
    """Make the store at ``root``, or complete it, as a linked work tree on ``branch``; True if anything was new.

    Where this repository or its remote has the branch already, the store is what the branch holds. Raises GitError,
    OfflineError where the remote cannot be asked, RefusedError.
    """
    check_branch_name(branch)
    surrounding = _surrounding(root)
    configuration = read_configuration(surrounding)
    refuse_dubious_ownership(surrounding, configuration)
    found = files.stat(root)
    if found is not None and found.kind != "folder":
        raise UnsafePathError("is a symbolic link or a file; a store is a real folder", path=root)
    refuse_link(surrounding, root, branch, files)
    is_linked = Repository.at(root) is not None
    is_whole = is_linked and files.stat(os.path.join(root, CONFIG_FILE)) is not None
    known = None if is_whole else _find(surrounding, configuration, branch, files)
    if not is_linked:
        _refuse_tracked(surrounding, root)
        _refuse_two(files, root, branch, known)
    if known is not None:
        _refuse_without_store(surrounding, branch, known)
    if found is None:
        files.make_folder(root)
        files.sync_folder(os.path.dirname(root))
    exclude(surrounding, root, files)
    is_new = link(surrounding, root, branch, files)
    own = Repository.at(root)
    assert own is not None, root
    if known is not None:
        _attach(files, root, own, known)
        return True
    return make_store(files, root, new_config) or is_new


def _surrounding(root: str) -> Repository:
    parent = os.path.dirname(root)
    if not os.path.isdir(parent):
        raise RefusedError("the folder does not exist", path=parent)
    found = Repository.discover(parent)
    if found is None or found.bare:
        raise GitError(
            "a store on a branch of its own needs a git work tree around it", path=parent, hint="git init makes one"
        )
    return found


def _refuse_tracked(surrounding: Repository, root: str) -> None:
    prefix = os.path.relpath(root, surrounding.work_tree).replace(os.sep, "/")
    if index_paths(surrounding, prefix):
        raise GitError(
            "the branch of the code holds this store already",
            path=root,
            hint="journal sync exchanges it as it is; a store is on one branch or the other",
        )


def _refuse_two(files: Files, root: str, branch: str, known: str | None) -> None:
    if known is not None and files.stat(os.path.join(root, CONFIG_FILE)) is not None:
        raise GitError(
            f"there is a store here already, and another one on the branch {branch}",
            path=root,
            hint="move this one aside, run it again, and bring over what you need with journal export and put",
        )


def _refuse_without_store(repository: Repository, branch: str, commit: str) -> None:
    with contextlib.closing(Meeting(repository, Head(f"refs/heads/{branch}", None), commit)) as meeting:
        config = Sides(Place(repository, ""), meeting).config(of_us=False)
        if config is None:
            raise GitError(
                f"the branch {branch} is there, and holds no store", hint="name another branch; nothing was changed"
            )
        refuse_newer(config, f"{CONFIG_FILE} of {branch}")


def _find(repository: Repository, configuration: Configuration, branch: str, files: Files) -> str | None:
    """Return what the branch is at: here, as the remote was seen last, or as the remote says now."""
    here = read_ref(repository, f"refs/heads/{branch}")
    if here is not None or not remotes_of(configuration):
        return here
    upstream = upstream_of(configuration, branch, None, is_own=True)
    seen = read_ref(repository, upstream.tracking)
    if seen is not None:
        return seen
    try:
        return Transport(repository, upstream, files, time.monotonic() + _PATIENCE_SECONDS).fetch()
    except (OfflineError, BusyError) as error:
        raise OfflineError(
            f"{upstream.remote} cannot be asked whether it has the branch {branch} already: {error}",
            hint="two stores made apart do not merge; run it again when the remote answers",
        ) from error


def _attach(files: Files, root: str, own: Repository, commit: str) -> None:
    """Bring in what the branch holds."""
    ensure_local(files, root)
    head = read_head(own)
    with contextlib.closing(Meeting(own, Head(head.ref, None), head.commit or commit)) as meeting:
        sides = Sides(Place(own, ""), meeting)
        plan = plan_of(meeting.differences(), sides)
        config = plan.files.pop(CONFIG_FILE)
        bring_in(files, root, plan, sides)
        if head.commit is None:
            move_forward(meeting, files=files, log="journal init")
        else:
            complete_index(meeting, files=files)
        plan.files = {CONFIG_FILE: config}
        bring_in(files, root, plan, sides)
    engine = Engine(FileBackend(files), root, Options())
    try:
        with engine.locked(), engine.reading():
            engine.flush()
    finally:
        engine.close()
