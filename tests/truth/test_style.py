"""What every module keeps to, so that a room can be understood alone."""

import ast
import re
import subprocess

import pytest
from sources import ROOT, modules, pages, tree

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

SKIPS = {"skip", "skipif", "xfail"}


def tracked(*patterns):
    """Return the project's files as git lists them, new ones included; all files where there is no git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    names = ended.stdout.splitlines() if ended.returncode == 0 else []
    return sorted(path for path in (ROOT / name for name in names) if path.is_file())


def public_functions(module):
    """Yield the functions and classes that callers of a module may use."""
    todo = [module]
    while todo:
        for node in todo.pop().body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_":
                yield node
                if isinstance(node, ast.ClassDef):
                    todo.append(node)


@pytest.mark.parametrize("name", modules())
def test_a_module_is_short_and_says_what_it_is_for(name):
    text = modules()[name].read_text(encoding="utf-8")
    assert text.count("\n") <= MODULE_LINES_MAX
    assert ast.get_docstring(tree(modules()[name]))


def test_no_function_is_longer_than_a_screen():
    long = [
        f"{name}:{node.lineno} {node.name}"
        for name, path in modules().items()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_every_public_function_says_what_it_does():
    silent = [
        f"{name}:{node.lineno} {node.name}"
        for name, path in modules().items()
        for node in public_functions(tree(path))
        if not ast.get_docstring(node)
    ]
    assert silent == []


def test_nothing_names_a_path_of_a_machine():
    """Here they are spelled in pieces; Ann's home is the one that tests make up."""
    pattern = re.compile(rf"(?<![\w.*-])/({'|'.join(('wo' + 'rk', 'ro' + 'ot', 'fa' + 'rm', 'ho' + 'me'))})/(?!ann/)")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked("*.py", "*.md", "*.toml", "*.cfg", ".ci/*", "man/*")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def test_nothing_is_left_to_do():
    marks = re.compile(rf"\b({'|'.join(('TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'))})\b")
    stubs = re.compile("NotImplementedError|pragma: no cover")
    asked = [(path, stubs) for path in modules().values()]
    asked += [(path, marks) for path in [*modules().values(), *pages(), *tracked("tests/**/*.py")]]
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path, words in asked
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if words.search(line)
    ]
    assert found == []


def test_no_two_test_modules_have_one_name():
    """Pytest imports them by their names alone."""
    packages = {path.parent for path in tracked("tests/**/__init__.py")}
    names = [path.name for path in tracked("tests/**/test_*.py") if path.parent not in packages]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_a_skipped_test_says_why():
    """``pytest.mark.skip``, ``skipif``, ``xfail`` and ``pytest.skip``, ``pytest.xfail`` all need a reason."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in tracked("tests/**/*.py")
        for node in ast.walk(tree(path))
        if is_skip(node) and not has_reason(node)
    ]
    assert found == []


def is_skip(node):
    """Tell whether a node is a skip: a call of one, or a mark that is not even called."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return any(ast.unparse(mark).removeprefix("pytest.mark.") in SKIPS for mark in node.decorator_list)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in SKIPS:
        return False
    named = ast.unparse(node.func)
    return re.fullmatch(r"pytest\.(mark\.)?(skip|skipif|xfail)", named) is not None


def has_reason(node):
    """Tell whether a skip gives a reason."""
    if not isinstance(node, ast.Call):
        return False
    reasons = [item.value for item in node.keywords if item.arg == "reason"]
    if not ast.unparse(node.func).endswith("skipif"):
        reasons += node.args[:1]
    return any(not isinstance(reason, ast.Constant) or bool(reason.value) for reason in reasons)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pytest.skip('no git')", True),
        ("pytest.mark.skipif(True, reason='no git')", True),
        ("pytest.mark.skipif(True)", False),
        ("pytest.mark.skip()", False),
        ("pytest.skip('')", False),
    ],
)
def test_reasons_are_recognized(text, expected):
    call = ast.parse(text).body[0].value
    assert is_skip(call)
    assert has_reason(call) is expected


def test_no_hint_names_a_command_that_destroys():
    """An error that advised one cost somebody all records. What redaction prints to purge git is no hint."""
    destroys = re.compile(r"rm -|--hard|--force|clean -|checkout -f|branch -D")
    named = [
        f"{name}:{node.value.lineno} {text.value}"
        for name, path in modules().items()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.keyword) and node.arg == "hint"
        for text in ast.walk(node.value)
        if isinstance(text, ast.Constant) and isinstance(text.value, str) and destroys.search(text.value)
    ]
    # `revert` and `absorb` write an event over what others did, which stays in the history.
    written_over = ("--force reverts", "--force lets the file win")
    assert [line for line in named if not any(words in line for words in written_over)] == []
