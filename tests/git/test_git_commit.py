"""Goal: a commit of ours holds our paths only, and the user's work, staged or not, is as it was."""

import os
import subprocess
import time
import zlib

import pytest
from git_support import Work

from journal.disk.files import OsFiles
from journal.disk.pieces import PIECE_BYTES
from journal.errors import GitError, UnsafePathError
from journal.git.commit import FileChange, commit_changes
from journal.git.content import StoredFile

A = ".journal/entities/plan/a.json"
B = ".journal/entities/plan/b.json"
SEGMENT = ".journal/segments/000000000001-k3f9x2a7b4c5d.jsonl"


def test_first_commit_of_an_empty_repository_makes_the_branch(empty):
    result = empty.commit({A: b"{}\n"}, "begin")
    assert result.branch == "main"
    assert result.changed == 1
    assert empty.git("rev-parse", "HEAD", "HEAD^{tree}").split() == [result.commit, result.tree]
    assert empty.git("log", "--format=%an <%ae> %cn %s").strip() == "Ana <ana@example.com> Ana begin"
    assert empty.status() == ""
    assert empty.git("reflog").split(" ", 1)[1].strip() == "HEAD@{0}: commit (initial): begin"
    empty.assert_sound()


def test_a_commit_has_git_s_own_form(work):
    work.commit({A: b'{"x":1}\n'}, "\nsubject \n\n\nbody  \n\n")
    ours = work.git("cat-file", "commit", "HEAD").split("\n")
    work.git("commit", "--allow-empty", "-q", "-m", "\nsubject \n\n\nbody  \n\n")
    theirs = work.git("cat-file", "commit", "HEAD").split("\n")
    assert [line.split(" ")[0] for line in ours[:4]] == [line.split(" ")[0] for line in theirs[:4]]
    assert ours[4:] == theirs[4:] == ["", "subject", "", "body", ""]
    assert ours[2].split(" ")[-1] == theirs[2].split(" ")[-1]


def test_nothing_that_differs_is_no_commit(work):
    before = work.git("rev-parse", "HEAD")
    assert work.commit({A: b"{}\n"}) is None
    assert work.commit({B: None}) is None
    assert work.git("rev-parse", "HEAD") == before
    work.assert_sound()


def test_staged_work_of_the_user_stays_staged_and_out_of_our_commit(work):
    work.write("staged", b"s\n")
    work.write("readme", b"changed and staged\n")
    work.git("add", "staged", "readme")
    work.write("readme", b"changed again\n")
    work.write("untracked", b"u\n")
    work.git("rm", "-q", "--cached", ".journal/journal.toml")
    before = work.git("diff", "--cached"), work.git("diff"), work.status()
    work.commit({A: b'{"x":1}\n', SEGMENT: b"1\n"})
    assert (work.git("diff", "--cached"), work.git("diff"), work.status()) == before
    assert work.touched_by() == {A, SEGMENT}
    work.assert_sound()


def test_the_user_s_next_commit_does_not_revert_ours(work):
    work.write("mine", b"m\n")
    work.git("add", "mine")
    work.commit({A: b'{"x":1}\n', SEGMENT: b"1\n"})
    work.git("commit", "-q", "-m", "mine")
    assert work.touched_by() == {"mine"}
    assert work.git("show", f"HEAD:{A}") == '{"x":1}\n'
    work.git("commit", "-q", "--allow-empty", "-a", "-m", "all")
    assert work.touched_by() == set()
    work.assert_sound()


def test_a_staged_older_version_of_our_path_gives_way(work):
    work.write(A, b"old\n")
    work.git("add", A)
    work.commit({A: b"new\n"})
    assert work.status() == ""
    assert work.git("diff", "--cached", "--name-only") == ""


def test_a_removed_path_leaves_commit_index_and_empty_folders(work):
    work.commit({SEGMENT: b"1\n"})
    work.commit({SEGMENT: None, B: b"{}\n"})
    assert work.head_files() == {"readme", ".journal/journal.toml", A, B}
    assert work.status() == ""
    work.assert_sound()


def test_removing_the_last_path_leaves_an_empty_tree(empty):
    empty.commit({A: b"{}\n"})
    result = empty.commit({A: None})
    assert result.tree == empty.git("hash-object", "-t", "tree", "/dev/null").strip()
    assert empty.status() == ""
    empty.assert_sound()


def test_files_sort_among_folders_as_git_sorts_them(work):
    names = ["a.b", "a/x", "a-b", "a0", "ab/c", "ab.c", "a b"]
    work.commit({f"d/{name}": name.encode() for name in names})
    tree = work.git("rev-parse", "HEAD^{tree}")
    work.git("read-tree", "HEAD")
    assert work.git("write-tree") == tree
    work.assert_sound()


