"""Goal: the user's hooks and signing are honoured, see our paths only, and cannot change what is committed."""

import os
import shutil
import stat
import subprocess

import pytest

from journal.errors import GitError
from journal.git import hooks

A = ".journal/entities/plan/a.json"
SEGMENT = ".journal/segments/1.jsonl"


def hook(work, name, script, folder=".git/hooks"):
    path = work.path(f"{folder}/{name}")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(f"#!/bin/sh\n{script}\n")
    os.chmod(path, stat.S_IRWXU)


def state(work):
    return work.git("rev-parse", "HEAD"), work.git("ls-files", "-s"), work.status()


def staged(work):
    work.write("staged", b"s\n")
    work.git("add", "staged")


def test_a_refusing_pre_commit_hook_stops_the_commit_and_leaves_everything(work):
    staged(work)
    hook(work, "pre-commit", "echo no way; exit 1")
    changes = {A: b"x\n"}
    work.changes(changes)
    before = state(work)
    with pytest.raises(GitError, match="pre-commit hook refused the commit: no way"):
        work.commit(changes)
    assert state(work) == before
    work.assert_sound()


def test_hooks_see_our_paths_and_not_what_the_user_staged(work):
    staged(work)
    hook(
        work, "pre-commit", "git diff --cached --name-only >seen; echo $GIT_AUTHOR_NAME >>seen; git ls-files -m >>seen"
    )
    work.commit({A: b"x\n", SEGMENT: b"1\n"})
    assert work.read("seen").decode().split() == [A, SEGMENT, "Ana"]
    assert work.touched_by() == {A, SEGMENT}
    os.unlink(work.path("seen"))
    assert work.status() == "A  staged\n"
    work.assert_sound()


def test_no_verify_skips_pre_commit_and_commit_msg_only(work):
    hook(work, "pre-commit", "exit 1")
    hook(work, "commit-msg", "exit 1")
    hook(work, "prepare-commit-msg", 'echo "$2" >>"$1"')
    work.commit({A: b"x\n"}, "subject", verify=False)
    assert work.git("log", "-1", "--format=%B").split() == ["subject", "message"]


def test_a_message_hook_may_change_the_message(work):
    hook(work, "commit-msg", 'printf "\\nRefs: 7  \\n\\n" >>"$1"')
    work.commit({A: b"x\n"}, "subject")
    assert work.git("log", "-1", "--format=%B") == "subject\n\nRefs: 7\n\n"


def test_a_message_hook_that_empties_the_message_stops_the_commit(work):
    hook(work, "commit-msg", ': >"$1"')
    before = work.git("rev-parse", "HEAD")
    with pytest.raises(GitError, match="message"):
        work.commit({A: b"x\n"})
    assert work.git("rev-parse", "HEAD") == before
    work.assert_sound()


def test_hooks_path_is_honoured_relative_to_the_work_tree(work):
    work.git("config", "core.hooksPath", "tools/hooks")
    hook(work, "pre-commit", "exit 1", folder=".git/hooks")
    hook(work, "commit-msg", 'echo from tools >>"$1"', folder="tools/hooks")
    work.commit({A: b"x\n"}, "subject")
    assert "from tools" in work.git("log", "-1", "--format=%B")


def test_a_hook_that_is_not_executable_is_not_run(work):
    hook(work, "pre-commit", "exit 1")
    os.chmod(work.path(".git/hooks/pre-commit"), 0o644)
    assert work.commit({A: b"x\n"}) is not None


def test_post_commit_runs_after_the_lock_is_gone_and_its_failure_is_passed_over(work):
    hook(work, "post-commit", "test ! -e .git/index.lock && git rev-parse HEAD >seen; exit 1")
    result = work.commit({A: b"x\n"})
    assert work.read("seen").decode().strip() == result.commit


