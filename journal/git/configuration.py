"""Git's settings as they hold in one repository, with every include and condition.

The git program is asked where there is one: only it knows all its files, conditions and variables.
Without it dulwich reads the files, and the ``gitdir`` conditions, which dulwich leaves to its
caller, are decided here.
"""

import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from journal.errors import GitError
from journal.git.program import Started, is_installed, words_of
from journal.git.repository import Repository

if TYPE_CHECKING:
    from dulwich.config import ConfigFile

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0", "")


class Configuration:
    """All settings, read once; the last value of a key wins. Keys as in ``git config --list``."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, list[str]]) -> None:
        self._values = values

    def get(self, key: str) -> str | None:
        """Return the value in force, or None. ``key`` has its section and name in lower case."""
        values = self._values.get(key)
        return values[-1] if values else None

    def all(self, key: str) -> list[str]:
        """Return every value of a key that may have several."""
        return list(self._values.get(key, []))

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a yes or no. Raises GitError for a value that is neither."""
        value = self.get(key)
        if value is None:
            return default
        number = value.removeprefix("-")
        if value.lower() in _TRUE or (number.isdecimal() and number.strip("0")):
            return True
        if value.lower() in _FALSE or number.isdecimal():
            return False
        raise GitError(f"git's setting {key} is neither true nor false: {value!r}")

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that start with ``prefix``."""
        return [key for key in self._values if key.startswith(prefix)]


def read_configuration(repository: Repository) -> Configuration:
    """Read all settings that hold in the repository. Raises GitError where they are malformed."""
    if is_installed():
        with ask_configuration(repository) as started:
            return answered_configuration(repository, started)
    values: dict[str, list[str]] = {}
    for key, value in _read_without_git(repository):
        values.setdefault(key, []).append(value)
    return Configuration(values)


def ask_configuration(repository: Repository) -> Started:
    """Start the git program that lists all settings, which must be installed."""
    return Started(repository, ["config", "--list", "-z"])


def answered_configuration(repository: Repository, started: Started) -> Configuration:
    """Return the settings that a program lists. Raises GitError where they are malformed."""
    ended = started.finish()
    if ended.returncode != 0:
        raise GitError(f"git config failed: {words_of(ended)}", path=repository.work_tree)
    values: dict[str, list[str]] = {}
    for item in ended.stdout.split(b"\0"):
        key, newline, value = item.decode("utf-8", "surrogateescape").partition("\n")
        if key:
            values.setdefault(key, []).append(value if newline else "true")
    return Configuration(values)


def _read_without_git(repository: Repository) -> list[tuple[str, str]]:
    from dulwich.config import ConfigFile

    found: list[tuple[str, str]] = []
    for path in _files(repository):
        if not os.path.isfile(path):
            continue
        matchers = {
            "gitdir:": _condition(repository, path, re.NOFLAG),
            "gitdir/i:": _condition(repository, path, re.IGNORECASE),
            "onbranch:": _refuse_condition,
        }
        try:
            settings = ConfigFile.from_path(path, condition_matchers=matchers)
        except ValueError as error:
            raise GitError(f"git's settings cannot be read: {error}", path=path) from error
        found.extend(_flat(settings))
    return found


def _files(repository: Repository) -> list[str]:
    paths: list[str] = []
    if os.environ.get("GIT_CONFIG_NOSYSTEM", "").lower() not in _TRUE:
        paths.append(os.environ.get("GIT_CONFIG_SYSTEM", "/etc/gitconfig"))
    named = os.environ.get("GIT_CONFIG_GLOBAL")
    if named is not None:
        paths.append(named)
    else:
        home = os.path.expanduser("~")
        paths.append(os.path.join(os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), "git", "config"))
        paths.append(os.path.join(home, ".gitconfig"))
    paths.append(os.path.join(repository.common_dir, "config"))
    paths.append(os.path.join(repository.git_dir, "config.worktree"))
    return paths


def _flat(settings: "ConfigFile") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for section in settings.sections():
        parts = [part.decode("utf-8", "surrogateescape") for part in section]
        prefix = ".".join([parts[0].lower(), *parts[1:]])
        for name, value in settings.items(section):
            key = f"{prefix}.{name.decode('utf-8', 'replace').lower()}"
            found.append((key, value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)))
    return found


def _refuse_condition(condition: str) -> bool:
    raise GitError(
        f"git's settings hold includeIf onbranch:{condition}, which needs the git program",
        hint="install git, or move the setting out of the condition",
    )


def _condition(repository: Repository, settings_path: str, flags: re.RegexFlag) -> Callable[[str], bool]:
    """Decide ``includeIf "gitdir:…"`` by git's rules for its patterns."""

    def matches(pattern: str) -> bool:
        if pattern.startswith("~/"):
            pattern = os.path.join(os.path.expanduser("~"), pattern[2:])
        elif pattern.startswith("./"):
            pattern = os.path.join(os.path.dirname(os.path.realpath(settings_path)), pattern[2:])
        elif not os.path.isabs(pattern):
            pattern = f"**/{pattern}"
        if pattern.endswith("/"):
            pattern += "**"
        return re.fullmatch(_expression(pattern), repository.git_dir.replace(os.sep, "/"), flags) is not None

    return matches


def _expression(pattern: str) -> str:
    """Translate a pattern with ``**``, ``*`` and ``?`` to a regular expression."""
    parts = re.split(r"(\*\*/|/\*\*$|\*|\?)", pattern)
    known = {"**/": "(?:.*/)?", "/**": "/.*", "*": "[^/]*", "?": "[^/]"}
    return "".join(known.get(part) or re.escape(part) for part in parts)
