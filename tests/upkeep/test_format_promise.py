"""The promise of the format: a newer one is refused at every door, older ones are read, and a store can be moved up."""

import os
import re
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from journal import FormatError, GitError, Journal, NewerFormatError
from journal.format.limits import FORMAT
from journal.format.lines import seal, unseal
from journal.upkeep.merging import merge_files
from journal.upkeep.migrating import format as formats
from tests.support.cuts import Cut, CutFiles
from tests.support.stores import clone, new_store
from tests.support.worktree import WorkTree

GOLDEN = Path(__file__).parent.parent / "golden"
LATER = FORMAT + 1


def say_format(store, version: object = LATER, rest: str = 'needs = "3.1"\n') -> None:
    """Make a store say that it has another format."""
    path = Path(store) / "journal.toml"
    path.write_text(path.read_text().replace(f"format = {FORMAT}\n", f"format = {version}\n{rest}"))


def all_files(folder) -> dict[str, bytes]:
    """Return everything below a folder, ``local/`` too."""
    return {str(path): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


@pytest.fixture
def work(tmp_path, monkeypatch):
    for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"):
        monkeypatch.setenv(name, "Ana")
    for name in ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "ana@example.org")
    work = WorkTree(tmp_path / "work")
    with work.open() as journal:
        journal.put("plan", "a", {"title": "a"})
    work.commit_all()
    return work


def test_a_store_of_a_newer_format_is_not_opened_and_says_which_version_it_needs(tmp_path):
    root = new_store(tmp_path)
    say_format(root)
    before = all_files(root)
    with pytest.raises(NewerFormatError, match=rf"has format {LATER}, which needs git-journal 3\.1 or later") as caught:
        Journal.open(store=root)
    assert caught.value.path.endswith("journal.toml")
    assert "upgrade" in caught.value.hint
    assert all_files(root) == before


@pytest.mark.parametrize("rest", ["", 'needs = "\\u001b[31m"\n', f'needs = "{"9" * 99}"\n', "needs = 3\n"])
def test_what_is_no_version_is_not_repeated(tmp_path, rest):
    root = new_store(tmp_path)
    say_format(root, rest=rest)
    with pytest.raises(NewerFormatError, match="needs a later version of git-journal"):
        Journal.open(store=root)


def test_a_newer_format_is_told_even_where_nothing_else_can_be_read(tmp_path):
    """Its file may be of a syntax that is not known here."""
    root = new_store(tmp_path)
    say_format(root, rest="[[[ new = syntax\n")
    with pytest.raises(NewerFormatError):
        Journal.open(store=root)


@pytest.mark.parametrize("version", [0, -1, '"1"', "1.0", "true", "[]"])
def test_what_is_no_format_is_an_error_of_the_file(tmp_path, version):
    root = new_store(tmp_path)
    say_format(root, version)
    with pytest.raises(FormatError) as caught:
        Journal.open(store=root)
    assert not isinstance(caught.value, NewerFormatError)


def test_init_changes_nothing_in_a_newer_store(tmp_path):
    root = new_store(tmp_path)
    say_format(root)
    os.remove(f"{root}/.gitignore")
    before = all_files(root)
    with pytest.raises(NewerFormatError):
        Journal.init(tmp_path)
    assert all_files(root) == before


def test_a_store_that_is_open_is_left_alone_when_a_newer_one_is_checked_out(work):
    work.git("switch", "-q", "-c", "newer")
    say_format(work.store)
    work.commit_all("newer")
    work.git("switch", "-q", "main")
    with work.open() as journal, work.open() as another:
        journal.get("plan", "a")
        another.put("plan", "b", {})
        work.commit_all("more")
        work.git("switch", "-q", "newer")
        before = all_files(work.store)
        for call in (
            lambda: journal.get("plan", "a"),
            journal.list,
            lambda: journal.put("plan", "c", {}),
            lambda: another.delete("plan", "b"),
            lambda: another.doctor(fix=True),
            lambda: another.commit("x"),
        ):
            with pytest.raises(NewerFormatError):
                call()
        assert all_files(work.store) == before
        work.git("switch", "-q", "main")
        assert journal.get("plan", "a").data == {"title": "a"}
        assert journal.put("plan", "c", {}).rev == 1


def test_the_merge_driver_leaves_a_newer_store_to_git(work, monkeypatch):
    monkeypatch.chdir(work.path)
    for name, title in (("base", "a"), ("ours", "b"), ("theirs", "c")):
        (work.path / name).write_text(f'{{"title": "{title}"}}\n')
    say_format(work.store)
    before = all_files(work.path)
    with pytest.raises(NewerFormatError):
        merge_files("base", "ours", "theirs", ".journal/entities/plan/a.json")
    assert all_files(work.path) == before


def test_a_hook_writes_nothing_in_a_newer_store(work):
    say_format(work.store)
    before = all_files(work.store)
    with pytest.raises(NewerFormatError), work.open() as journal:
        journal.run_hook("post-merge", ["0"])
    assert all_files(work.store) == before


