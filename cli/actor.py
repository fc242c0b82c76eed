"""git's ``user.name``, found by reading its settings files: starting git costs more than writing an entity.

Only where they include others, or nothing is found, is git itself asked.
"""

import os

_NONE: tuple[str | None, bool] = (None, False)


def git_user(folder: str) -> str | None:
    """Return the name that git would use in a folder, None where none is set."""
    if any(name in os.environ for name in ("GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "GIT_DIR")):
        return _ask_git(folder)
    for path in _files(folder):
        name, includes = _read(path)
        if includes:
            return _ask_git(folder)
        if name is not None:
            return name or None  # set to nothing: none of the files above count
    return None


def _files(folder: str) -> list[str]:
    """Return git's settings files, the one that decides first."""
    from journal.disk.files import OsFiles
    from journal.disk.gitdir import find_git

    paths: list[str] = []
    found = find_git(OsFiles(), folder)
    if found is not None:
        paths += [os.path.join(found.private, "config.worktree"), os.path.join(found.common, "config")]
    named = os.environ.get("GIT_CONFIG_GLOBAL")
    if named is not None:
        paths.append(named)
    else:
        home = os.path.expanduser("~")
        settings = os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
        paths += [os.path.join(home, ".gitconfig"), os.path.join(settings, "git", "config")]
    if os.environ.get("GIT_CONFIG_NOSYSTEM", "").lower() not in ("1", "true", "yes", "on"):
        paths.append(os.environ.get("GIT_CONFIG_SYSTEM") or "/etc/gitconfig")
    return paths


def _read(path: str) -> tuple[str | None, bool]:
    """Return the name that a settings file gives, and whether it includes others."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return _NONE
    name, section = None, ""
    for line in lines:
        text = line.strip()
        if text.startswith("["):
            head, _, text = text[1:].partition("]")
            section = head.strip().lower()
            if section.split(" ", 1)[0].split('"', 1)[0] in ("include", "includeif"):
                return None, True
        key, equals, value = text.partition("=")
        if section == "user" and key.strip().lower() == "name" and equals:
            if "\\" in value or value.count('"') % 2:
                return None, True  # continued or escaped: git reads it better
            name = _unquoted(value)
    return name, False


def _unquoted(value: str) -> str:
    parts = value.split('"')
    plain = [part if at % 2 else part.replace(";", "#").partition("#")[0] for at, part in enumerate(parts)]
    end = next((at for at, part in enumerate(parts) if at % 2 == 0 and plain[at] != part), len(parts))
    return "".join(plain[: end + 1]).strip()


def _ask_git(folder: str) -> str | None:
    import subprocess  # loading it takes as long as all of the above

    start = folder if os.path.isdir(folder) else os.path.dirname(folder) or "."
    try:
        ended = subprocess.run(["git", "config", "user.name"], cwd=start, capture_output=True, check=False)
    except OSError:
        return None
    return ended.stdout.decode("utf-8", "replace").strip() or None