def test_the_mode_of_a_file_is_kept(work):
    work.git("update-index", "--chmod=+x", A)
    work.git("commit", "-q", "-m", "executable")
    os.chmod(work.path(A), 0o755)
    work.commit({A: b"changed\n"})
    assert work.git("ls-tree", "HEAD", A).startswith("100755 blob")
    assert work.git("ls-files", "-s", A).startswith("100755")
    assert work.status() == ""


def test_bytes_are_committed_as_given_under_autocrlf(work):
    work.git("config", "core.autocrlf", "true")
    work.write(".gitattributes", b"* text=auto eol=crlf\n")
    work.commit({SEGMENT: b"one\r\ntwo\n"})
    assert subprocess.check_output(["git", "cat-file", "blob", f"HEAD:{SEGMENT}"], cwd=work.folder) == b"one\r\ntwo\n"


@pytest.mark.parametrize("what", ["folder", "link", "submodule", "parent"])
def test_what_stands_in_the_way_is_an_error_and_nothing_changes(work, what):
    if what == "folder":
        work.user_commits(f"{B}/inside", b"x")
        os.unlink(work.path(f"{B}/inside"))
        os.rmdir(work.path(B))
    elif what == "link":
        os.symlink("readme", work.path(B))
        work.git("add", B)
        work.git("commit", "-q", "-m", "link")
        os.unlink(work.path(B))
    elif what == "submodule":
        work.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{B}")
        work.git("commit", "-q", "-m", "module")
    else:
        work.user_commits(".journal/segments", b"a file")
        os.unlink(work.path(".journal/segments"))
    before = work.git("rev-parse", "HEAD"), work.git("ls-files", "-s")
    with pytest.raises(GitError):
        work.commit({SEGMENT if what == "parent" else B: b"1\n"})
    assert (work.git("rev-parse", "HEAD"), work.git("ls-files", "-s")) == before


def test_a_staged_file_where_our_folder_is_to_be_is_an_error(work):
    work.write(".journal/segments", b"a file")
    work.git("add", ".journal/segments")
    os.unlink(work.path(".journal/segments"))
    with pytest.raises(GitError, match="index holds a file"):
        work.commit({SEGMENT: b"1\n"})
    work.assert_sound()


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", "", "a/.git/config", ".GIT/x", "a/./b", "a\0b"])
def test_a_path_that_leaves_the_work_tree_is_refused(work, path):
    with pytest.raises(GitError, match="no path in a work tree"):
        commit_changes(work.repository, [FileChange(path, b"x")], "m", files=OsFiles())


def test_a_file_that_changed_since_shows_as_changed(work):
    change = [FileChange(A, b"committed\n")]
    work.write(A, b"different\n")
    commit_changes(work.repository, change, "ours", files=OsFiles())
    assert work.status() == f" M {A}\n"


@pytest.mark.parametrize("second_ends_while_we_write", [False, True])
def test_a_change_right_after_git_add_is_still_seen_after_our_commit(work, monkeypatch, second_ends_while_we_write):
    """Git sees it by comparing the times of file and index, of which ours is younger."""
    time.sleep(1 - time.time() % 1)
    work.write("readme", b"11111\n")
    work.git("add", "readme")
    work.write("readme", b"22222\n")
    added = os.stat(work.path(".git/index")).st_mtime
    time.sleep(1 - time.time() % 1)
    with monkeypatch.context() as context:
        if second_ends_while_we_write:
            context.setattr(time, "time", lambda: added)
        work.commit({A: b"x\n"})
    assert work.status() == "MM readme\n"


def test_detached_head_moves_alone(work):
    work.git("checkout", "-q", "--detach")
    branch = work.git("rev-parse", "main")
    result = work.commit({A: b"x\n"})
    assert result.branch is None
    assert work.git("rev-parse", "main") == branch
    assert work.git("rev-parse", "HEAD").strip() == result.commit
    assert work.status() == ""
    work.assert_sound()


def test_packed_refs_and_packed_objects_are_read(work):
    work.git("gc", "-q", "--prune=now")
    work.git("pack-refs", "--all", "--prune")
    assert not os.path.exists(work.path(".git/refs/heads/main"))
    result = work.commit({A: b"x\n"})
    assert work.git("rev-parse", "main").strip() == result.commit
    assert work.head_files() == {"readme", ".journal/journal.toml", A}
    work.assert_sound()


def test_a_branch_with_folders_in_its_name_that_is_unborn(empty):
    empty.git("symbolic-ref", "HEAD", "refs/heads/team/ana/work")
    assert empty.commit({A: b"x\n"}).branch == "team/ana/work"
    assert empty.git("reflog", "show", "team/ana/work").count("\n") == 1
    empty.assert_sound()