def test_a_hook_that_formats_our_files_is_refused(work):
    hook(work, "pre-commit", f"echo formatted >{A}; git add {A}")
    before = work.git("rev-parse", "HEAD"), work.git("ls-files", "-s")
    with pytest.raises(GitError, match="changed a file of the journal"):
        work.commit({A: b"x\n"})
    assert (work.git("rev-parse", "HEAD"), work.git("ls-files", "-s")) == before
    work.assert_sound()


def test_what_a_hook_adds_besides_stays_out_of_our_commit(work):
    hook(work, "pre-commit", "echo 1 >generated; git add generated")
    work.commit({A: b"x\n"})
    assert work.touched_by() == {A}
    assert work.status() == "?? generated\n"


def test_hooks_run_mid_merge(work):
    work.git("checkout", "-q", "-b", "side")
    work.user_commits("readme", b"side\n")
    work.git("checkout", "-q", "main")
    work.user_commits("readme", b"main\n")
    work.git("merge", "side", check=False)
    hook(work, "pre-commit", "git diff --cached --name-only >>seen")
    work.commit({A: b"x\n"})
    assert work.read("seen").decode() == f"{A}\n"
    assert work.status() == "UU readme\n?? seen\n"


def test_hooks_run_in_a_first_commit(empty):
    hook(empty, "pre-commit", "git diff --cached --name-only >>seen")
    empty.commit({A: b"x\n"})
    assert empty.read("seen").decode() == f"{A}\n"
    empty.assert_sound()


def test_a_reference_transaction_hook_hears_of_the_move(work):
    hook(work, "reference-transaction", 'test "$1" != prepared || cat >>seen')
    result = work.commit({A: b"x\n"})
    assert f"{result.commit} refs/heads/main" in work.read("seen").decode()
    assert work.git("rev-parse", "HEAD").strip() == result.commit


def test_a_reference_transaction_hook_may_refuse(work):
    hook(work, "reference-transaction", 'test "$1" != prepared')
    before = work.git("rev-parse", "HEAD"), work.git("ls-files", "-s")
    with pytest.raises(GitError, match="did not move"):
        work.commit({A: b"x\n"})
    assert (work.git("rev-parse", "HEAD"), work.git("ls-files", "-s")) == before


def test_hooks_run_with_a_git_that_cannot_run_them_itself(work, monkeypatch):
    monkeypatch.setattr(hooks, "_git_runs_hooks", lambda repository: False)
    hook(work, "pre-commit", "git diff --cached --name-only >seen")
    hook(work, "commit-msg", 'echo added >>"$1"')
    work.commit({A: b"x\n"}, "subject")
    assert work.read("seen").decode() == f"{A}\n"
    assert "added" in work.git("log", "-1", "--format=%B")
    hook(work, "pre-commit", "echo no; exit 3")
    with pytest.raises(GitError, match="refused the commit: no"):
        work.commit({A: b"y\n"})


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="signing needs ssh-keygen")
def test_a_configured_ssh_signature_is_made(work, tmp_path):
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    (tmp_path / "signers").write_text(f"ana@example.com {(tmp_path / 'key.pub').read_text()}")
    work.git("config", "commit.gpgsign", "true")
    work.git("config", "gpg.format", "ssh")
    work.git("config", "user.signingkey", str(key))
    work.git("config", "gpg.ssh.allowedSignersFile", str(tmp_path / "signers"))
    staged(work)
    work.commit({A: b"x\n"}, "signed: é")
    assert work.git("log", "-1", "--format=%G? %s").strip() == "G signed: é"
    assert work.touched_by() == {A}
    assert work.status() == "A  staged\n"
    work.assert_sound()


def test_a_signature_that_cannot_be_made_is_an_error_and_nothing_changes(work):
    work.git("config", "commit.gpgsign", "true")
    work.git("config", "gpg.program", "/bin/false")
    before = state(work)
    with pytest.raises(GitError, match="commit-tree failed"):
        work.commit({A: b"x\n"})
    assert state(work)[:2] == before[:2]
    work.assert_sound()
