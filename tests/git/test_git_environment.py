"""Goal: whose commit it is, whose repository, and which programs are there decides as in git, or is a clear error."""

import os
import shutil
import subprocess
import sys
import time

import pytest
from git_support import FileChange, OsFiles, Work, commit_changes

from journal.disk.gitdir import find_git
from journal.errors import GitError
from journal.git import status
from journal.git.configuration import read_configuration
from journal.git.ignore import ignored_paths
from journal.git.refs import read_head
from journal.git.repository import Repository
from journal.git.unattended import run_unattended

A = ".journal/entities/plan/a.json"
SEGMENT = ".journal/segments/1.jsonl"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def ours(work, **options):
    """Commit without the helper's own calls of git."""
    return commit_changes(work.repository, work.changes({A: b"x\n", SEGMENT: b"1\n"}), "m", files=OsFiles(), **options)


def test_without_a_git_program_a_commit_works(work, monkeypatch):
    work.git("gc", "-q")
    with monkeypatch.context() as context:
        context.setenv("PATH", "/nonexistent")
        result = ours(work)
        assert ignored_paths(work.repository, [A, "x"]) == []
    assert work.git("rev-parse", "HEAD").strip() == result.commit
    assert work.git("log", "-1", "--format=%an") == "Ana\n"
    assert work.status() == ""
    work.assert_sound()


@pytest.mark.parametrize("what", ["hook", "sign", "split"])
def test_what_needs_the_git_program_says_so_where_there_is_none(work, monkeypatch, what):
    if what == "hook":
        work.write(".git/hooks/pre-commit", b"#!/bin/sh\n")
        os.chmod(work.path(".git/hooks/pre-commit"), 0o755)
    elif what == "sign":
        work.git("config", "commit.gpgsign", "true")
    else:
        work.git("update-index", "--split-index")
    before = work.git("rev-parse", "HEAD"), work.git("ls-files", "-s")
    with monkeypatch.context() as context:
        context.setenv("PATH", "/nonexistent")
        with pytest.raises(GitError, match="needs the git program"):
            ours(work)
    assert (work.git("rev-parse", "HEAD"), work.git("ls-files", "-s")) == before
    work.assert_sound()


@pytest.mark.parametrize("git_program", [True, False])
def test_without_an_identity_a_commit_is_refused_and_none_is_guessed(work, isolated_git, monkeypatch, git_program):
    isolated_git.write_text("")
    before = work.git("rev-parse", "HEAD")
    with monkeypatch.context() as context:
        if not git_program:
            context.setenv("PATH", "/nonexistent")
        with pytest.raises(GitError, match="knows no") as raised:
            ours(work)
    assert "git config user.name" in raised.value.hint
    assert work.git("rev-parse", "HEAD") == before
    work.assert_sound()


