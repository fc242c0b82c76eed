"""Rows of many clones that share one bare remote on the disk: each writes and exchanges, again and again."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from journal import Journal

from .context import Context
from .fixture import GIT_QUIET
from .measure import Row, run, worker
from .rows_crowd import together

_CLONES = (2, 8, 32)
_BRANCH = "journal"


class Exchanged(NamedTuple):
    """What clones landed at the remote within the time, and how often a push had to be tried again for one of them."""

    per_second: float
    again: float
    jain: float


def sync_rows(context: Context) -> Iterator[Row]:
    """``journal sync`` after each put, beside a loop of pull --rebase and push over files that never conflict."""
    seconds = context.rounds(15, 6)
    for clones in _CLONES:
        found = {}
        for kind in ("sync_ours", "sync_git"):
            context.say(f"{clones} clones, {kind}")
            folders = _clones(context, clones, with_store=kind == "sync_ours")
            found[kind] = _exchanged(context, kind, folders, seconds)
            if kind == "sync_ours":
                _check(folders)
            context.drop("sync")
        ours, theirs = found["sync_ours"], found["sync_git"]
        what, peer = f"{clones} clones, one put and one exchange at a time", "git pull --rebase && git push, in a loop"
        yield Row(
            key=f"sync-{clones}",
            what=f"{what}: landed at the remote",
            ours=ours.per_second,
            unit="/s",
            peer=peer,
            theirs=theirs.per_second,
            ratio=ours.per_second / theirs.per_second if theirs.per_second else None,
        )
        yield Row(
            key=f"sync-{clones}-jain",
            what=f"{what}: Jain's index of fairness",
            ours=ours.jain,
            unit="",
            peer=peer,
            theirs=theirs.jain,
        )
        yield Row(
            key=f"sync-{clones}-again",
            what=f"{what}: pushes tried again, for one that landed",
            ours=ours.again,
            unit="",
            peer=peer,
            theirs=theirs.again,
        )


def _clones(context: Context, count: int, *, with_store: bool) -> list[str]:
    top = context.folder("sync")
    hub, seed = os.path.join(top, "hub.git"), os.path.join(top, "seed")
    os.makedirs(top)
    run("git", "init", "-q", "--bare", "-b", "main", hub)
    run("git", "clone", "-q", hub, seed)
    _settle(seed)
    run("git", "-C", seed, "commit", "-q", "--allow-empty", "-m", "begin")
    run("git", "-C", seed, "push", "-q", "origin", "HEAD:refs/heads/main")
    if with_store:
        root, _ = Journal.init(seed, branch=_BRANCH)
        with Journal.open(store=root) as journal:
            journal.put("begin", "begin", {})
            journal.sync()
    folders = []
    for number in range(count):
        folder = os.path.join(top, f"clone-{number}")
        run("git", "clone", "-q", hub, folder)
        _settle(folder)
        if with_store:
            Journal.init(folder, branch=_BRANCH)
        folders.append(folder)
    return folders


def _settle(folder: str) -> None:
    for setting in GIT_QUIET:
        run("git", "-C", folder, "config", *setting.split("=", 1))


def _exchanged(context: Context, kind: str, folders: list[str], seconds: int) -> Exchanged:
    answers = together(
        context,
        [lambda board, me=me: worker(kind, folders[me], board, me, seconds) for me in range(len(folders))],
    )
    counts = [item["landed"] for item in answers]
    landed, squares = sum(counts), sum(count * count for count in counts)
    return Exchanged(
        sum(item["in_time"] for item in answers) / seconds,
        sum(item["again"] for item in answers) / max(landed, 1),
        landed**2 / (len(counts) * squares) if squares else 0.0,
    )


def _check(folders: list[str]) -> None:
    """A throughput of what does not arrive would be none."""
    found = []
    for folder in (*folders, *folders):
        with Journal.open(folder) as journal:
            journal.sync()
            found.append({entity.id for entity in journal.list()})
    if any(ids != found[-1] for ids in found[len(folders) :]):
        raise RuntimeError("two clones hold different entities after a sync")
