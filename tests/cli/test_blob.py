"""Goal: files go into the store and come out of it by one word each."""

import hashlib
import json
import os
import signal
import subprocess
import sys

import pytest
from cli_support import until

from tests.support.lfs import DATA as LARGE
from tests.support.lfs import PATH as LARGE_PATH
from tests.support.lfs import POINTER, switch, use_settings
from tests.support.lfs import SHA as LARGE_SHA
from tests.support.lfs import write as write_file

DATA = b"\x89PNG \r\n\xff"
SHA = hashlib.sha256(DATA).hexdigest()


def test_a_file_is_put_listed_verified_and_saved(work):
    with open(work.path("a.png"), "wb") as file:
        file.write(DATA)
    ref = work("blob", "put", "a.png").json
    assert ref == {"sha256": SHA, "bytes": len(DATA), "mime": "image/png"}
    assert SHA in work("blob", "list").out
    assert work("blob", "list", "--json").lines == [{"sha256": SHA, "bytes": len(DATA), "lfs": False, "fetched": True}]
    assert work("blob", "verify", "--json").lines == [{"sha256": SHA, "found": "ok"}]
    work("put", "order", "o1", "--set", f"invoice={work('blob', 'put', 'a.png').out}")
    assert work("get", "order", "o1").json == {"invoice": ref}
    work("blob", "get", "-", "--output", "out", input=work("blob", "put", "a.png").out)
    with open(work.path("out"), "rb") as file:
        assert file.read() == DATA
    with work.started("blob", "get", SHA) as process:
        assert process.communicate(timeout=30)[0] == DATA
    assert work("blob", "get", SHA, terminal=True, status=2).err


def test_a_dash_is_stdin_and_stdout(work):
    ref = work("blob", "put", "-", input="hello").json
    assert work("blob", "get", ref["sha256"], "-o", "-").out == "hello"
    assert work("blob", "get", ref["sha256"], "-o", "-", terminal=True, status=2).err
    assert work("blob", "verify").err == "checked 1 blob: 0 not as they should be\n"


def test_streams_that_are_closed_are_empty_and_take_nothing(work):
    shell = "import os, subprocess, sys; os.close(int(sys.argv[1])); os.execv(sys.executable, sys.argv[2:])"

    def without(stream, *words):
        command = [sys.executable, "-c", shell, str(stream), sys.executable, "-m", "journal.cli", *words]
        return subprocess.run(command, cwd=work.folder, capture_output=True, text=True, timeout=30)

    put = without(0, "blob", "put", "-")
    assert json.loads(put.stdout)["bytes"] == 0, put.stderr
    got = without(1, "blob", "get", json.loads(put.stdout)["sha256"])
    assert (got.returncode, got.stdout, got.stderr) == (0, "", "")


def test_what_is_missing_or_wrong_is_told_by_the_status(work):
    assert work("blob", "get", SHA, status=3).err
    assert work("blob", "get", "short", status=2).err
    assert work("blob", "put", "nothing", status=3).err
    assert work("blob", "verify", SHA, status=20).out == f"{SHA}  missing\n"
    work("blob", "put", "-", "--mime", "text/plain", input="hello")
    (stored,) = work("blob", "list", "--json").lines
    with open(work.store("blobs", stored["sha256"][:2], stored["sha256"]), "wb") as file:
        file.write(b"hullo")
    assert work("blob", "verify", status=20).out == f"{stored['sha256']}  damaged\n"
    assert work("blob", "get", stored["sha256"], status=20).out == ""
    assert work("blob", "put", "-", "--mime", "nonsense", input="x", status=6).err


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_in_the_middle_leaves_nothing_behind(work, number):
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("whoever runs this has it ignored, as nohup does, and so it stays")
    with work.started("blob", "put", "-", stdin=subprocess.PIPE) as process:
        process.stdin.write(b"x" * 3_000_000)
        process.stdin.flush()
        until(lambda: [name for name in os.listdir(work.store("blobs")) if name.endswith(".journal-tmp")])
        process.send_signal(number)
        process.wait(30)
        assert process.stdout.read() == b""
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert os.listdir(work.store("blobs")) == []


@pytest.fixture
def carried(work):
    """A blob that git LFS carries, and of which only the pointer is here."""
    switch(work.store())
    with open(work.path("large"), "wb") as file:
        file.write(LARGE)
    work("blob", "put", "large")
    write_file(work.store(*LARGE_PATH.split("/")), POINTER)
    return work


def test_what_is_not_fetched_is_told_and_is_no_finding(carried):
    assert "are with git LFS, and not here" in carried("blob", "get", LARGE_SHA, status=3).err
    assert "git lfs pull" in carried("blob", "get", LARGE_SHA, "--output", "out", status=3).err
    assert not os.path.exists(carried.path("out"))
    (line,) = [line for line in carried("blob", "list").out.splitlines() if LARGE_SHA in line]
    assert line.split() == [LARGE_SHA, f"{len(LARGE):,}", "not", "fetched"]
    assert carried("blob", "list", "--json").lines == [
        {"sha256": LARGE_SHA, "bytes": len(LARGE), "lfs": True, "fetched": False}
    ]
    assert carried("blob", "verify", "--json").lines == [{"sha256": LARGE_SHA, "found": "not-fetched"}]
    ended = carried("blob", "verify")
    assert ended.out == f"{LARGE_SHA}  not-fetched\n"
    assert "0 not as they should be; 1 with git LFS and not fetched" in ended.err
    carried("blob", "put", "large")
    assert carried("blob", "verify", "--json").lines == [{"sha256": LARGE_SHA, "found": "ok"}]
    assert "yes" in carried("blob", "list").out


def test_a_list_without_such_blobs_says_nothing_of_git_lfs(work):
    work("blob", "put", "-", input="hello")
    assert "LFS" not in work("blob", "list").out


@pytest.mark.parametrize("has_filter", [True, False])
def test_init_switches_git_lfs_on_and_says_what_is_missing(work, tmp_path, monkeypatch, has_filter):
    use_settings(tmp_path, monkeypatch, has_filter=has_filter)
    ended = work("init", "--lfs")
    assert "there is a store already" in ended.out
    assert "blobs of 1,048,576 bytes and more go through git LFS" in ended.out
    assert ("git lfs install" in ended.err) is not has_filter
    form = work("init", "--lfs", "--json")
    assert (form.json["new"], form.json["lfs_bytes"]) == (False, 1_048_576)
    assert work("init", "--json").json["lfs_bytes"] is None
    with open(work.store("journal.toml"), encoding="utf-8") as file:
        assert file.read().count("lfs_bytes = 1048576") == 1
    report = work("doctor", "--json", status=None).json
    codes = [finding["code"] for finding in report["findings"]]
    assert ("lfs-not-set-up" in codes) is not has_filter
    assert "own-file-altered" not in codes
