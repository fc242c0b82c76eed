"""Rows of whole commands: ``journal get`` and ``journal put`` beside an interpreter that does nothing."""

import subprocess
from collections.abc import Callable, Iterator

from .context import Context
from .fixture import TYPE, entity_id
from .machine import quiet_environment
from .measure import Act, Row, take_turns


def process_rows(context: Context) -> Iterator[Row]:
    """As processes, on a lived-in store, and on a fresh one as an extra."""
    size = context.sizes[1]
    yield from _processes(context, context.lived(size), "", has_targets=True)
    yield from _processes(context, context.fresh(size), "fresh", has_targets=False)


def _processes(context: Context, folder: str, more: str, *, has_targets: bool) -> Iterator[Row]:
    context.say(f"commands as processes {more}")
    installed, env = context.installed, quiet_environment()

    def start(command: Callable[[int], list[str]]) -> Act:
        return lambda number: subprocess.run(
            command(number), cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )

    contenders: dict[str, Act | None] = {
        "bare": start(lambda _: installed.bare()),
        "get": start(lambda number: installed.journal("get", TYPE, entity_id(number))),
        "put": start(lambda number: installed.journal("put", TYPE, entity_id(number), "--set", f"turn={number}1")),
    }
    times = take_turns(contenders, context.rounds(30, 10), warm=3)
    for name, limit in (("get", 6.0), ("put", 12.0)):
        ratio = times.ratio(name, "bare")
        yield Row(
            key=f"process-{name}{'-' if more else ''}{more}",
            what=f"journal {name} as a process{', ' if more else ''}{more and 'fresh store'}",
            ours=times.median(name),
            unit="ms",
            peer="python -c pass",
            theirs=times.median("bare"),
            ratio=ratio,
            target=f"≤ {limit:g} ×" if has_targets else "",
            is_reached=ratio <= limit if has_targets else None,
        )
