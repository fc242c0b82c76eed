"""How git's settings and attributes name the merge driver for projections. Pure: the one place that says it.

Git reads an attribute of the path (``.gitattributes``, committed) and a section of its settings (of one clone). The
attribute alone is harmless: git then merges lines. A section without a command is fatal to every merge, so
whoever writes it writes both keys or none (``journal.git.driver``).
"""

DRIVER_NAME = "journal"
"""The name in the attribute ``merge=journal`` and in the settings ``merge.journal.*``."""

DRIVER_TITLE = "projections of a journal, merged as JSON"
"""The value of ``merge.journal.name``, for people."""

DRIVER_VERB = "merge-driver"
"""The verb of the command line that git is told to run."""

PROGRAM = "git-journal"
"""The program, as installed; ``journal`` is the name of other programs too."""


def driver_command(program: str = PROGRAM) -> str:
    """Return the value of ``merge.journal.driver``: ``program`` is a name on the PATH, or a path.

    Where the program is gone (uninstalled, another machine's PATH), git's own merge of lines takes its place, with
    its conflict markers: as if there were no driver.
    """
    import shlex

    named = shlex.quote(program).replace("%", "%%")
    ours = f"{named} {DRIVER_VERB} %O %A %B %P"
    lines = "git merge-file -L ours -L base -L theirs %A %O %B"
    return f"if command -v {named} >/dev/null 2>&1; then {ours}; else {lines}; fi"


def is_driver_command(command: str) -> bool:
    """Tell whether a command found in git's settings is one that ``driver_command`` made, for any program."""
    return f" {DRIVER_VERB} %O %A %B %P; else git merge-file " in command
