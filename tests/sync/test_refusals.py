"""Goal: a remote that refuses, hangs or lies gets a clear error, nobody is asked, and nothing is lost."""

import os
import pty
import socket
import subprocess
import threading
import time

import pytest
from servers import http_server
from sync_support import git

from journal import GitError, Journal, JournalError, LockTimeoutError, OfflineError, UsageError
from journal.disk.lock import StoreLock


@pytest.fixture
def one(hub):
    clone = hub.attached("one")
    clone.put("plan", "p1", title="Ship")
    clone.sync()
    return clone


def assert_refused(clone, pattern):
    """A sync fails with words that match, status 7, and the event is committed here."""
    clone.put("plan", "p2", title="Kept")
    with pytest.raises(GitError, match=pattern) as raised:
        clone.sync(timeout_seconds=5)
    assert raised.value.hint
    status, said = clone.run("sync", "--timeout", 5)
    assert status == 7, said
    assert "Traceback" not in said
    assert set(clone.documents()) == {("plan", "p1"), ("plan", "p2")}
    assert git(clone.store, "status", "--short") == ""
    clone.assert_sound()


def test_a_hook_that_declines_is_final(hub, one):
    hub.hook("pre-receive", "echo 'only on fridays' >&2; exit 1")
    assert_refused(one, r"refused the push:.*pre-receive hook declined.*only on fridays")
    (hub.path / "hooks" / "pre-receive").unlink()
    assert one.sync().pushed is True


def test_a_protected_branch_is_final(hub, one):
    hub.hook("update", 'test "$1" != refs/heads/journal')
    assert_refused(one, "refused the push:.*hook declined")


def test_a_checked_out_branch_of_the_remote_is_final(hub, one):
    git(hub.folder, "clone", "-q", "-b", "journal", hub.path, "worked-on")
    one.git("remote", "set-url", "origin", str(hub.folder / "worked-on"))
    assert_refused(one, "refused the push:.*branch is currently checked out")


def test_a_remote_that_is_no_repository_is_named(hub, one):
    one.git("remote", "set-url", "origin", str(hub.folder / "nowhere"))
    assert_refused(one, "does not appear to be a git repository")


@pytest.mark.parametrize("refusal", [401, 403, 404])
def test_a_web_server_that_refuses_asks_nobody(hub, one, refusal):
    with http_server(hub) as (url, server):
        one.git("remote", "set-url", "origin", url)
        server.refusal = refusal
        began = time.monotonic()
        assert_refused(one, "could not fetch origin/journal")
        assert time.monotonic() - began < 10


def test_a_password_is_not_asked_for_without_a_terminal(hub, one):
    """A controlling terminal alone is no reason to ask: nobody may sit there."""
    with http_server(hub) as (url, server):
        one.git("remote", "set-url", "origin", url)
        server.refusal = 401
        controller, terminal = pty.openpty()
        process = one.start("sync", "--timeout", 5, stdin=subprocess.DEVNULL, preexec_fn=lambda: _take(terminal))
        out, err = process.communicate(timeout=20)
        os.close(terminal)
        os.set_blocking(controller, False)
        assert process.returncode == 7, (out, err)
        with pytest.raises(OSError):
            os.read(controller, 100)
        os.close(controller)


def _take(terminal):
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def test_a_web_server_in_trouble_counts_as_offline(hub, one):
    with http_server(hub) as (url, server):
        one.git("remote", "set-url", "origin", url)
        server.refusal = 503
        with pytest.raises(OfflineError):
            one.sync(timeout_seconds=5)


