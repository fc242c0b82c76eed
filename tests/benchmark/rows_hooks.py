"""Rows of git's hooks, each as the process that git starts: where the store is not concerned, and where it is."""

import os
import subprocess
from collections.abc import Callable, Iterator

from journal import Journal
from journal.git.hook_files import NAMES

from .context import Context
from .fixture import GIT_QUIET, TYPE, entity_id, news
from .machine import quiet_environment
from .measure import Row, Times, run, timed

_IDLE_MS_MAX, _BUSY_MS_MAX = 10.0, 150.0
_NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
_INPUT = {
    "post-rewrite": "{old} {new}\n",
    "pre-push": "refs/heads/main {new} refs/heads/main {old}\n",
}
_ARGUMENTS = {
    "post-merge": ("0",),
    "post-checkout": ("{old}", "{new}", "1"),
    "post-rewrite": ("rebase",),
    "pre-push": ("origin", "nowhere"),
}


def hook_rows(context: Context) -> Iterator[Row]:
    """Every hook, idle and busy, on a clone of a lived-in store."""
    world = _World(context)
    for name in NAMES:
        context.say(f"the {name} hook")
        idle, busy = _times(context, world, name)
        yield _row(name, "idle", "the journal is not concerned", idle, _IDLE_MS_MAX)
        yield _row(name, "busy", "one entity changed", busy, _BUSY_MS_MAX)


def _row(name: str, state: str, what: str, times: Times, limit: float) -> Row:
    ours = times.median("ours")
    peer = "git commit, no hooks" if name == "pre-commit" else "python -c pass"
    return Row(
        key=f"hook-{name}-{state}",
        what=f"hook {name}, {what}",
        ours=ours,
        unit="ms",
        peer=peer,
        theirs=times.median("theirs"),
        ratio=times.ratio("ours", "theirs"),
        target=f"≤ {limit:g} ms",
        is_reached=ours <= limit,
    )


class _World:
    """A clone with installed hooks and two commits: ``other`` has one entity otherwise."""

    def __init__(self, context: Context) -> None:
        source, self.folder = context.lived(context.sizes[1]), context.folder("hooked")
        self._bare = context.installed.bare()
        run("git", "clone", "-q", "--local", source, self.folder)
        for setting in GIT_QUIET:
            self.git("config", *setting.split("=", 1))
        with Journal.open(self.folder) as journal:
            journal.list(TYPE, limit=1)
            journal.commit("settled")
            self.git("branch", "-f", "begun")
            journal.put(TYPE, entity_id(1), news(1))
            journal.commit("one entity")
        self.git("branch", "-f", "other")
        self.begun, self.other = (
            run("git", "-C", self.folder, "rev-parse", name).strip() for name in ("begun", "other")
        )
        self._install(context)

    def _install(self, context: Context) -> None:
        from journal.hooks.script import script

        from journal.disk.files import OsFiles
        from journal.disk.programs import write_program

        program = os.path.join(os.path.dirname(context.installed.python), "git-journal")
        text = f"#!{context.installed.python}\nimport sys\nfrom journal.cli import main\nsys.exit(main())\n"
        write_program(OsFiles(), program, text.encode())
        for name in NAMES:
            path = os.path.join(self.folder, ".git", "hooks", name)
            write_program(OsFiles(), path, script(name, [".journal"], program, chains=False))

    def git(self, *arguments: str) -> None:
        """Run git, without hooks."""
        run("git", "-C", self.folder, *_NO_HOOKS, *arguments)

    def hook(self, name: str, old: str, new: str) -> float:
        """Return how long the hook takes as git starts it: after a move from one commit to another."""
        named = {"old": old, "new": new}
        command = [f".git/hooks/{name}", *(item.format(**named) for item in _ARGUMENTS.get(name, ()))]
        given = _INPUT.get(name, "").format(**named)
        env = quiet_environment()
        return timed(lambda: subprocess.run(command, cwd=self.folder, env=env, check=True, input=given, text=True))

    def bare(self) -> float:
        """Return how long an interpreter takes that does nothing."""
        return timed(lambda: subprocess.run(self._bare, cwd=self.folder, check=True))

    def commit(self, number: int) -> float:
        """Return how long git takes to commit one small file, without hooks."""
        with open(os.path.join(self.folder, "notes"), "w", encoding="utf-8") as file:
            file.write(f"{number}\n")
        self.git("add", "notes")
        return timed(lambda: self.git("commit", "-q", "-m", f"note {number}", "notes"))


def _times(context: Context, world: _World, name: str) -> tuple[Times, Times]:
    prepare = _staged if name in ("pre-commit", "pre-merge-commit") else _moved
    rounds = context.rounds(20, 8)
    idle: dict[str, list[float]] = {"ours": [], "theirs": []}
    busy: dict[str, list[float]] = {"ours": [], "theirs": []}
    for number in range(rounds + 1):
        theirs = _peer(world, name, number)
        idle["theirs"].append(theirs())
        idle["ours"].append(world.hook(name, *_still(world)))
        busy["theirs"].append(theirs())
        busy["ours"].append(world.hook(name, *prepare(world, number)))
    return tuple(Times({who: values[1:] for who, values in found.items()}) for found in (idle, busy))  # type: ignore[return-value]


def _peer(world: _World, name: str, number: int) -> Callable[[], float]:
    return (lambda: world.commit(number)) if name == "pre-commit" else world.bare


def _still(world: _World) -> tuple[str, str]:
    """Put HEAD and index where the journal is not concerned."""
    world.git("switch", "-q", "-C", "work", "--discard-changes", "other")
    with Journal.open(world.folder) as journal:
        journal.list(TYPE, limit=1)
    world.git("update-ref", "ORIG_HEAD", world.other)
    return world.other, world.other


def _staged(world: _World, number: int) -> tuple[str, str]:
    """Stage one changed entity with its event."""
    with Journal.open(world.folder) as journal:
        journal.put(TYPE, entity_id(2), news(number))
        journal.stage()
    return world.other, world.other


def _moved(world: _World, number: int) -> tuple[str, str]:
    """Move to the other commit, and leave the journal to the hook."""
    old, new = (world.other, world.begun) if number % 2 else (world.begun, world.other)
    world.git("switch", "-q", "-C", "work", "--discard-changes", old)
    with Journal.open(world.folder) as journal:
        journal.list(TYPE, limit=1)
    world.git("switch", "-q", "-C", "work", "--discard-changes", new)
    world.git("update-ref", "ORIG_HEAD", old)
    return old, new
