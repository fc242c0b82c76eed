"""Runs what the pages show: transcripts of a shell, and snippets of Python with their values.

A transcript is a block marked ``console``: ``$`` begins a command, ``>`` continues it, the rest is what it prints, on
either stream. A ``…`` stands for anything, alone on a line for any lines. Ids, times and hashes count as equal,
and so does any run of spaces. A command must succeed, unless what it prints begins with ``journal:`` or ``error``.

In a block marked ``python`` an expression that ends in ``# → value`` must have that value; ``# raises Error`` says
that a statement must fail. The blocks of a page follow each other in one folder.
"""

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

_MARK = "\x1e"
_WORDS = [
    (re.compile(r"\bst_[0-9a-z]{8,40}"), "<store>"),
    (re.compile(r"\b\d{12}-[0-9a-hjkmnp-tv-z]{13}\b"), "<segment>"),
    (re.compile(r"\b\d{12}-[0-9a-f]{16}\b"), "<checkpoint>"),
    (re.compile(r"@[0-9a-hjkmnp-tv-z]{13}\b"), "@<lane>"),
    (re.compile(r"\b([a-z]{3})_[0-9a-hjkmnp-tv-z]{13}\b"), r"\1_<random>"),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?Z?"), "<time>"),
    (re.compile(r"\b[0-9a-f]{7,64}\b"), "<hash>"),
    (re.compile(r"\b[\d,]+ bytes\b"), "<n> bytes"),
    (re.compile(r"\s+"), " "),
]


class Command(NamedTuple):
    """A command of a transcript and the lines that it is said to print."""

    text: str
    shown: list[str]
    line: int


class Block(NamedTuple):
    """A fenced block of a page."""

    kind: str
    text: str
    line: int


def blocks(page: Path, kind: str) -> list[Block]:
    """Return the blocks of a kind, with the line of the page that each begins after."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    every = [Block(item[1], item[2], text.count("\n", 0, item.start(2))) for item in found]
    return [block for block in every if block.kind == kind]


def commands(page: Path) -> list[Command]:
    """Return the commands of all transcripts of a page, in order."""
    found: list[Command] = []
    for block in blocks(page, "console"):
        for number, line in enumerate(block.text.splitlines(), start=block.line + 1):
            if line.startswith("$ "):
                found.append(Command(line[2:], [], number))
            elif line.startswith("> ") and not found[-1].shown:
                found[-1] = Command(f"{found[-1].text}\n{line[2:]}", [], found[-1].line)
            else:
                found[-1].shown.append(line)
    return found


def environment(home: Path) -> dict[str, str]:
    """Return an environment in which only this installation and this folder count."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "JOURNAL_", "XDG_"))}
    settings = home / "gitconfig"
    settings.write_text(
        "[user]\n\tname = Ana\n\temail = ana@example.com\n[init]\n\tdefaultBranch = main\n"
        "[advice]\n\tdetachedHead = false\n"
        '[protocol "file"]\n\tallow = always\n',
        encoding="utf-8",
    )
    return kept | {
        "PATH": os.path.dirname(sys.executable) + os.pathsep + kept.get("PATH", ""),
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(settings),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_PAGER": "cat",
        "GIT_MERGE_AUTOEDIT": "no",
        "EDITOR": "true",
        "NO_COLOR": "1",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONWARNINGS": "error",
    }


def run(page: Path, folder: Path) -> list[str]:
    """Run the transcripts of a page in a folder and return what went otherwise than shown."""
    wanted = commands(page)
    home = folder / "home"
    place = folder / "place"
    home.mkdir()
    place.mkdir()
    lines = [
        f"printf '%s%s\\n' {_MARK} {at}\n{{ {item.text}\n}} 2>&1\nprintf '%s%s\\n' {_MARK}= $?"
        for at, item in enumerate(wanted)
    ]
    ended = subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        cwd=place,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
    )
    said = ended.stdout.decode("utf-8", "replace")
    problems = []
    for at, item in enumerate(wanted):
        found = re.search(rf"{_MARK}{at}\n(.*?){_MARK}=(\d+)\n", said, re.DOTALL)
        problem = f"did not run:\n{said[-2000:]}" if found is None else compare(item, found[1], int(found[2]))
        if problem:
            problems.append(f"{page.name}:{item.line}: $ {item.text}\n{problem}")
    return problems


def compare(command: Command, said: str, status: int) -> str | None:
    """Return what is wrong about what a command said, None where it is as shown."""
    fails = bool(command.shown) and command.shown[0].startswith(("journal:", "error "))
    if (status != 0) is not fails:
        return f"ended with {status} and said:\n{said}"
    pattern = "".join(_pattern(line) for line in command.shown)
    actual = "".join(f"{plain(line)}\n" for line in said.replace("\r", "\n").splitlines())
    if re.fullmatch(pattern, actual) is None:
        shown = "\n".join(map(plain, command.shown))
        return f"--- shown\n{shown}\n--- said\n{actual}"
    return None


def _pattern(line: str) -> str:
    if line.strip() == "…":
        return r"(?:.*\n)*"
    return ".*".join(re.escape(part) for part in plain(line).split("…")) + r"\n"


def plain(text: str) -> str:
    """Return a text without what differs from run to run."""
    for pattern, word in _WORDS:
        text = pattern.sub(word, text)
    return text.strip()


# -- Python -----------------------------------------------------------------------------------------


def run_snippets(page: Path) -> int:
    """Run the ``python`` blocks of a page in the current folder and return how many values were compared."""
    compared = 0
    names: dict[str, object] = {"__name__": "example"}
    for block in blocks(page, "python"):
        compared += run_snippet(block, names, page.name)
    return compared


def run_snippet(block: Block, names: dict[str, object], page: str) -> int:
    """Run one block; raises AssertionError where a value is not as shown."""
    lines = block.text.splitlines()
    module = ast.parse(block.text, page)
    ast.increment_lineno(module, block.line)
    values: list[tuple[int, object, str]] = []

    class Watch(ast.NodeTransformer):
        def visit_Expr(self, node: ast.Expr) -> ast.AST:
            comment = lines[(node.end_lineno or 0) - block.line - 1].partition("  # → ")[2]
            if not comment:
                return node
            keep = ast.Call(
                ast.Name("_keep", ast.Load()), [ast.Constant(node.lineno), node.value, ast.Constant(comment)], []
            )
            return ast.copy_location(ast.Expr(keep), node)

    watched = ast.fix_missing_locations(Watch().visit(module))
    names["_keep"] = lambda *item: values.append(item)
    exec(compile(watched, page, "exec"), names)
    for line, value, comment in values:
        pattern = ".*".join(re.escape(part) for part in plain(comment).split("…"))
        assert re.fullmatch(pattern, plain(repr(value))), f"{page}:{line}: {comment} is {value!r}"
    return len(values)


def words(command: str) -> list[str]:
    """Return the words of a simple command."""
    return shlex.split(command, comments=True)