def test_the_environment_s_identity_and_dates_go_first(work, monkeypatch):
    for name, value in {
        "GIT_AUTHOR_NAME": "Bo", "GIT_AUTHOR_EMAIL": "bo@example.com", "GIT_AUTHOR_DATE": "2020-01-02T03:04:05+02:00",
        "GIT_COMMITTER_NAME": "Cy", "GIT_COMMITTER_EMAIL": "cy@example.com", "GIT_COMMITTER_DATE": "1600000000 -0130",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    ours(work)
    said = work.git("log", "-1", "--format=%an %ae %ad %cn %ce %cd", "--date=raw").strip()
    assert said == "Bo bo@example.com 1577927045 +0200 Cy cy@example.com 1600000000 -0130"


@pytest.mark.parametrize(
    "date", ["@1600000000 +0000", "1600000000", "Sun, 13 Sep 2020 12:26:40 +0000", "2020-09-13T12:26:40Z"]
)
def test_a_date_is_read_as_git_reads_it(work, monkeypatch, date):
    monkeypatch.setenv("GIT_AUTHOR_DATE", date)
    ours(work)
    assert work.git("log", "-1", "--format=%at").strip() == "1600000000"


@pytest.fixture
def tokyo(monkeypatch):
    """Where the first day of the calendar began before the calendar did."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("tokyo")
@pytest.mark.parametrize("date", ["the day before", "0001-01-01T00:00:00"])
def test_an_unreadable_date_is_an_error(work, monkeypatch, date):
    monkeypatch.setenv("GIT_AUTHOR_DATE", date)
    with pytest.raises(GitError, match="GIT_AUTHOR_DATE"):
        ours(work)


def test_an_author_may_be_named(work):
    ours(work, author="Dé Author <d@example.com>")
    assert work.git("log", "-1", "--format=%an %ae %cn").strip() == "Dé Author d@example.com Ana"
    with pytest.raises(GitError, match="Name <mail>"):
        commit_changes(work.repository, [FileChange(A, b"z")], "m", files=OsFiles(), author="nobody")


def test_use_config_only_takes_no_mail_from_the_environment(work, isolated_git, monkeypatch):
    isolated_git.write_text("[user]\n\tname = Ana\n")
    monkeypatch.setenv("EMAIL", "env@example.com")
    work.git("config", "user.useConfigOnly", "true")
    with pytest.raises(GitError, match="mail address"):
        ours(work)
    work.git("config", "user.useConfigOnly", "false")
    ours(work)
    assert work.git("log", "-1", "--format=%ae").strip() == "env@example.com"


@pytest.mark.parametrize("git_program", [True, False])
@pytest.mark.parametrize(
    "pattern", ["{folder}/", "{folder}/.git", "**/work/.git", "work/.git", "~/../work/", "{folder}x/"]
)
def test_conditional_includes_by_folder_are_honoured(work, isolated_git, monkeypatch, git_program, pattern):
    other = isolated_git.parent / "other"
    other.write_text("[user]\n\temail = other@example.com\n")
    real = os.path.realpath(work.folder)
    condition = pattern.format(folder=real)
    with isolated_git.open("a") as file:
        file.write(f'[includeIf "gitdir:{condition}"]\n\tpath = {other}\n')
    expected = work.git("config", "user.email").strip()
    with monkeypatch.context() as context:
        if not git_program:
            context.setenv("PATH", "/nonexistent")
        assert read_configuration(work.repository).get("user.email") == expected


def test_both_ways_to_read_settings_agree(work, isolated_git, monkeypatch):
    with isolated_git.open("a") as file:
        file.write('[hook "Some.Name"]\n\tevent = pre-push\n[a]\n\tempty\n\tmany = 1\n\tMany = "2 # no"\n')
    keys = ["hook.Some.Name.event", "a.empty", "a.many", "core.bare", "user.name", "protocol.file.allow"]
    by_git = read_configuration(work.repository)
    with monkeypatch.context() as context:
        context.setenv("PATH", "/nonexistent")
        by_hand = read_configuration(work.repository)
    assert {key: by_git.all(key) for key in keys} == {key: by_hand.all(key) for key in keys}
    assert by_git.all("a.many") == ["1", "2 # no"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="giving a folder away needs root")
@pytest.mark.parametrize("git_program", [True, False])
def test_another_user_s_repository_is_refused_unless_declared_safe(work, monkeypatch, git_program):
    for folder, folders, names in os.walk(work.folder):
        for name in [".", *folders, *names]:
            os.lchown(os.path.join(folder, name), 12345, 12345)
    program = shutil.which("git")
    with monkeypatch.context() as context:
        if not git_program:
            context.setenv("PATH", "/nonexistent")
        with pytest.raises(GitError, match="does not trust"):
            ours(work)
        subprocess.run([program, "config", "--global", "--add", "safe.directory", work.folder], check=True)
        assert ours(work) is not None


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="giving a folder away needs root")
def test_nothing_that_another_user_s_repository_names_is_run_before_git_trusts_it(work, tmp_path):
    """Git's settings name programs, and git would run them for a mere list of names."""
    ours(work)
    ran, program = tmp_path / "ran", tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho >> {ran}\n")
    program.chmod(0o755)
    work.git("config", "core.fsmonitor", str(program))
    for folder, folders, files in os.walk(work.folder):
        for name in (".", *folders, *files):
            os.lchown(os.path.join(folder, name), 12345, 12345)
    asked = [
        lambda: ignored_paths(work.repository, [A, "x"]),
        lambda: run_unattended(work.repository, ["ls-files"], 10),
        lambda: ours(work),
    ]
    for ask in asked:
        with pytest.raises(GitError, match="does not trust"):
            ask()
        assert not ran.exists()
    work.git("config", "--global", "--add", "safe.directory", work.folder)
    ignored_paths(work.repository, [A, "x"])
    assert ran.exists()


def test_a_bare_repository_is_refused_and_never_found_on_the_way(tmp_path, work):
    bare = work.path("nested/bare")
    subprocess.run(["git", "init", "-q", "--bare", bare], check=True)
    assert Repository.discover(bare).work_tree == os.path.realpath(work.folder)
    work.git("config", "core.bare", "true")
    with pytest.raises(GitError, match="bare"):
        commit_changes(work.repository, [FileChange(A, b"x")], "m", files=OsFiles())


def test_no_repository_is_none_and_a_broken_link_is_an_error(tmp_path):
    assert Repository.discover(str(tmp_path)) is None
    (tmp_path / ".git").write_text("gitdir: nowhere\n")
    with pytest.raises(GitError, match="not there"):
        Repository.discover(str(tmp_path))
    (tmp_path / ".git").write_text("hello\n")
    with pytest.raises(GitError, match="does not name"):
        Repository.discover(str(tmp_path))


def test_a_folder_is_found_through_a_link_and_from_below(work, tmp_path):
    os.makedirs(work.path("a/b"))
    os.symlink(work.path("a/b"), tmp_path / "link")
    assert Repository.discover(str(tmp_path / "link")) == work.repository


def test_an_unknown_repository_format_is_refused(work):
    work.git("config", "core.repositoryformatversion", "7")
    with pytest.raises(GitError, match="format"):
        Repository.discover(work.folder)


def test_git_dir_and_work_tree_of_the_environment_count_where_the_folder_is_inside(work, tmp_path, monkeypatch):
    away = tmp_path / "away.git"
    os.rename(work.path(".git"), away)
    assert Repository.discover(work.folder) is None
    monkeypatch.setenv("GIT_DIR", str(away))
    monkeypatch.setenv("GIT_WORK_TREE", work.folder)
    assert Repository.discover(work.folder).git_dir == os.path.realpath(away)
    assert Repository.discover(str(tmp_path)) is None
    ours(work)
    assert work.git("status", "--porcelain") == ""


def test_git_dir_of_another_repository_is_refused_for_a_folder_that_is_in_one(work, tmp_path, monkeypatch):
    other = tmp_path / "other"
    subprocess.run(["git", "init", "-q", str(other)], check=True)
    monkeypatch.chdir(work.folder)
    monkeypatch.setenv("GIT_DIR", ".git")
    assert Repository.discover(work.folder) == work.repository  # as a hook has it
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    with pytest.raises(GitError, match="another repository") as caught:
        Repository.discover(work.folder)
    assert "unset GIT_DIR" in caught.value.hint
    assert Repository.discover(str(other)).work_tree == os.path.realpath(other)  # the environment speaks of elsewhere
    monkeypatch.setenv("GIT_WORK_TREE", work.folder)
    assert Repository.discover(work.folder).git_dir == os.path.realpath(other / ".git")


def test_a_commit_from_within_a_hook_s_passing_index_is_refused(work, monkeypatch):
    monkeypatch.setenv("GIT_INDEX_FILE", work.path(".git/next-index-1.lock"))
    with pytest.raises(GitError, match="inside a git command"):
        ours(work)
    monkeypatch.setenv("GIT_INDEX_FILE", str(work.path("elsewhere")))
    with pytest.raises(GitError, match="outside"):
        ours(work)
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    assert ours(work) is not None


def test_staging_in_a_pre_commit_hook_reaches_the_commit_under_way(work):
    """Also in ``git commit PATH``, where the hook's index is a passing one."""
    code = (
        "import os; from journal.disk.files import OsFiles; from journal.git.repository import Repository; "
        "from journal.git.commit import *; "
        f"stage_changes(Repository.discover('.'), [FileChange('{A}', open('{A}', 'rb').read())], files=OsFiles())"
    )
    work.write(".git/hooks/pre-commit", f'#!/bin/sh\nPYTHONPATH={ROOT} {sys.executable} -c "{code}"\n'.encode())
    os.chmod(work.path(".git/hooks/pre-commit"), 0o755)
    for number, command in enumerate((["commit", "-q"], ["commit", "-q", "readme"], ["commit", "-q", "-a"])):
        work.write(A, b"%d\n" % number)
        work.write("readme", b"%d\n" % number)
        if len(command) == 2:
            work.git("add", "readme")
        work.git(*command, "-m", "theirs")
        assert work.touched_by() == {A, "readme"}
    work.assert_sound()


@pytest.mark.parametrize("name", ["GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"])
def test_an_environment_that_moves_objects_is_refused(work, monkeypatch, name):
    monkeypatch.setenv(name, "x")
    with pytest.raises(GitError, match=name):
        ours(work)


@pytest.mark.parametrize("setting", ["false", "always", None])
def test_reflogs_follow_the_settings(empty, setting):
    if setting:
        empty.git("config", "core.logAllRefUpdates", setting)
    ours(empty)
    assert os.path.exists(empty.path(".git/logs/HEAD")) is (setting != "false")
    assert os.path.exists(empty.path(".git/logs/refs/heads/main")) is (setting != "false")


def test_head_that_is_malformed_is_an_error(work):
    for content in (b"", b"ref: ../../x\n", b"ref: refs/heads/x.lock\n", b"zzz\n"):
        work.write(".git/HEAD", content)
        with pytest.raises(GitError):
            read_head(Repository.discover(work.folder))


@pytest.mark.parametrize("git_program", [True, False])
def test_ignored_paths_are_told_unless_tracked(work, monkeypatch, git_program):
    work.write(".gitignore", b"*.gz\n*.json\n")
    paths = [".journal/checkpoints/1.gz", A, "b.json", "c.txt"]
    with monkeypatch.context() as context:
        if not git_program:
            context.setenv("PATH", "/nonexistent")
        assert ignored_paths(work.repository, paths) == [".journal/checkpoints/1.gz", "b.json"]
        assert ignored_paths(work.repository, []) == []


def test_a_commit_imports_nothing_large_where_objects_are_loose(work):
    code = (
        "import sys; from journal.disk.files import OsFiles; from journal.git.repository import Repository; "
        "from journal.git.commit import *; "
        f"commit_changes(Repository.discover('.'), [FileChange('{A}', b'y')], 'm', files=OsFiles()); "
        "print([name for name in sys.modules if name.split('.')[0] in ('dulwich', 'urllib3', 'portalocker')])"
    )
    environment = {**os.environ, "PYTHONPATH": ROOT}
    assert subprocess.check_output([sys.executable, "-c", code], cwd=work.folder, env=environment) == b"[]\n"


def test_states_are_read(work):
    repository = work.repository
    first, second = work.git("rev-parse", "HEAD~1", "HEAD").split()
    assert status.head_commit(repository) == second
    trees = [status.tree_of(repository, commit, "") for commit in (first, second)]
    assert status.changed_paths(repository, *trees) == [A, ".journal/journal.toml"]
    assert status.changed_paths(repository, trees[1], trees[1]) == []
    assert status.changed_paths(repository, None, trees[0]) == ["readme"]
    assert status.tree_of(repository, first, ".journal") is None
    assert status.tree_of(repository, second, "readme") is None
    inner = status.tree_of(repository, second, ".journal/entities")
    blob = status.blob_id(b"{}\n", "sha1")
    assert status.tree_entries(repository, inner) == {"plan/a.json": (0o100644, blob)}
    assert status.index_paths(repository, ".journal") == {A, ".journal/journal.toml"}
    assert status.index_paths(repository, "") == {A, ".journal/journal.toml", "readme"}
    assert status.in_progress(repository) is None
    assert read_configuration(repository).get("user.name") == "Ana"
    assert read_configuration(repository).get("no.such") is None


def test_a_file_that_becomes_a_folder_counts_as_both(work):
    work.user_commits("x", b"file")
    old = work.git("rev-parse", "HEAD^{tree}").strip()
    os.unlink(work.path("x"))
    work.user_commits("x/y", b"inside")
    new = work.git("rev-parse", "HEAD^{tree}").strip()
    assert status.changed_paths(work.repository, old, new) == ["x", "x/y"]


def test_a_missing_or_damaged_object_is_an_error(work):
    tree = work.git("rev-parse", "HEAD^{tree}").strip()
    path = work.path(f".git/objects/{tree[:2]}/{tree[2:]}")
    os.chmod(path, 0o644)
    data = work.read(os.path.relpath(path, work.folder))
    for damage in (data[:10], b"", data[:-3] + b"xyz"):
        with open(path, "wb") as file:
            file.write(damage)
        with pytest.raises(GitError, match="damaged"):
            ours(work)
    os.unlink(path)
    with pytest.raises(GitError, match="missing"):
        ours(work)


@pytest.mark.parametrize("has_git", [True, False])
@pytest.mark.parametrize("what", ["bytes", "cut", "empty", "index"])
def test_a_damaged_pack_is_an_error_that_says_so(work, monkeypatch, what, has_git):
    work.git("gc", "-q")
    (name,) = [name for name in os.listdir(work.path(".git/objects/pack")) if name.endswith(".pack")]
    path = work.path(f".git/objects/pack/{name if what != 'index' else name.replace('.pack', '.idx')}")
    os.chmod(path, 0o644)
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write({"cut": data[:50], "empty": b""}.get(what, data[:20] + bytes(byte ^ 0x5A for byte in data[20:])))
    if not has_git:
        monkeypatch.setattr("journal.git.objects.is_installed", lambda: False)
    with pytest.raises(GitError, match=r"damaged|missing"):
        ours(work)


def test_what_a_damaged_pack_holds_is_read_where_there_is_a_sound_copy(work):
    work.git("gc", "-q")
    (name,) = [name for name in os.listdir(work.path(".git/objects/pack")) if name.endswith(".pack")]
    sound = work.read(f".git/objects/pack/{name}")
    os.makedirs(work.path("other/objects/pack"))
    for ending in (".pack", ".idx"):
        shutil.copy(work.path(f".git/objects/pack/{name}").replace(".pack", ending), work.path("other/objects/pack"))
    work.write(".git/objects/info/alternates", os.fsencode(work.path("other/objects")) + b"\n")
    os.chmod(work.path(f".git/objects/pack/{name}"), 0o644)
    work.write(f".git/objects/pack/{name}", sound[:20] + bytes(byte ^ 0x5A for byte in sound[20:]))
    assert ours(work).changed == 2


def test_the_other_storage_of_refs_is_left_to_git(work, monkeypatch):
    """Git itself stands in for it here: its commands do the same for refs in plain files."""
    import dataclasses

    repository = dataclasses.replace(work.repository, ref_storage="reftable")
    assert read_head(repository) == read_head(work.repository)
    before = work.git("rev-parse", "HEAD").strip()
    result = commit_changes(repository, work.changes({A: b"x\n"}), "through git", files=OsFiles())
    assert work.git("rev-parse", "HEAD", "HEAD~1").split() == [result.commit, before]
    assert "through git" in work.git("reflog")
    work.git("checkout", "-q", "--detach")
    assert commit_changes(repository, work.changes({A: b"y\n"}), "m", files=OsFiles()).branch is None
    assert work.status() == ""
    other = Work(work.folder)
    other.git("checkout", "-q", "--orphan", "fresh")
    assert commit_changes(repository, work.changes({SEGMENT: b"z\n"}), "m", files=OsFiles()).branch == "fresh"
    work.assert_sound()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the file system takes UTF-8 names only")
@pytest.mark.parametrize("name", [b"caf\xe9", "no-break\u00a0".encode()], ids=["latin-1", "space"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_branch_that_moves_is_the_one_that_is_checked_out_whatever_its_name(work, name, packed):
    work.git("switch", "-q", "-c", name)
    if packed:
        work.git("pack-refs", "--all")
    ours(work)
    assert work.git("rev-list", "--count", name) == "3\n"
    assert work.git("for-each-ref", "--format=x") == "x\nx\n"
    assert work.status() == ""
    work.assert_sound()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the file system takes UTF-8 names only")
def test_a_folder_whose_name_is_no_utf_8_is_committed(work):
    folder = os.fsdecode(b"caf\xe9")
    for place in (folder, f"{folder}/deeper"):
        work.commit({f"{place}/{A}": b"{}\n", f"{place}/{SEGMENT}": b"1\n"})
        assert ignored_paths(work.repository, [f"{place}/{A}"]) == []
        assert work.status() == ""
    work.stage({f"{folder}/{A}": b"[]\n"})
    assert work.git("diff", "--cached", "--name-only", "-z") == f"{folder}/{A}\0"
    work.git("update-index", "--split-index")
    work.commit({f"{folder}/{A}": b"[1]\n", f"{folder}/{SEGMENT}": None})
    assert work.status() == ""
    work.assert_sound()


def test_a_name_that_is_no_utf_8_is_in_the_commit_as_it_was_given(work, monkeypatch):
    work.git("config", "user.name", b"Ren\xe9")
    monkeypatch.setenv("GIT_AUTHOR_NAME", os.fsdecode(b"Jos\xe9"))
    ours(work)
    assert work.git("log", "-1", "--format=%an %cn", "--encoding=utf-8") == os.fsdecode(b"Jos\xe9 Ren\xe9\n")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the file system takes UTF-8 names only")
def test_a_linked_work_tree_whose_name_is_no_utf_8_is_one(work, tmp_path):
    folder = os.path.join(str(tmp_path), os.fsdecode(b"caf\xe9"))
    work.git("worktree", "add", "-q", folder, "-b", "linked")
    found = find_git(OsFiles(), folder)
    assert found is not None
    assert found.common == work.repository.common_dir
