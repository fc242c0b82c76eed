"""The pages are true: what they show runs and prints what they say, what they link to and name is there."""

import inspect
import re
import shutil
import sys
from functools import cached_property
from pathlib import Path

import pytest
from sources import ROOT, modules, pages
from transcripts import Block, Command, blocks, commands, compare, run, run_snippet, run_snippets

import journal
from journal import JournalError
from journal.disk.files import OsFiles
from journal.store.config import read_config

DOCS = ROOT / "docs"
API = DOCS / "api.md"
TRANSCRIPTS = [page for page in pages() if blocks(page, "console")]


def name_of(page):
    return page.relative_to(ROOT).as_posix()


# -- what the pages show ----------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("bash") is None, reason="the transcripts are of a POSIX shell")
@pytest.mark.skipif(shutil.which("git") is None, reason="the transcripts use git")
@pytest.mark.parametrize("page", TRANSCRIPTS, ids=name_of)
def test_a_transcript_is_what_happens(page, tmp_path):
    problems = run(page, tmp_path)
    assert not problems, "\n\n".join(problems)


def test_the_newcomers_pages_have_transcripts():
    assert {"README.md", "docs/guide.md"} <= set(map(name_of, TRANSCRIPTS))
    assert len(commands(DOCS / "guide.md")) > 40


@pytest.mark.parametrize("page", [page for page in pages() if blocks(page, "python")], ids=name_of)
def test_the_snippets_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    if page.name != "format.md":
        journal.Journal.init(".")
    run_snippets(page)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_a_configuration_that_is_shown_can_be_read(page, tmp_path):
    """A part of a file is made whole by what it leaves out."""
    for block in blocks(page, "toml"):
        head = "" if "format =" in block.text else 'format = 1\nstore = "st_0123456789abcdefghjkmnpqrs"\n'
        (tmp_path / "journal.toml").write_text(head + block.text, encoding="utf-8")
        read_config(OsFiles(), str(tmp_path))


# -- what the pages name ----------------------------------------------------------------------------


def anchor(title):
    """Return the anchor that a title gets on a forge."""
    return re.sub(r"[^\w\- ]", "", title.replace("`", "")).strip().lower().replace(" ", "-")


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_link_leads_somewhere(page):
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8"))):
        if target.startswith(("https://", "mailto:")):
            continue
        path, _, fragment = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        titles = re.findall(r"^#+ (.+)$", other.read_text(encoding="utf-8"), re.MULTILINE) if other.is_file() else []
        if not other.exists() or (fragment and fragment not in map(anchor, titles)):
            broken.append(target)
    assert broken == []


def test_the_index_of_the_pages_has_every_page():
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    missing = [
        page.name for page in sorted(DOCS.glob("*.md")) if page.name != "README.md" and f"({page.name})" not in index
    ]
    assert missing == []


def test_a_test_that_is_named_exists():
    """docs/guarantees.md names the tests that show each guarantee."""
    text = (DOCS / "guarantees.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w./]+)(?:::(\w+))?`", text)
    assert len(named) >= 7
    wrong = [
        f"{path}::{test}" if test else path
        for path, test in named
        if not (ROOT / path).exists() or (test and f"def {test}(" not in (ROOT / path).read_text(encoding="utf-8"))
    ]
    assert wrong == []


def test_every_guarantee_names_a_test():
    sections = (DOCS / "guarantees.md").read_text(encoding="utf-8").split("\n## ")[1:]
    numbered = [section for section in sections if section[0].isdigit()]
    assert len(numbered) == 7
    assert all("`tests/" in section and "does not mean" in section for section in numbered)


