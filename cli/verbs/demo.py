"""``journal demo``."""

import glob
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap

from journal.errors import GitError, JournalError, RefusedError

from ..declare import FLAG, PATH, Argument, Option, Verb
from ..output import is_terminal, shown
from ..session import Session
from ..tour import STEPS, Command, Flip, Step


def run(session: Session, *, folder: str | None, pause: bool) -> None:
    """Run the tour in a scratch folder, which stays."""
    if shutil.which("git") is None:
        raise GitError("the demo needs the git program", hint="install git and run it again")
    scratch = _scratch(folder)
    output = session.output
    output.line(f"A guided run in {shown(scratch)}; it stays there for you to browse.")
    for step in STEPS:
        _walk(session, step, scratch)
        if pause and is_terminal(sys.stdin):
            output.flush()
            sys.stdin.readline()
    output.line()
    output.line(f"That was all. To go on by yourself: cd {shown(shlex.quote(os.path.join(scratch, 'work')))}")


def _scratch(folder: str | None) -> str:
    if folder is None:
        scratch = tempfile.mkdtemp(prefix="journal-demo-")
    else:
        scratch = os.path.abspath(folder)
        if os.path.exists(scratch) and (not os.path.isdir(scratch) or os.listdir(scratch)):
            raise RefusedError("the demo wants a new or an empty folder", path=scratch)
    os.makedirs(os.path.join(scratch, "work"), exist_ok=True)
    return scratch


def _walk(session: Session, step: Step, scratch: str) -> None:
    output = session.output
    output.line()
    output.line(output.paint(step.title, "bold"))
    output.lines(textwrap.wrap(step.text, min(output.width() or 100, 100)))
    output.line()
    for action in step.actions:
        if isinstance(action, Flip):
            _flip(session, action, scratch)
        else:
            _run(session, action, scratch)
        output.flush()
    if step.look:
        output.line()
        output.line(output.paint(f"Look: {step.look.format(work=shown(os.path.join(scratch, 'work')))}", "cyan"))


def _run(session: Session, command: Command, scratch: str) -> None:
    output = session.output
    output.line(output.paint(f"$ {command.line}", "green"))
    words = shlex.split(command.line)
    if words[0] == "rm":  # no such program on Windows
        for path in words[2:]:
            shutil.rmtree(os.path.join(scratch, command.folder, path))
        return
    if words[0] == "journal":
        color = "--color" if output.has_color() else "--no-color"
        words = [sys.executable, "-m", "journal.cli", color, *words[1:]]
    ended = subprocess.run(
        words,
        cwd=os.path.join(scratch, command.folder),
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    output.lines(ended.stdout.decode("utf-8", "replace").splitlines())
    if ended.returncode != 0:
        output.line(output.paint(f"(exit status {ended.returncode})", "dim"))
    if ended.returncode != command.status:
        raise JournalError(
            f"this step ended with {ended.returncode} where {command.status} was due: {command.line}",
            path=scratch,
            hint="please report it with the output above",
        )


def _flip(session: Session, flip: Flip, scratch: str) -> None:
    """Flip a bit of the first event's payload in the first file that matches."""
    path = sorted(glob.glob(os.path.join(scratch, flip.folder, flip.pattern)))[0]
    with open(path, "r+b") as file:
        text = file.read()
        at = text.index(b"Write the guide")
        file.seek(at)
        file.write(bytes([text[at] ^ 0x20]))
    session.output.line(session.output.paint(f"(one bit flipped in {shown(os.path.relpath(path, scratch))})", "yellow"))


def _environment() -> dict[str, str]:
    """Return an environment in which neither git nor the journal looks elsewhere, with someone to commit as."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "JOURNAL_"))}
    person = {"NAME": "Ana", "EMAIL": "ana@example.com"}
    kept |= {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in person.items()}
    return kept | {"JOURNAL_ACTOR": "ana", "GIT_PAGER": "cat"}


VERB = Verb(
    name="demo",
    summary="A guided run of it all in a scratch repository.",
    run=run,
    text="""\
Writes, browses, branches, merges, looks back, breaks things and sees them heal, with the commands that you would
type and their real output. It runs in a new temporary folder, or in DIR, which stays for you to browse; nothing
else is touched. It needs the git program.""",
    arguments=(Argument("folder", "A new or empty folder to run in.", required=False, metavar="DIR", kind=PATH),),
    options=(Option(("--pause",), "Wait for Enter after each step.", FLAG),),
    examples=(
        ("journal demo", ""),
        ("journal demo --pause ~/journal-demo", "step by step, in a folder of your choice"),
    ),
    statuses={6: "the folder is not empty", 7: "there is no git program"},
    has_json=False,
)