def test_a_server_that_never_answers_is_left(hub, one, monkeypatch):
    monkeypatch.setattr("journal.git.transport._PATIENCE_SECONDS_MIN", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        met = []
        threading.Thread(target=lambda: met.append(server.accept()[0]), daemon=True).start()
        one.git("remote", "set-url", "origin", f"git://127.0.0.1:{server.getsockname()[1]}/hub.git")
        began = time.monotonic()
        with pytest.raises(OfflineError, match="did not answer"):
            one.sync(timeout_seconds=0.5)
        assert time.monotonic() - began < 5
        for connection in met:
            connection.close()
    assert not list((one.path / ".git").rglob("*.lock"))


def test_another_sync_that_takes_too_long_is_named(hub, one):
    with (
        StoreLock(str(one.store / "local" / "sync.lock")).held(1),
        pytest.raises(LockTimeoutError, match="another sync"),
    ):
        one.sync(timeout_seconds=0.1)


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_a_timeout_that_is_none_is_refused(one, seconds):
    with pytest.raises(UsageError, match="timeout"):
        one.sync(timeout_seconds=seconds)


def test_others_who_are_always_faster_end_it_in_time(hub, one):
    hub.hook("update", "echo busy >&2; exit 0")
    lock = hub.path / "refs" / "heads" / "journal.lock"
    lock.write_text("")
    one.put("plan", "p2", title="Kept")
    began = time.monotonic()
    with pytest.raises(GitError, match=r"others were faster at \d+ attempts"):
        one.sync(timeout_seconds=1)
    assert 0.3 < time.monotonic() - began < 8
    lock.unlink()
    assert one.sync().pushed is True


@pytest.mark.parametrize("name", ["pre-commit", "commit-msg", "pre-push"])
def test_the_hooks_of_the_code_do_not_run_on_the_stores_own_branch(hub, one, name):
    add_hook(one, name)
    one.put("plan", "p2", title="Two")
    assert one.sync().pushed is True


def test_the_hooks_of_the_code_may_refuse_on_its_branch(hub):
    one = hub.clone("one")
    Journal.init(one.path)
    one.put("plan", "p1", title="Ship")
    one.sync()
    one.put("plan", "p2", title="Kept")
    add_hook(one, "pre-push")
    with pytest.raises(GitError, match=r"could not push.*not today"):
        one.sync()
    assert one.git("status", "--short") == ""
    assert one.sync(verify=False).pushed is True


def add_hook(clone, name):
    hook = clone.path / ".git" / "hooks" / name
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)


def test_both_changed_the_configuration(hub, one):
    two = hub.attached("two")
    for clone, line in ((one, "[types.a]\nfanout = true\n"), (two, "[types.b]\nfanout = true\n")):
        with open(clone.store / "journal.toml", "a") as file:
            file.write(line)
        clone.put("plan", clone.path.name, title="Kept")
    one.sync()
    with pytest.raises(GitError, match=r"both sides changed journal\.toml") as raised:
        two.sync()
    assert "merge origin/journal" in raised.value.hint
    assert git(two.store, "status", "--short") == ""
    git(two.store, "merge", "-q", "-X", "ours", "--no-edit", "origin/journal")
    two.sync()
    one.sync()
    assert set(one.documents()) == {("plan", "one"), ("plan", "two"), ("plan", "p1")}
    assert one.everything() == two.everything()


def test_another_store_on_the_branch_is_refused(hub, one):
    two = hub.clone("two")
    two.git("remote", "remove", "origin")
    Journal.init(two.path, branch="journal")
    two.put("plan", "mine", title="Mine")
    two.git("remote", "add", "origin", hub.path)
    with pytest.raises(GitError, match="holds another store"):
        two.sync()
    assert set(two.documents()) == {("plan", "mine")}


@pytest.mark.parametrize("place", ["segments/000000000099-aaaaaaaaaaaaa.jsonl", "journal.toml", "notes"])
def test_a_link_that_somebody_pushed_is_not_followed(hub, one, place):
    evil = hub.folder / "evil"
    git(hub.folder, "clone", "-q", "-b", "journal", hub.path, evil)
    (evil / place).unlink(missing_ok=True)
    os.symlink("/etc/hosts", evil / place)
    git(evil, "add", "-A")
    git(evil, "commit", "-qm", "a link")
    git(evil, "push", "-q")
    one.put("plan", "p2", title="Kept")
    with pytest.raises(JournalError, match="no plain file"):
        one.sync()
    assert not os.path.islink(one.store / place)


def test_what_somebody_tracked_below_local_is_not_written(hub, one):
    evil = hub.folder / "evil"
    git(hub.folder, "clone", "-q", "-b", "journal", hub.path, evil)
    (evil / "local").mkdir()
    (evil / "local" / "tip").write_text("mine now")
    git(evil, "add", "-f", "local")
    git(evil, "commit", "-qm", "local")
    git(evil, "push", "-q")
    before = (one.store / "local" / "tip").read_bytes()
    one.put("plan", "p2", title="Kept")
    one.sync()
    assert b"mine now" not in before + (one.store / "local" / "tip").read_bytes()
    assert set(one.documents()) == {("plan", "p1"), ("plan", "p2")}


def test_another_branch_that_is_checked_out_meanwhile_is_left_alone(hub, monkeypatch):
    from journal.git.transport import Transport

    one = hub.clone("one")
    Journal.init(one.path)
    one.put("plan", "p1", title="Ship")
    real = Transport.fetch

    def fetch(*words):
        one.git("switch", "-q", "-c", "other")
        return real(*words)

    monkeypatch.setattr(Transport, "fetch", fetch)
    with pytest.raises(GitError, match="another branch was checked out meanwhile"):
        one.sync()
    assert hub.git("for-each-ref", "--format=%(refname)").split() == ["refs/heads/main"]
