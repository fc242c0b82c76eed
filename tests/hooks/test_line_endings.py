"""Goal: no setting of line endings, on either side, touches a byte of the truth or of a projection."""

import os

import pytest
from hooks_support import World

from journal import Journal

SETTINGS = [
    {"core.autocrlf": "true"},
    {"core.autocrlf": "input"},
    {"core.eol": "crlf"},
    {"core.autocrlf": "true", "core.eol": "crlf", "core.safecrlf": "true"},
]
ATTRIBUTES = ["", "* text=auto\n", "* text eol=crlf\n", "*.jsonl text eol=crlf\n*.json text eol=crlf\n*.gz text\n"]


def bytes_of(world):
    """Return all files of the store that git has, as they are on the disk."""
    return {path: world.read(path) for path in world.git("ls-files", "-z", ".journal").split("\0") if path}


def assert_untouched(world, before):
    for path, text in bytes_of(world).items():
        assert b"\r" not in text.replace(b"\\r", b"") or path.endswith(".gz"), path
        assert before.get(path, text) == text, path


def two_sides(world):
    world.put("p1", text="one\r\ntwo\n", a=1)
    world.put("p2", a=1)
    with Journal.open(world.folder) as journal:
        journal.checkpoint()
        journal.put("plan", "long", {"text": "x" * 70_000})
    world.commit_all()
    world.git("switch", "-q", "-c", "side")
    world.put("p1", text="three\r\n", a=1)
    world.commit_all()
    world.git("switch", "-q", "main")
    world.put("p2", a=2)
    world.commit_all()


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: " ".join(f"{k}={v}" for k, v in settings.items()))
@pytest.mark.parametrize("attributes", [ATTRIBUTES[0], ATTRIBUTES[2]], ids=["no attributes", "all text"])
def test_clone_checkout_add_and_merge_leave_every_byte(copy_of, settings, attributes):
    world = copy_of(two_sides)
    if attributes:
        world.write(".gitattributes", attributes)
        world.git("add", ".gitattributes")
        world.git("commit", "-q", "-m", "attributes")
    options = [item for name, value in settings.items() for item in ("-c", f"{name}={value}")]
    folder = os.path.join(os.path.dirname(world.folder), "clone")
    world.git(*options, "clone", "-q", *(item.replace("-c", "--config") for item in options), world.folder, folder)
    clone = World(folder)
    before = bytes_of(world)
    assert bytes_of(clone) == before
    clone.git("switch", "-q", "side")
    clone.git("switch", "-q", "main")
    clone.git("merge", "-q", "--no-edit", "origin/side")
    assert_untouched(clone, {path: text for path, text in before.items() if "/entities/" not in path})
    clone.put("p2", a=3, text="a\r\nb")
    ended = clone.run("git", "add", "-A")
    assert ended.stderr == "", "git says nothing of line ends that it would change"
    clone.git("commit", "-q", "-m", "on the clone")
    assert clone.git("status", "--porcelain") == ""
    with Journal.open(folder) as journal:
        assert journal.get("plan", "p1").data["text"] == "three\r\n"
        assert [finding.code for finding in journal.doctor().findings if finding.severity != "info"] == []


@pytest.mark.parametrize("attributes", ATTRIBUTES[1:])
def test_attributes_of_the_user_count_for_no_file_of_the_store(copy_of, attributes):
    world = copy_of(two_sides)
    world.write(".gitattributes", attributes)
    paths = [path for path in bytes_of(world) if not path.endswith((".gitignore", ".gitattributes"))]
    said = world.git("check-attr", "-z", "text", "--", *paths).split("\0")
    assert set(said[2::3]) == {"unset"}
