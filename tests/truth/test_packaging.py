"""What is installed is what is meant: one package, two commands, two man pages."""

import ast
import email
import functools
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest
from sources import ROOT, installed_as, modules

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel of a copy, in a process of its own, without the network; return it opened."""
    pytest.importorskip("setuptools", minversion="77", reason="building without the network needs setuptools 77")
    folder = tmp_path_factory.mktemp("project")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for name in ("journal", "cli", "hooks", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = "import setuptools.build_meta as b, sys; print(b.build_wheel(sys.argv[1]))"
    ended = subprocess.run(
        [sys.executable, "-c", build, str(folder)], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as file:
        yield file


@functools.cache
def version():
    return PROJECT["project"]["version"]


def test_the_top_level_is_journal_alone(wheel):
    """Nothing claims the names ``cli`` or ``hooks`` in a user's environment."""
    own = {f"git_journal-{version()}.dist-info", f"git_journal-{version()}.data"}
    assert {name.split("/")[0] for name in wheel.namelist()} - own == {"journal"}


def test_every_module_is_in_the_wheel(wheel):
    wanted = {re.sub(r"^(cli|hooks)/", r"journal/\1/", name) for name in modules()}
    assert {name for name in wheel.namelist() if name.endswith(".py")} == wanted


def test_the_package_says_that_it_is_typed(wheel):
    assert "journal/py.typed" in wheel.namelist()


def test_both_commands_and_the_plugin_are_installed(wheel):
    text = wheel.read(f"git_journal-{version()}.dist-info/entry_points.txt").decode()
    assert re.findall(r"^(\S+) = (\S+)$", text, re.MULTILINE) == [
        ("git-journal", "journal.cli:main"),
        ("journal", "journal.cli:main"),
        ("journal-conformance", "journal.conformance.plugin"),
    ]


def test_the_man_pages_are_installed(wheel):
    """``git journal --help`` looks for a man page."""
    pages = {name.rpartition("/")[2] for name in wheel.namelist() if "/data/share/man/man1/" in name}
    assert pages == {"git-journal.1", "journal.1"}


def test_the_license_is_installed(wheel):
    text = next(wheel.read(name).decode() for name in wheel.namelist() if name.endswith("/licenses/LICENSE"))
    assert "Copyright (c) 2026 the git-journal authors" in text


def test_the_metadata_is_complete(wheel):
    fields = email.message_from_bytes(wheel.read(f"git_journal-{version()}.dist-info/METADATA"))
    assert (fields["Name"], fields["License-Expression"]) == ("git-journal", "MIT")
    assert fields["Description-Content-Type"] == "text/markdown"
    needed = {re.split(r"[ <>=!;]", item)[0] for item in fields.get_all("Requires-Dist") if "extra ==" not in item}
    assert needed == {"click", "dulwich", "msgspec", "orjson", "portalocker"}


def test_the_list_of_packages_is_complete(tmp_path):
    folder = installed_as(tmp_path)
    found = {path.parent.relative_to(folder).as_posix().replace("/", ".") for path in folder.rglob("__init__.py")}
    assert set(SETUPTOOLS["packages"]) == found


def test_the_classifiers_name_the_versions_that_are_supported():
    versions = [
        item.rpartition(" ")[2] for item in PROJECT["project"]["classifiers"] if re.search(r"Python :: \d+\.\d+$", item)
    ]
    assert versions == ["3.11", "3.12", "3.13"]
    assert PROJECT["project"]["requires-python"] == f">={versions[0]}"
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{versions[0].replace('.', '')}"
    assert PROJECT["tool"]["mypy"]["python_version"] == versions[0]


def test_the_changelog_has_this_version():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## [{version()}]" in changes
    assert "\n## [Unreleased]" in changes


def test_no_module_needs_a_newer_python_than_is_supported():
    """The tests may run on a newer one, which would not notice."""
    for path in modules().values():
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 11))


def test_importing_the_package_loads_nothing():
    ended = subprocess.run(
        [sys.executable, "-c", "import sys, journal; print(*sorted(n for n in sys.modules if 'journal' in n))"],
        env={**os.environ, "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert [name for name in ended.stdout.split() if not name.startswith("__editable__")] == ["journal"]
