"""``journal init``."""

import os

from journal.errors import UsageError, command_line

from ..declare import FLAG, Option, Verb
from ..output import shown
from ..session import Session


def run(session: Session, *, agents: bool, fanout: tuple[str, ...], branch: str | None, lfs: bool) -> None:
    """Make a store, or complete one."""
    from journal import Journal
    from journal.disk.network import network_file_system

    path = session.store or "."
    if session.store and os.path.basename(os.path.abspath(path)) != ".journal":
        raise UsageError(
            "a store's folder is named .journal",
            hint=command_line("init", options=["--store", os.path.join(path, ".journal")]),
        )
    root, is_new = Journal.init(path, branch=branch, fanout=fanout)
    lfs_bytes, lfs_lack = _switch_on_lfs(root) if lfs else (None, None)
    guide, guide_changed = None, False
    if agents:
        from ..guide import write_guide

        guide, guide_changed = write_guide(os.path.dirname(root))
    file_system = network_file_system(root)
    if session.output.is_json:
        form = {"store": root, "new": is_new, "agents": guide, "agents_new": guide_changed, "lfs_bytes": lfs_bytes}
        session.output.json({**form, "network_file_system": file_system})
    else:
        session.output.done(f"{'made' if is_new else 'there is a store already:'} {shown(root)}")
        if guide is not None:
            session.output.done(f"{'wrote' if guide_changed else 'up to date:'} {shown(guide)}")
        if lfs_bytes is not None:
            session.output.done(f"blobs of {lfs_bytes:,} bytes and more go through git LFS")
        if is_new:
            session.output.note("next: journal put TYPE ID JSON, then journal commit")
    if file_system is not None:
        session.output.warn("network-file-system", _network(file_system))
    if lfs_lack is not None:
        session.output.warn("lfs-not-set-up", lfs_lack)


def _switch_on_lfs(root: str) -> tuple[int | None, str | None]:
    """Let large blobs go through git LFS; return from which size on, and what git LFS lacks here."""
    from journal import Journal
    from journal.disk.files import OsFiles
    from journal.store.config import read_config
    from journal.upkeep.lfs_setup import lack_at

    Journal.init(root, lfs=True)
    return read_config(OsFiles(), root).lfs_bytes, lack_at(root)


def _network(file_system: str) -> str:
    return (
        f"the store is on a network or shared file system ({file_system}), where locks may not reach other machines: "
        "use it from one machine at a time, and let git carry it to the others"
    )


VERB = Verb(
    name="init",
    summary="Make a store, in a git work tree or a plain folder.",
    run=run,
    text="""\
The store is `.journal` at the top of the git work tree; outside of one, in this folder. Running it again changes
nothing; it writes what is missing. --agents writes or updates a short marked section in AGENTS.md, beside the
store, that teaches a coding agent the daily verbs; the rest of that file is left alone. --branch keeps the store on a
git branch of its own, beside the code: `.journal` is then a linked work tree of that branch. Where this clone or its
remote has the branch already, the store is what it holds. --lfs lets large blobs go through git LFS from now on, in
every clone; it may be said of a store that is there, and journal.toml has the size from which on. --fanout is for a new
store; in one that is there set it in journal.toml.""",
    options=(
        Option(("--agents",), "Add a section on the use of this journal to AGENTS.md.", FLAG),
        Option(("--branch",), "Keep the store on a git branch of its own.", metavar="NAME"),
        Option(("--lfs",), "Let large blobs go through git LFS, in every clone.", FLAG),
        Option(("--fanout",), "Spread this type's files over 256 folders.", many=True, metavar="TYPE"),
    ),
    examples=(
        ("journal init", ""),
        ("journal init --agents", "and tell coding agents about it"),
        ("journal init --branch journal", "the same state on every branch of the code; exchanged by journal sync"),
        ("journal init --lfs", "for invoices, pictures, models: git has pointers to them"),
        ("journal init --fanout issue", "for a type with more than a few thousand entities"),
    ),
    statuses={
        1: "something else is in the way, for instance a symbolic link",
        6: "the folder does not exist",
        7: "--branch: git or the remote refused, or the remote cannot be reached",
    },
)
