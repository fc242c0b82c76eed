"""Upcasters of installed packages: entry points of the group ``journal.upcasters`` (docs/payloads.md).

An entry point names a function that is given a registry and registers its upcasters there. What a repository holds is
never such a package: metadata that lies right in the folder around a store, or in the working directory, does not
count, even where Python's path begins there.
"""

import os
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from journal.state.upcasting import Upcasters

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "journal.upcasters"


class Plugins(NamedTuple):
    """What the plug-ins registered, and what went wrong with them, one sentence each."""

    upcasters: Upcasters
    problems: tuple[str, ...]


@cache
def find_plugins(outer_folder: str) -> Plugins:
    """Return the upcasters of all plug-ins; ``outer_folder`` holds the store. Raises nothing."""
    from importlib.metadata import entry_points

    here = {os.path.realpath(outer_folder), os.path.realpath(os.curdir)}
    found, problems = Upcasters(), []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        if _folder_of(entry) in here:
            continue
        own = Upcasters()
        try:
            entry.load()(own)
        except Exception as error:
            problems.append(f"the plug-in {entry.name} ({entry.value}) failed: {type(error).__name__}: {error}")
            continue
        for name, version in found.fill_from(own):
            problems.append(f"the plug-in {entry.name} has a second upcaster for {name!r} from version {version}")
    return Plugins(found, tuple(problems))


def _folder_of(entry: "EntryPoint") -> str | None:
    return None if entry.dist is None else os.path.realpath(str(entry.dist.locate_file("")))
