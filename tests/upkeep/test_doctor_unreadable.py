"""Goal: what cannot be read is a finding with its path, nothing is concluded from it, and no repair touches it."""

import errno
import json
import os
import subprocess
import sys

import pytest
from doctored import copy_of, git, make_template

from journal import Journal
from journal.disk.files import OsFiles
from tests.support.faults import FilesThatCannotBeRead


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    store = make_template(tmp_path_factory.mktemp("unreadable") / "store", with_git=True)
    with store.open() as journal:
        journal.kv.put("a/b", 1)
    git(store.folder, "add", "-A")
    git(store.folder, "commit", "-q", "-m", "all")
    return store


@pytest.fixture
def store(template, tmp_path):
    return copy_of(template, tmp_path / "store")


def doctor(store, code, *paths, verify=False, fix=False, accept_loss=False):
    files = FilesThatCannotBeRead(code, *(store.path(path) for path in paths))
    with Journal.open(store.folder, files=files) as journal:
        return journal.doctor(verify=verify, fix=fix, accept_loss=accept_loss)


def worse(report):
    return [(finding.code, finding.path) for finding in report.findings if finding.severity != "info"]


def everything(store):
    """Return the paths of all files and folders of the truth, of the projections, and the store's own files."""
    found = [".gitignore", ".gitattributes"]
    for folder in ("segments", "archive", "checkpoints", "blobs", "entities", "kv"):
        for place, _, names in os.walk(store.path(folder)):
            inner = os.path.relpath(place, store.root)
            found += [inner, *(f"{inner}/{name}" for name in names[:2])]
    return found


def test_whatever_cannot_be_read_is_a_finding_with_its_path_and_nothing_else_is_found(store):
    before = store.tree()
    for path in everything(store):
        for options in ({"verify": True}, {"verify": True, "fix": True, "accept_loss": True}):
            report = doctor(store, errno.EIO, path, **options)
            assert worse(report) == [("unreadable", path)], (path, options)
            assert all(finding.hint for finding in report.findings if finding.severity != "info")
            assert report.fixed == (), path
    assert store.tree() == before
    assert store.doctor(verify=True).ok


def test_what_cannot_be_read_of_the_truth_is_an_error_and_of_what_is_derived_a_warning(store):
    for path, severity in ((store.files("segments")[1], "error"), (store.blob(), "error"), ("entities", "warning")):
        (found,) = (item for item in doctor(store, errno.EACCES, path).findings if item.code == "unreadable")
        assert (found.severity, found.message) == (severity, "cannot be read: permission denied")
        assert "right to read" in found.hint


def test_several_that_cannot_be_read_are_all_named_and_damage_beside_them_is_found_and_repaired(store):
    first, _, third = store.files("segments")[:3]
    store.flip(third)
    paths = (first, store.files("archive")[0], store.blob())
    found = worse(doctor(store, errno.EIO, *paths))
    assert {("unreadable", path) for path in paths} < set(found)
    assert ("damaged", third) in found
    report = doctor(store, errno.EIO, *paths, fix=True)
    assert any(sentence.startswith(f"put {third} back as it was") for sentence in report.fixed)
    assert sorted(worse(report)) == sorted(("unreadable", path) for path in paths)
    assert store.doctor(verify=True).ok


def test_what_cannot_be_read_is_not_accepted_as_lost(store):
    report = doctor(store, errno.EIO, store.files("segments")[1], fix=True, accept_loss=True)
    assert report.fixed == ()
    assert not any(store.doctor(verify=True).fixed)
    with store.open() as journal:
        assert not [event for event in journal.log() if "damage" in json.dumps(event.data or {})]


def test_a_blob_that_cannot_be_read_changes_no_state_and_no_projection(store):
    before = store.answers()
    report = doctor(store, errno.EIO, store.blob(), verify=True, fix=True)
    assert not [finding for finding in report.findings if finding.code.startswith(("state-", "index-", "projection-"))]
    assert store.answers() == before