def test_a_newer_store_that_a_remote_has_is_fetched_and_not_merged(tmp_path, work):
    hub = tmp_path / "hub.git"
    work.git_at(None, "clone", "-q", "--bare", str(work.path), str(hub))
    other = WorkTree(tmp_path / "other", clone_of=SimpleNamespace(path=hub))
    say_format(other.store)
    other.commit_all("newer")
    other.git("push", "-q")
    work.git("remote", "add", "origin", str(hub))
    work.git("fetch", "-q")
    work.git("branch", "-q", "--set-upstream-to=origin/main")
    before = {path: data for path, data in all_files(work.store).items() if "/local/" not in path}
    head = work.git("rev-parse", "HEAD")
    with work.open() as journal:
        with pytest.raises(NewerFormatError, match=r"needs git-journal 3\.1"):
            journal.sync()
        assert journal.get("plan", "a").rev == 1
    assert {path: data for path, data in all_files(work.store).items() if "/local/" not in path} == before
    assert work.git("rev-parse", "HEAD") == head


def test_a_branch_with_a_newer_store_is_not_attached(work, tmp_path):
    plain = tmp_path / "plain"
    WorkTree.git_at(None, "init", "-q", "-b", "main", str(plain))
    WorkTree.git_at(plain, "commit", "-q", "--allow-empty", "-m", "code")
    root, _ = Journal.init(plain, branch="state")
    with Journal.open(store=root) as journal:
        journal.commit("one")
    say_format(root)
    WorkTree.git_at(root, "commit", "-qam", "newer")
    WorkTree.git_at(None, "clone", "-q", str(plain), str(tmp_path / "clone"))
    with pytest.raises(NewerFormatError):
        Journal.init(tmp_path / "clone", branch="state")
    assert not (tmp_path / "clone" / ".journal").exists()


# -- segments ---------------------------------------------------------------------------------------


def with_a_later_segment(folder) -> tuple[str, str]:
    """Make a store in which one segment is of a later format; return it and the segment's name."""
    root = new_store(folder / "one")
    with Journal.open(store=root) as journal:
        journal.put("plan", "a", {"n": 1})
    other = clone(root, folder / "two")
    with Journal.open(store=other) as journal:
        journal.put("plan", "a", {"n": 2})
    (name,) = set(os.listdir(f"{other}/segments")) - set(os.listdir(f"{root}/segments"))
    head, _, rest = Path(f"{other}/segments/{name}").read_bytes().partition(b"\n")
    fields = unseal(head + b"\n")
    fields.pop("crc", None)
    later = seal({**fields, "format": LATER}) + rest
    return root, Path(shutil.move(_written(folder / name, later), f"{root}/segments/{name}")).name


