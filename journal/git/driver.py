"""The merge driver in a repository's own settings: both of its keys, or none."""

from typing import Literal

from journal.git.program import run_git, start_git
from journal.git.repository import Repository
from journal.projections.driver import DRIVER_NAME, DRIVER_TITLE, PROGRAM, driver_command, is_driver_command

_SECTION = f"merge.{DRIVER_NAME}"
_TITLE, _COMMAND = f"{_SECTION}.name", f"{_SECTION}.driver"

DriverState = Literal["none", "ours", "foreign", "broken"]


def set_driver(repository: Repository, program: str = PROGRAM) -> bool:
    """Write the driver into the settings that all work trees of the repository share; True if that changed them.

    The command comes first: a section that has any other key and no command is fatal to every merge, and a kill
    between the two leaves a driver without a title, which works. Raises GitError where git cannot write its settings.
    """
    wanted = {_COMMAND: driver_command(program), _TITLE: DRIVER_TITLE}
    changed = False
    for key, value in wanted.items():
        if _local(repository, key) != [value]:
            run_git(repository, ["config", "--local", "--replace-all", key, value])
            changed = True
    return changed


def unset_driver(repository: Repository) -> bool:
    """Take the whole section out of the repository's settings, in one write; True if there was one."""
    if not start_git(repository, ["config", "--local", "--get-regexp", rf"^merge\.{DRIVER_NAME}\."]).stdout:
        return False
    run_git(repository, ["config", "--local", "--remove-section", _SECTION])
    return True


def driver_state(repository: Repository) -> DriverState:
    """Tell what git would do for the attribute, by all settings that hold here.

    "none": merge lines; "ours": run the journal; "foreign": run another command; "broken": refuse to merge, for
    there is a section without a command.
    """
    found = start_git(repository, ["config", "--get-regexp", rf"^merge\.{DRIVER_NAME}\."]).stdout.decode(
        "utf-8", "surrogateescape"
    )
    if not found:
        return "none"
    commands = [line.partition(" ")[2] for line in found.split("\n") if line.startswith(f"{_COMMAND} ")]
    if not commands:
        return "broken"
    return "ours" if is_driver_command(commands[-1]) else "foreign"


def _local(repository: Repository, key: str) -> list[str]:
    listed = start_git(repository, ["config", "--local", "--get-all", "-z", key]).stdout
    return listed.decode("utf-8", "surrogateescape").split("\0")[:-1]
