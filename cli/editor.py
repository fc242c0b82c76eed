"""Running the user's editor on a text."""

import os
import signal
import subprocess
import tempfile
import threading

from journal.errors import JournalError, NotFoundError


def edit_text(text: str, name: str, folder: str) -> str:
    """Return a text as the user's editor left it. Raises JournalError where the editor fails."""
    command = _editor(folder)
    path = _write_temporary(text, name)
    try:
        status = _run(command, path)
    except OSError as error:
        raise JournalError(f"the editor cannot be started: {error.strerror}", path=command) from error
    try:
        edited = _read(path)
    except OSError as error:
        why = f"the editor left nothing that can be read: {error.strerror}; nothing was written"
        raise JournalError(why, path=path) from error
    if status != 0:
        kept = edited != text
        if not kept:
            _remove(path)
        hint = f"what you typed is kept in {path}" if kept else None
        raise JournalError(f"the editor ended with status {status}; nothing was written", path=command, hint=hint)
    _remove(path)
    return edited


def _run(command: str, path: str) -> int:
    """Run the editor, a shell command as in git, and return its status. Ctrl-C is the editor's meanwhile."""
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if is_main else None
    try:
        if os.name == "nt":
            ended = subprocess.run(f'{command} "{path}"', check=False, shell=True)  # noqa: S602 - the user's command
        else:
            ended = subprocess.run(
                ["sh", "-c", f'{command} "$@"', command, path], check=False, preexec_fn=_heed_interrupts
            )
        return ended.returncode
    finally:
        if is_main:
            signal.signal(signal.SIGINT, before)


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def keep(text: str, name: str) -> str:
    """Keep a text in a file that stays, and return its path."""
    return _write_temporary(text, name)


def _editor(folder: str) -> str:
    found = os.environ.get("GIT_EDITOR") or _git_editor(folder) or os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if found:
        return found
    import shutil

    for name in ("sensible-editor", "editor", "nano", "vim", "vi", "notepad"):
        if shutil.which(name):
            return name
    raise NotFoundError("no editor is known", hint="set EDITOR, for instance EDITOR=nano")


def _git_editor(folder: str) -> str | None:
    try:
        ended = subprocess.run(
            ["git", "config", "core.editor"],
            cwd=folder if os.path.isdir(folder) else None,
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    return ended.stdout.decode("utf-8", "replace").strip() or None


def _write_temporary(text: str, name: str) -> str:
    harmless = "".join(character if character.isalnum() or character in "-_" else "_" for character in name)[:60]
    descriptor, path = tempfile.mkstemp(prefix=f"{harmless}-", suffix=".json")
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    return path


def _read(path: str) -> str:
    with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        return file.read()


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