def test_what_is_no_file_where_this_work_tree_remembers_is_named_and_gives_way(store):
    for name in ("tip", "lane.json", "opening", "index.db", "merged"):
        if os.path.lexists(store.path(f"local/{name}")):
            store.remove(f"local/{name}")
        os.makedirs(store.path(f"local/{name}"))
    names = [f"local/{name}" for name in ("index.db", "lane.json", "merged", "opening", "tip")]
    assert sorted(worse(store.doctor())) == [("unsafe-path", name) for name in names]
    report = store.doctor(fix=True)
    assert report.ok
    assert len(report.fixed) == len(names)
    assert store.doctor(verify=True).ok


def test_no_folder_where_this_work_tree_remembers_is_an_error(store):
    store.remove("local")
    store.write("local", b"")
    assert worse(store.doctor(verify=True)) == [("unsafe-path", "local")]


def test_own_files_that_are_none_give_way(store):
    for name in (".gitignore", "README.md"):
        store.remove(name)
        os.makedirs(store.path(name))
    (found,) = (item for item in store.doctor().findings if item.path == ".gitignore")
    assert (found.code, found.message) == ("own-file-missing", "is no file")
    report = store.doctor(fix=True)
    assert report.ok
    assert os.path.isfile(store.path(".gitignore"))
    assert os.path.isfile(store.path("README.md"))


@pytest.mark.parametrize("place", ["entities/plan", "entities", "kv"])
@pytest.mark.parametrize("kind", ["link", "dangling", "file"])
def test_what_is_in_the_way_of_a_folder_of_projections_gives_way_and_what_a_link_leads_to_is_left(
    store, tmp_path, place, kind
):
    outside = tmp_path / "outside"
    if kind != "dangling":
        for name in ("p0.json", "plan/p0.json", "a%2fb.json"):
            (outside / name).parent.mkdir(parents=True, exist_ok=True)
            (outside / name).write_text("precious")
    store.remove(place)
    if kind == "file":
        store.write(place, b"{}")
    else:
        os.symlink(outside, store.path(place))
    found = worse(store.doctor())
    assert [item for item in found if item[0] != "git-unreadable"] == [("projection-strange", place)]
    report = store.doctor(fix=True)
    assert report.ok, report.findings
    assert os.path.isdir(store.path(place))
    assert not os.path.islink(store.path(place))
    if kind != "dangling":
        assert all((outside / name).read_text() == "precious" for name in ("p0.json", "plan/p0.json", "a%2fb.json"))
    assert store.doctor(verify=True).ok


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_nobody_waits_at_a_named_pipe(store):
    paths = (
        ".gitignore",
        ".gitattributes",
        store.blob(),
        store.files("segments")[1],
        "local/home.json",
        "entities/plan/p0.json",
    )
    for path in paths:
        store.remove(path)
        os.mkfifo(store.path(path))
    program = "import sys; from journal.cli import main; sys.exit(main(['doctor', '--verify', '--json']))"
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=store.folder, capture_output=True, timeout=60, check=False
    )
    assert ended.returncode == 20, ended.stderr
    told = {finding["path"] for finding in json.loads(ended.stdout)["findings"]}
    assert set(paths) <= told


def test_who_may_not_look_into_git_has_a_journal_all_the_same(store):
    private = os.path.join(store.folder, ".git", "")

    class FilesWithoutGit(OsFiles):
        def stat(self, path):
            if path.startswith(private):
                raise PermissionError(errno.EACCES, "Permission denied", path)
            return super().stat(path)

    with Journal.open(store.folder, files=FilesWithoutGit()) as journal:
        journal.put("plan", "p0", {"n": 99})
        assert journal.get("plan", "p0").data == {"n": 99}
        assert journal.doctor().ok  # that git itself may not look is git-unreadable, as elsewhere
    assert store.doctor(verify=True).ok