def _written(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize("is_known", [True, False], ids=["an index is there", "everything is read anew"])
def test_a_segment_of_a_later_format_is_refused_by_readers_and_writers(tmp_path, is_known):
    root, name = with_a_later_segment(tmp_path)
    if not is_known:
        shutil.rmtree(f"{root}/local")
    with Journal.open(store=root) as journal:
        for _ in range(2):
            with pytest.raises(NewerFormatError, match=f"segment has format {LATER}") as caught:
                journal.get("plan", "a")
            assert caught.value.path.endswith(name)
            with pytest.raises(NewerFormatError):
                journal.put("plan", "b", {})
        os.remove(f"{root}/segments/{name}")
        assert journal.get("plan", "a").data == {"n": 1}
        assert journal.put("plan", "b", {}).rev == 1


def test_a_refused_read_lets_no_later_write_pass_however_long_it_waits(tmp_path):
    root, _ = with_a_later_segment(tmp_path)
    shutil.rmtree(f"{root}/local")
    time.sleep(0.1)  # a time stamp of a folder counts from then on
    with Journal.open(store=root) as journal:
        with pytest.raises(NewerFormatError):
            journal.get("plan", "a")
        with pytest.raises(NewerFormatError):
            journal.put("plan", "b", {})


def test_doctor_tells_of_it_and_repairs_nothing(tmp_path):
    root, name = with_a_later_segment(tmp_path)
    before = {path: data for path, data in all_files(root).items() if "/local/" not in path}
    with Journal.open(store=root) as journal:
        for options in ({}, {"fix": True}, {"verify": True}, {"fix": True, "accept_loss": True}):
            report = journal.doctor(**options)
            assert [item.code for item in report.findings if item.severity == "error"] == ["newer-format"]
            assert name in str(report.findings[0].path)
    assert {path: data for path, data in all_files(root).items() if "/local/" not in path} == before


# -- older formats ----------------------------------------------------------------------------------


def golden_formats() -> list[int]:
    return sorted(int(path.name.removeprefix("format")) for path in GOLDEN.iterdir() if path.name.startswith("format"))


def test_every_released_format_has_a_golden_store():
    assert golden_formats() == list(range(1, FORMAT + 1))


@pytest.mark.parametrize("version", golden_formats())
def test_a_store_of_every_released_format_is_read_and_written(version, tmp_path):
    golden, root = GOLDEN / f"format{version}", tmp_path / ".journal"
    shutil.copytree(golden, root)
    segments = sorted((root / "segments").iterdir())
    store = re.search(rb'"store":"(st_[0-9a-z]+)"', segments[0].read_bytes())[1].decode()
    (root / "journal.toml").write_text(f'format = {version}\nstore = "{store}"\n')
    shutil.rmtree(root / "entities")
    with Journal.open(store=root) as journal:
        journal.reconcile()
        for path in (golden / "entities").rglob("*.json"):
            assert (root / path.relative_to(golden)).read_bytes() == path.read_bytes()
        assert journal.put("plan", "new", {"title": "x"}).rev == 1
    assert [path.read_bytes() for path in segments] == [
        path.read_bytes() for path in sorted((golden / "segments").iterdir())
    ]


# -- moving up --------------------------------------------------------------------------------------


@pytest.fixture
def next_format(monkeypatch):
    """A version of git-journal that knows a format more, which has another README."""
    step = formats.Step("3.1", lambda engine: {"README.md": b"# A journal of the next format\n"})
    monkeypatch.setattr(formats, "STEPS", {FORMAT: step})
    for module in ("journal.upkeep.migrating.format", "journal.store.config"):
        monkeypatch.setattr(f"{module}.FORMAT", LATER)


def test_the_newest_format_is_left_as_it_is(work):
    before = all_files(work.store)
    with work.open() as journal:
        assert journal.migrate_format() == formats.FormatMigrated(FORMAT, FORMAT)
    assert {path for path in all_files(work.store) if "/local/" not in path} == {
        path for path in before if "/local/" not in path
    }
    assert formats.STEPS == {}


def test_a_store_moves_up_in_one_commit_of_its_own_that_git_can_revert(work, next_format):
    old = {path: data for path, data in all_files(work.store).items() if "/local/" not in path}
    with work.open() as journal:
        journal.put("plan", "late", {})
        told = journal.migrate_format(dry_run=True)
        assert (told.before, told.after, told.files, told.commit) == (1, 2, ("README.md", "journal.toml"), None)
        assert Path(work.store, "README.md").read_bytes() == old[str(work.store / "README.md")]
        done = journal.migrate_format()
        assert journal.get("plan", "late").rev == 1
        assert journal.put("plan", "later", {}).rev == 1
        assert journal.migrate_format().before == LATER
    changed = work.git("show", "--name-only", "--format=%s", done.commit).split()
    assert changed == ["journal:", "format", "2", ".journal/README.md", ".journal/journal.toml"]
    assert Path(work.store, "journal.toml").read_text().count('format = 2\nneeds = "3.1"\n') == 1
    work.commit_all("more")
    work.git("revert", "--no-edit", done.commit)
    assert {path: data for path, data in all_files(work.store).items() if path in old and "segments" not in path} == {
        path: data for path, data in old.items() if "segments" not in path
    }


def test_a_store_that_moved_up_is_refused_by_the_version_before(work, next_format, monkeypatch):
    with work.open() as journal:
        journal.migrate_format()
    monkeypatch.setattr("journal.store.config.FORMAT", FORMAT)
    with pytest.raises(NewerFormatError, match=rf"format {LATER}, which needs git-journal 3\.1"):
        work.open()


def test_without_git_there_is_no_way_back_so_it_is_not_done(tmp_path, next_format):
    root = new_store(tmp_path)
    config = Path(root, "journal.toml")
    config.write_text(config.read_text().replace(f"format = {LATER}", f"format = {FORMAT}"))
    with Journal.open(store=root) as journal, pytest.raises(GitError):
        journal.migrate_format()


def migrate_until(work, folder, calls) -> int | None:
    """Migrate a copy, with the power cut at a call, and again; return how many calls a whole run makes."""
    shutil.copytree(work.path, folder)
    files = CutFiles(calls)
    try:
        Journal.open(folder, files=files).migrate_format()
    except Cut:
        files = None
    with Journal.open(folder) as again:
        assert again.get("plan", "a").rev == 1
        again.migrate_format()
        again.commit()
        assert again.doctor().ok
    shown = [WorkTree.git_at(folder, "show", f"HEAD:.journal/{name}") for name in ("journal.toml", "README.md")]
    assert "format = 2" in shown[0]
    assert shown[1] == "# A journal of the next format\n"
    shutil.rmtree(folder)
    return len(files.log) if files is not None else None


STEPS_OF_CUTS = [pytest.param(1, marks=pytest.mark.soak), 11]


@pytest.mark.parametrize("stride", STEPS_OF_CUTS)
def test_a_migration_that_is_cut_at_any_call_is_whole_after_another_run(work, next_format, tmp_path, stride):
    calls = migrate_until(work, tmp_path / "whole", -1)
    assert calls > stride
    for cut in range(calls % stride, calls, stride):
        assert migrate_until(work, tmp_path / "cut", cut) is None
