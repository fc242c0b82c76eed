"""The architecture holds: who imports whom, and who writes to disk.

The contracts are in pyproject.toml. They are checked on a copy in which ``cli`` stands where an installation puts
it, since the checker reads folders and does not know of the mapping.
"""

import ast
import os
import shutil
import subprocess
import sys

import pytest
from sources import ROOT, installed_as, modules, tree

WRITES_OF_OS = {
    *("chmod", "chown", "ftruncate", "lchown", "link", "makedirs", "mkdir", "mkfifo", "mknod", "posix_fallocate"),
    *("pwrite", "pwritev", "remove", "removedirs", "rename", "renames", "replace", "rmdir", "symlink", "truncate"),
    *("unlink", "utime", "write", "writev", "fsync", "fdatasync"),
}
WRITES_OF_SHUTIL = {"copy", "copy2", "copyfile", "copyfileobj", "copymode", "copystat", "copytree", "move", "rmtree"}
WRITES_OF_PATH = {"write_text", "write_bytes", "touch", "mkdir", "rmdir", "unlink", "rename", "symlink_to"}
READ_ONLY_FLAGS = {"O_RDONLY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_BINARY", "O_DIRECTORY"}

# They write outside of any store: a text for an editor, a report about a bug, a scratch repository, our own pages.
ELSEWHERE = {"cli/editor.py", "cli/failures.py", "cli/verbs/demo.py", "cli/reference.py"}


def lint(folder):
    """Run import-linter over the sources below a folder; return (exit status, what it said)."""
    program = shutil.which("lint-imports", path=os.path.dirname(sys.executable))
    assert program is not None, "import-linter is one of the test dependencies"
    ended = subprocess.run(
        [program, "--config", str(ROOT / "pyproject.toml"), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_every_contract_is_kept(tmp_path):
    status, said = lint(installed_as(tmp_path))
    assert status == 0, said
    assert ", 0 broken" in said


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("format/lines.py", "from journal.state import vector"),
        ("index/view.py", "from journal.store.model import Event"),
        ("store/engine.py", "from journal.git.repository import Repository"),
        ("upkeep/status.py", "from journal.cli.output import shown"),
        ("facade/journal.py", "import dulwich"),
        ("git/refs.py", "import portalocker"),
        ("store/query.py", "import orjson"),
        ("upkeep/status.py", "import click"),
        ("projections/plan.py", "import sqlite3"),
    ],
)
def test_a_wrong_import_breaks_a_contract(tmp_path, module, line):
    """The contracts can fail: each of these would be seen."""
    path = installed_as(tmp_path) / "journal" / module
    path.write_text(f"{line}\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    status, said = lint(tmp_path)
    assert status == 1
    assert ", 1 broken" in said, said


def test_format_and_state_open_no_file_and_read_no_clock():
    """They are pure: what they mean can be tested as tables, and on random histories."""
    forbidden = {"os", "pathlib", "time", "datetime", "random", "secrets", "socket", "subprocess", "tempfile"}
    found = [
        f"{name}: {imported}"
        for name, path in modules().items()
        if name.startswith(("journal/format/", "journal/state/"))
        for imported in imports(tree(path))
        if imported.partition(".")[0] in forbidden
    ]
    assert found == []


def imports(module):
    """Return the names of all modules that a module imports."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_only_the_disk_room_writes():
    """A power cut is simulated in ``journal.disk``: a write elsewhere would be outside of every crash test."""
    found = [
        f"{name}:{line}: {what}"
        for name, path in modules().items()
        if not name.startswith("journal/disk/") and name not in ELSEWHERE
        for line, what in writes(tree(path))
    ]
    assert found == []


def writes(module):
    """Yield (line, call) of everything in a module that changes a file system."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            what = writing_call(node)
            if what is not None:
                yield node.lineno, what


def writing_call(call):
    """Return what a call is named if it may change a file system."""
    function = call.func
    if isinstance(function, ast.Name):
        return "open" if function.id == "open" and may_write(call, 1) else None
    if not isinstance(function, ast.Attribute):
        return None
    owner, name = function.value, function.attr
    module = owner.id if isinstance(owner, ast.Name) else None
    if module == "os":
        return f"os.{name}" if name in WRITES_OF_OS or (name == "open" and flags_may_write(call)) else None
    if module == "shutil":
        return f"shutil.{name}" if name in WRITES_OF_SHUTIL else None
    if module in ("gzip", "io", "lzma") and name == "open":
        return f"{module}.open" if may_write(call, 1) else None
    if module == "tempfile":
        return f"tempfile.{name}"
    path_like = name in WRITES_OF_PATH and isinstance(owner, ast.Call | ast.BinOp) and "Path" in ast.unparse(owner)
    return f"….{name}" if path_like else None


def may_write(call, position):
    """Tell whether the mode of an ``open`` is anything but plainly reading."""
    modes = [item.value for item in call.keywords if item.arg == "mode"]
    modes += call.args[position : position + 1]
    if not modes:
        return False
    mode = modes[0]
    return not (isinstance(mode, ast.Constant) and isinstance(mode.value, str) and not set(mode.value) & set("wax+"))


def flags_may_write(call):
    """Tell whether the flags of an ``os.open`` are anything but plainly reading, or lead to the null device."""
    if ast.unparse(call.args[0]) == "os.devnull" or len(call.args) < 2:
        return False
    if isinstance(call.args[1], ast.Name):
        return False  # made up elsewhere: see test_flags_that_have_a_name_read_only
    return any(name not in READ_ONLY_FLAGS for name in flag_names(call.args[1]))


def flag_names(node):
    """Return the names of the flags in an expression."""
    named = [item.attr for item in ast.walk(node) if isinstance(item, ast.Attribute)]
    quoted = [item.value for item in ast.walk(node) if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return [name for name in (*named, *quoted) if name.startswith("O_")]


def test_flags_that_have_a_name_read_only():
    """Outside of the disk room no module even mentions a flag that writes, but for the null device."""
    allowed = {*READ_ONLY_FLAGS, "O_WRONLY"}
    found = [
        f"{name}: {flag}"
        for name, path in modules().items()
        if not name.startswith("journal/disk/")
        for flag in flag_names(tree(path))
        if flag not in allowed or (flag == "O_WRONLY" and name != "cli/running.py")
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "open(path, 'w')",
        "open(path, mode='ab')",
        "open(path, mode)",
        "os.replace(a, b)",
        "os.open(path, os.O_CREAT | os.O_WRONLY)",
        "shutil.rmtree(folder)",
        "Path(name).write_text(text)",
        "gzip.open(path, 'wt')",
        "tempfile.mkstemp()",
    ],
)
def test_a_write_is_seen(line):
    assert len(list(writes(ast.parse(line)))) == 1


@pytest.mark.parametrize(
    "line", ["open(path, 'rb')", "open(path)", "Journal.open('.')", "os.open(path, os.O_RDONLY)", "text.replace(a, b)"]
)
def test_a_read_is_no_write(line):
    assert list(writes(ast.parse(line))) == []
