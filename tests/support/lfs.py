"""A small vocabulary for tests of blobs that git LFS carries: settings of git with it and without, and its files."""

import hashlib
import json
import os
import shutil
import subprocess
import sys

from journal.format.pointer import Pointer, encode_pointer
from journal.store.blobs import lfs_blob_path

LFS_BYTES = 2048
"""From which size on blobs are for git LFS in these tests."""

HAS_GIT_LFS = shutil.which("git-lfs") is not None
WHY_NOT = "git-lfs is not installed"

DATA = b"\0invoice \xff" * 1000
SHA = hashlib.sha256(DATA).hexdigest()
POINTER = encode_pointer(Pointer(SHA, len(DATA)))
PATH = lfs_blob_path(SHA)

_PLAIN = """\
[user]
  name = Ana
  email = ana@example.org
[init]
  defaultBranch = main
[protocol "file"]
  allow = always
[gc]
  auto = 0
"""
_FILTER = """\
[filter "lfs"]
  clean = git-lfs clean -- %f
  smudge = git-lfs smudge -- %f
  process = git-lfs filter-process
  required = true
"""


def use_settings(folder, monkeypatch, *, has_filter):
    """Let git have settings of its own in this test, with git LFS set up or not."""
    for name in list(os.environ):
        if name.startswith("GIT_") or name in ("EMAIL", "XDG_CONFIG_HOME"):
            monkeypatch.delenv(name)
    path = os.path.join(os.fspath(folder), "gitconfig")
    with open(path, "w", encoding="utf-8") as file:
        file.write(_PLAIN + (_FILTER if has_filter else ""))
    monkeypatch.setattr("journal.upkeep.lfs_setup.pause", lambda seconds: None)
    monkeypatch.setenv("HOME", os.fspath(folder))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", path)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def switch(root, lfs_bytes=LFS_BYTES):
    """Set from which size on blobs of a store are for git LFS; None switches it off."""
    path = os.path.join(os.fspath(root), "journal.toml")
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file.read().splitlines(keepends=True) if not line.startswith("lfs_bytes")]
    at = lines.index("[options]\n") + 1
    with open(path, "w", encoding="utf-8") as file:
        file.writelines([*lines[:at], *([] if lfs_bytes is None else [f"lfs_bytes = {lfs_bytes}\n"]), *lines[at:]])


def git(folder, *words, check=True, data=None, **options):
    """Run git with this test's settings and return what it prints."""
    ended = subprocess.run(["git", *map(str, words)], cwd=folder, capture_output=True, input=data, **options)
    assert not check or ended.returncode == 0, (words, ended.stdout, ended.stderr)
    return ended.stdout.decode("utf-8", "surrogateescape")


def object_at(folder, sha256):
    """Return where git LFS has bytes in a clone."""
    return os.path.join(os.fspath(folder), ".git", "lfs", "objects", sha256[:2], sha256[2:4], sha256)


def full(root, path=PATH):
    """Return a path of a store."""
    return os.path.join(os.fspath(root), *path.split("/"))


def write(path, data):
    """Put a file there as git does: a new inode, renamed into place."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(f"{path}.incoming", "wb") as file:
        file.write(data)
    os.replace(f"{path}.incoming", path)


def let_age(path):
    """Let a file be older than this second, so that git trusts its times."""
    found = os.stat(path)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns - 5 * 10**9))


_STANDS_IN = """\
#!{python}
import json, os, shutil, subprocess, sys
hub, server, log = {hub!r}, {server!r}, {log!r}
at = subprocess.run(["git", "--git-dir", hub, "for-each-ref"], capture_output=True, text=True).stdout
with open(log, "a") as file:
    file.write(json.dumps([sys.argv[1:], at]) + "\\n")
said = open({said!r}).read() if os.path.exists({said!r}) else ""
print(said)
if said:
    sys.exit(2)
storage = os.path.join(os.environ["GIT_DIR"], "lfs", "objects")
def place(top, oid):
    return os.path.join(top, oid[:2], oid[2:4], oid)
if sys.argv[1] == "push":
    for oid in sys.argv[4:]:
        os.makedirs(server, exist_ok=True)
        shutil.copy(place(storage, oid), os.path.join(server, oid))
if sys.argv[1] == "fetch":
    for oid in os.listdir(server):
        os.makedirs(os.path.dirname(place(storage, oid)), exist_ok=True)
        shutil.copy(os.path.join(server, oid), place(storage, oid))
"""


class StandIn:
    """What stands in for git-lfs: ``asked`` is what it was asked for; once it was told what to ``say`` it fails."""

    def __init__(self, folder, hub):
        self.folder, self.log, self.said = folder, folder / "log", folder / "said"
        self.server = folder / "server"
        self.server.mkdir()
        text = _STANDS_IN.format(
            python=sys.executable, hub=str(hub), server=str(self.server), log=str(self.log), said=str(self.said)
        )
        (folder / "git-lfs").write_text(text)
        (folder / "git-lfs").chmod(0o755)

    def asked(self):
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines]

    def verbs(self):
        return [words[0] for words, _ in self.asked()]

    def say(self, text):
        self.said.write_text(text) if text else self.said.unlink()