@pytest.mark.parametrize(("there", "new"), [("a", "a/b"), ("a/b", "a")])
@pytest.mark.parametrize("packed", [True, False])
def test_a_first_commit_where_another_branch_is_in_the_way_is_refused(work, there, new, packed):
    work.git("branch", there)
    if packed:
        work.git("pack-refs", "--all")
    work.git("switch", "-q", "--orphan", new)
    before = work.git("for-each-ref")
    with pytest.raises((GitError, UnsafePathError)):
        work.commit({A: b"{}\n"})
    assert work.git("for-each-ref") == before
    work.git("switch", "-q", "-f", there)
    work.user_commits("goes", b"on\n")
    work.assert_sound()


def test_a_linked_work_tree_commits_on_its_own_branch(work, tmp_path):
    work.git("worktree", "add", "-q", str(tmp_path / "other"), "-b", "other")
    other = Work(tmp_path / "other")
    assert other.repository.common_dir == work.repository.git_dir
    result = other.commit({A: b"other\n"})
    assert result.branch == "other"
    assert (other.status(), work.status()) == ("", "")
    assert work.git("rev-parse", "other").strip() == result.commit
    assert "ours" in other.git("reflog", "HEAD")
    work.commit({A: b"main\n"})
    work.assert_sound()
    other.assert_sound()


def test_a_submodule_commits_in_itself(work, tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    Work(inner).git("init", "-q")
    Work(inner).user_commits("x", b"x")
    work.git("submodule", "--quiet", "add", str(inner), "sub")
    work.git("commit", "-q", "-m", "module")
    module = Work(work.path("sub"))
    module.commit({A: b"x\n"})
    assert module.status() == ""
    assert work.status() == " M sub\n"
    module.assert_sound()


def test_alternates_are_read(work, tmp_path):
    subprocess.run(["git", "clone", "-q", "--shared", work.folder, str(tmp_path / "shared")], check=True)
    clone = Work(tmp_path / "shared")
    clone.commit({A: b"x\n"})
    assert clone.status() == ""
    clone.assert_sound()


def test_a_shallow_clone_commits(work, tmp_path):
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{work.folder}", str(tmp_path / "c")], check=True)
    clone = Work(tmp_path / "c")
    clone.commit({A: b"x\n"})
    assert clone.status() == ""
    clone.assert_sound()


def test_a_sha256_repository_commits(tmp_path):
    folder = tmp_path / "s"
    folder.mkdir()
    work = Work(folder)
    work.git("init", "-q", "--object-format=sha256")
    work.user_commits("readme", b"x\n")
    work.git("gc", "-q", "--prune=now")
    result = work.commit({A: b"x\n", SEGMENT: b"1\n"})
    assert len(result.commit) == 64
    assert work.status() == ""
    assert work.touched_by() == {A, SEGMENT}
    work.assert_sound()


def test_stage_puts_exactly_these_paths_into_the_index(work):
    work.write("other", b"o\n")
    head = work.git("rev-parse", "HEAD")
    assert work.stage({A: b"x\n", B: b"y\n", ".journal/journal.toml": None}) == 3
    assert work.status() == f"M  {A}\nA  {B}\nD  .journal/journal.toml\n?? other\n"
    assert work.stage({A: b"x\n", B: b"y\n"}) == 0
    assert work.git("rev-parse", "HEAD") == head
    work.git("commit", "-q", "-m", "staged")
    assert work.git("show", f"HEAD:{A}") == "x\n"
    work.assert_sound()


def test_an_object_that_a_power_cut_left_empty_is_written_anew(work):
    blob = work.git("hash-object", "-w", "--stdin", data=b"x\n").strip()
    path = work.path(f".git/objects/{blob[:2]}/{blob[2:]}")
    os.unlink(path)
    with open(path, "wb"):
        pass
    work.commit({A: b"x\n"})
    work.assert_sound()


class BesideGc(OsFiles):
    """A disk on which ``git gc`` takes away what it does not need just before we come back to it."""

    def __init__(self, objects, takes):
        self.objects, self.takes, self.taken = objects, takes, []

    def create(self, path, data):
        folder = os.path.dirname(path)
        if self.takes == "folders" and not self.taken and "tmp_obj" in path and not os.listdir(folder):
            self.taken.append(folder)
            os.rmdir(folder)
        super().create(path, data)

    def sync(self, path):
        if self.takes == "objects" and not self.taken and "tmp_obj" not in path and path.startswith(self.objects):
            self.taken.append(path)
            os.unlink(path)
        super().sync(path)


@pytest.mark.parametrize("takes", ["folders", "objects"])
def test_a_commit_goes_on_beside_a_gc(work, takes):
    work.git("hash-object", "-w", "--stdin", data=b"known\n")
    files = BesideGc(work.repository.objects_dir, takes)
    assert work.commit({A: b"known\n", SEGMENT: b"1\n"}, files=files).changed == 2
    assert files.taken
    work.assert_sound()


@pytest.mark.skipif(os.name == "nt", reason="the objects of git's that are there are not written over")
def test_an_object_that_was_left_long_ago_is_written_anew_since_a_gc_may_take_it(work):
    identity = work.git("hash-object", "-w", "--stdin", data=b"left behind\n").strip()
    path = work.path(f".git/objects/{identity[:2]}/{identity[2:]}")
    long_ago = time.time() - 30 * 86_400
    os.utime(path, (long_ago, long_ago))
    work.commit({A: b"left behind\n"})
    assert os.stat(path).st_mtime > long_ago + 86_400
    work.assert_sound()


def test_a_commit_writes_as_many_objects_for_ten_thousand_files_as_for_ten(empty):
    blob = empty.git("hash-object", "-w", "--stdin", data=b"{}\n").strip()
    names = [f".journal/entities/plan/{number % 256:02x}/{number}.json" for number in range(10_000)]
    lines = "".join(f"100644 {blob}\t{name}\n" for name in names)
    empty.git("update-index", "--add", "--index-info", data=lines.encode())
    empty.git("commit", "-q", "-m", "many")
    before = set(empty.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split())
    empty.commit({".journal/entities/plan/07/7.json": b"x\n", SEGMENT: b"1\n"})
    after = set(empty.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split())
    # Two blobs, a commit, and the trees "", .journal, entities, plan, 07, segments.
    assert len(after - before) == 9
    assert empty.git("diff", "--cached", "--name-only") == ""


LARGE = ".journal/blobs/ab/large"


def stored(work, content):
    work.write(LARGE, content)
    return [FileChange(LARGE, StoredFile(work.path(LARGE), len(content)))]


class Frugal(OsFiles):
    """Files of which nobody may take a large piece into memory at once."""

    def __init__(self):
        self.at_once = 0

    def read(self, path):
        found = super().read(path)
        self.at_once = max(self.at_once, len(found))
        return found

    def read_at(self, path, offset, length):
        found = super().read_at(path, offset, length)
        self.at_once = max(self.at_once, len(found))
        return found

    def create(self, path, data):
        self.at_once = max(self.at_once, len(data))
        super().create(path, data)


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, 3 * PIECE_BYTES + 1])
def test_a_stored_file_is_committed_a_piece_at_a_time(work, size):
    content, files = os.urandom(size), Frugal()
    for message in ("first", None):  # the second time git has the object already
        changes = stored(work, content)
        commit_changes(work.repository, changes, message or "again", files=files)
        assert files.at_once <= PIECE_BYTES
        assert work.git("cat-file", "-s", f"HEAD:{LARGE}").strip() == str(size)
        assert work.git("hash-object", LARGE) == work.git("rev-parse", f"HEAD:{LARGE}")
        assert work.status() == ""
        work.git("reset", "-q", "--soft", "HEAD~1")
    work.git("reset", "-q", "--hard")
    work.assert_sound()


