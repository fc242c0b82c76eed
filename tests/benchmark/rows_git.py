"""Rows of git: ``journal commit`` of one mutation, and a branch switch."""

import statistics
import subprocess
from collections.abc import Iterator

from journal import Journal

from .context import Context
from .fixture import TYPE, entity_id, news
from .machine import quiet_environment
from .measure import Row, Times, run, timed
from .peers import GitPeer

_COMMIT_MS_MAX = 40.0
_PAGE = 50


def commit_rows(context: Context) -> Iterator[Row]:
    """One mutation committed, at each size with fan-out, beside git and dulwich's porcelain."""
    for entities in context.sizes:
        folder = context.lived(entities)
        context.say(f"journal commit, {entities:,} files: a clone for the peers")
        peer = GitPeer(folder, context.folder("peer"))
        times = _commits(context, folder, peer, entities)
        context.drop("peer")
        yield from _commit_rows(times, entities, is_largest=entities == 100_000)


def _commits(context: Context, folder: str, peer: GitPeer, entities: int) -> Times:
    rounds = context.rounds(12 if entities < 100_000 else 7, 4)
    dulwich_rounds = min(rounds, 7 if entities < 100_000 else 3)
    found: dict[str, list[float]] = {"ours": [], "process": [], "git": [], "dulwich": []}
    command, env = context.installed.journal("commit", "-m", "one"), quiet_environment()
    context.say(f"journal commit, {entities:,} files")
    with Journal.open(folder) as journal:
        journal.commit()
        for number in range(rounds + 1):
            journal.put(TYPE, entity_id(number * 7919 % entities), news(number))
            found["ours"].append(timed(lambda: journal.commit("one")))
            journal.put(TYPE, entity_id(number * 7919 % entities), news(number))
            found["process"].append(
                timed(lambda: subprocess.run(command, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL))
            )
            peer.change(number)
            found["git"].append(timed(lambda: peer.commit_with_git(number)))  # noqa: B023 - called at once
            if number <= dulwich_rounds:
                peer.change(rounds + 1 + number)
                found["dulwich"].append(timed(lambda: peer.commit_with_dulwich(number)))  # noqa: B023 - called at once
    return Times({name: values[1:] for name, values in found.items()})


def _commit_rows(times: Times, entities: int, *, is_largest: bool) -> Iterator[Row]:
    what = f"commit of one mutation, {entities:,} files"
    ours, ratio = times.median("ours"), times.ratio("ours", "git")
    yield Row(
        key=f"commit-{entities}",
        what=f"{what}, library",
        ours=ours,
        unit="ms",
        peer="git add && git commit",
        theirs=times.median("git"),
        ratio=ratio,
        target="< 1 ×" + (f", ≤ {_COMMIT_MS_MAX:g} ms" if is_largest else ""),
        is_reached=ratio < 1 and (ours <= _COMMIT_MS_MAX or not is_largest),
    )
    yield Row(
        key=f"commit-{entities}-process",
        what=f"{what}, as a process",
        ours=times.median("process"),
        unit="ms",
        peer="git add && git commit",
        theirs=times.median("git"),
        ratio=times.ratio("process", "git"),
    )
    count = len(times.by_name["dulwich"])
    pairs = Times({"ours": times.by_name["ours"][:count], "dulwich": times.by_name["dulwich"]})
    yield Row(
        key=f"commit-{entities}-dulwich",
        what=f"{what}, library",
        ours=ours,
        unit="ms",
        peer="dulwich porcelain, add and commit",
        theirs=pairs.median("dulwich"),
        ratio=pairs.ratio("ours", "dulwich"),
    )


def switch_rows(context: Context) -> Iterator[Row]:
    """The first read after ``git checkout`` of a branch that changes k entities, there and back."""
    sizes = context.sizes[-2:]
    medians: dict[tuple[int, int], float] = {}
    for entities in sizes:
        for changed, there, back, git in _switches(context, entities):
            medians[entities, changed] = there + back
            yield Row(
                key=f"switch-{entities}-{changed}",
                what=f"first read after a branch switch: {changed:,} of {entities:,} entities changed, there and back",
                ours=there + back,
                unit="ms",
                peer="git checkout itself, there and back",
                theirs=git,
                ratio=(there + back) / git,
                note=f"there {there:.0f} ms, back {back:.0f} ms",
            )
    small, large = sizes
    for changed in sorted({changed for _, changed in medians}):
        spread = medians[large, changed] / medians[small, changed]
        yield Row(
            key=f"switch-flat-{changed}",
            what=f"first read after a branch switch, {changed:,} changed: {large:,} entities by {small:,}",
            ours=spread,
            unit="×",
            target="follows k, not the store: ≤ 2",
            is_reached=spread <= 2,
        )


def _switches(context: Context, entities: int) -> Iterator[tuple[int, float, float, float]]:
    folder = context.lived(entities)
    with Journal.open(folder) as journal:
        journal.history(TYPE, entity_id(0))
        for changed in (1, 100, 1000):
            context.say(f"branch switches, {changed:,} of {entities:,} entities")
            branch = f"change-{changed}"
            journal.commit()
            run("git", "-C", folder, "checkout", "-q", "-B", branch)
            with journal.transaction() as transaction:
                for number in range(changed):
                    at = number * 7919 % entities
                    transaction.put(TYPE, entity_id(at), news(at))
            journal.commit("a branch")
            found: list[tuple[float, float, float]] = []
            for _ in range(context.rounds(4, 3)):
                back_git = timed(lambda: run("git", "-C", folder, "checkout", "-q", "main"))
                back = timed(lambda: journal.list(TYPE, limit=_PAGE))
                there_git = timed(lambda: run("git", "-C", folder, "checkout", "-q", branch))  # noqa: B023
                there = timed(lambda: journal.list(TYPE, limit=_PAGE))
                found.append((there, back, back_git + there_git))
            run("git", "-C", folder, "checkout", "-q", "main")
            journal.list(TYPE, limit=_PAGE)
            there, back, git = (statistics.median(column) for column in zip(*found[1:], strict=True))
            yield changed, there, back, git