def test_a_path_of_the_sources_that_is_named_exists():
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:journal|cli|tests|docs)/[\w./]*)`", text))
    assert len(named) > 10
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_the_ladder_that_is_drawn_is_the_one_that_is_checked():
    import tomllib

    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    checked = [[room.strip(" ()") for room in layer.split("|")] for layer in contracts[0]["layers"]]
    (drawing,) = [block.text for block in blocks(DOCS / "architecture.md", "text") if "errors" in block.text]
    positions = [min(drawing.index(f" {room} ") for room in layer) for layer in checked]
    assert positions == sorted(positions)


def test_the_terms_of_the_glossary_are_used():
    glossary = DOCS / "glossary.md"
    terms = re.findall(r"\*\*([^*]+)\*\*", glossary.read_text(encoding="utf-8"))
    rest = [*(page for page in pages() if page != glossary), *modules().values()]
    text = " ".join(re.sub(r"\s+", " ", page.read_text(encoding="utf-8").lower()) for page in rest)
    assert len(terms) > 40
    unused = {term for term in terms if not re.search(rf"\b{stem(term)}", text)}
    assert unused == set()


def stem(term):
    """Return the beginning of a term that all its forms have."""
    return re.escape(term.lower().rstrip("es")) if len(term) > 4 else re.escape(term.lower())


# -- the Python interface ---------------------------------------------------------------------------


def public_members(kind):
    return [name for name, _ in inspect.getmembers(kind) if not name.startswith("_")]


def test_every_public_name_has_a_title():
    titles = " ".join(re.findall(r"^#+ (.+)$", API.read_text(encoding="utf-8"), re.MULTILINE))
    missing = [name for name in journal.__all__ if not name.endswith("Error") and f"`{name}`" not in titles]
    missing += [f"Journal.{name}" for name in public_members(journal.Journal) if f"`Journal.{name}`" not in titles]
    members = [name for name in public_members(journal.Transaction) if f"`Transaction.{name}`" not in titles]
    assert missing + members == []


def shown_signature(name):
    """Return the signature of a method as the page has it."""
    function = inspect.getattr_static(journal.Journal, name)
    function = getattr(function, "__func__", function)
    if isinstance(function, property | cached_property):
        return f"Journal.{name}"
    parameters = list(inspect.signature(function).parameters.values())[1:]
    parts = []
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
        parts.append(f"{parameter.name}{default}")
    return f"Journal.{name}({', '.join(parts)})"


def test_every_signature_is_as_shown():
    text = re.sub(r"\s+", " ", API.read_text(encoding="utf-8"))
    wanted = [shown_signature(name) for name in public_members(journal.Journal)]
    assert [signature for signature in wanted if f"`{signature}`" not in text] == []


def test_the_table_of_errors_is_complete():
    names = [name for name in journal.__all__ if name.endswith("Error")]
    kinds = sorted((getattr(journal, name) for name in names), key=lambda kind: (kind.exit_status, kind.code))
    table = "\n".join(
        f"| `{kind.__name__}` | `{kind.code}` | {kind.exit_status} | {first_sentence(kind)} |" for kind in kinds
    )
    assert table in API.read_text(encoding="utf-8"), f"the table should be:\n{table}"


def first_sentence(kind):
    return re.sub(r"\s+", " ", inspect.getdoc(kind) or "").split(". ")[0].rstrip(".") + "."


def test_every_error_is_public_and_has_a_code_of_its_own():
    kinds = JournalError.__subclasses__()
    ours = [kind for kind in kinds if kind.__module__ == "journal.errors"]
    assert {kind.__name__ for kind in ours} <= set(journal.__all__)
    codes = [kind.code for kind in (JournalError, *ours)]
    assert len(set(codes)) == len(codes)


def test_the_api_is_typed_for_its_users():
    """``api_types.py`` uses the package as a caller would; it is checked, never run."""
    import subprocess

    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--follow-imports=silent",
            str(Path(__file__).parent / "api_types.py"),
            *map(str, sorted((ROOT / "docs" / "examples").glob("*.py"))),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


# -- the tests of the pages can fail ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "said", "status", "right"),
    [
        (["a  b"], "a b\n", 0, True),
        (["a"], "a\n", 1, False),
        (["a"], "b\n", 0, False),
        ([], "b\n", 0, False),
        (["a", "…", "z"], "a\nb\nc\nz\n", 0, True),
        (["a", "…", "z"], "a\nb\n", 0, False),
        (["3@k3f9x2a7b4c5d"], "3@zzzzzzzzzzzzz\n", 0, True),
        (["3@k3f9x2a7b4c5d"], "4@k3f9x2a7b4c5d\n", 0, False),
        (["journal: no"], "journal: no\n", 3, True),
        (["journal: no"], "journal: no\n", 0, False),
    ],
)
def test_a_transcript_that_differs_is_seen(shown, said, status, right):
    assert (compare(Command("…", shown, 1), said, status) is None) is right


def test_a_value_that_differs_is_seen():
    run_snippet(Block("python", "x = 1\nx + 1  # → 2\n", 0), {}, "page")
    with pytest.raises(AssertionError, match="page:1"):
        run_snippet(Block("python", "1 + 1  # → 3\n", 0), {}, "page")