def test_an_object_that_a_power_cut_has_spoilt_is_written_again(work):
    content = os.urandom(PIECE_BYTES + 1)
    changes = stored(work, content)
    identity = work.git("hash-object", LARGE).strip()
    path = os.path.join(work.repository.objects_dir, identity[:2], identity[2:])
    os.makedirs(os.path.dirname(path), exist_ok=True)
    whole = zlib.compress(b"blob %d\0" % len(content) + content, 1)
    for spoilt in (b"", b"\0" * 100, whole[:-20], whole + b"x"):
        with open(path, "wb") as file:
            file.write(spoilt)
        commit_changes(work.repository, changes, "ours", files=OsFiles())
        with open(path, "rb") as file:
            assert file.read() == whole
        work.git("reset", "-q", "--soft", "HEAD~1")
    work.git("reset", "-q", "--hard")
    work.assert_sound()


def test_a_stored_file_that_changes_under_the_commit_is_refused_and_leaves_nothing(work):
    class Changing(OsFiles):
        def open_append(self, path, *, create):
            if "tmp_obj" in path:
                work.write(LARGE, b"other".ljust(9))
            return super().open_append(path, create=create)

    before = work.git("rev-parse", "HEAD"), work.git("count-objects")
    with pytest.raises(GitError, match="changed while it was committed"):
        commit_changes(work.repository, stored(work, b"123456789"), "ours", files=Changing())
    assert (work.git("rev-parse", "HEAD"), work.git("count-objects")) == before
    os.unlink(work.path(LARGE))
    assert work.status() == ""
    work.assert_sound()
