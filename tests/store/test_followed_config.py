"""An open store follows a configuration that a merge or a person brings, so that all processes give one answer."""

import pytest

from journal import ABSENT, Journal, RefusedError, StoreNotFoundError
from journal.disk.files import OsFiles
from journal.store import config
from journal.store.config import ConfigWatch
from tests.support.stores import configure as set_options
from tests.support.worktree import WorkTree

UNION = '\n[types.plan]\nmerge = { tags = "union" }\n'


@pytest.fixture
def two(tmp_path):
    """Two clones that changed one field at once; the events of the second are still to come."""
    ana = WorkTree(tmp_path / "ana")
    with ana.open(actor="ana") as journal:
        journal.put("plan", "p1", {"tags": ["0"], "n": 0})
    ana.commit_all()
    bob = WorkTree(tmp_path / "bob", clone_of=ana)
    for tree, name in ((ana, "ana"), (bob, "bob")):
        with tree.open(actor=name) as journal:
            journal.put("plan", "p1", set={"tags": [name]})
        tree.commit_all()
    return ana, bob


def configure(tree, text):
    with open(tree.store / "journal.toml", "a") as file:
        file.write(text)


def bring(tree, other):
    tree.git("pull", "-q", "--no-rebase", str(other.path), "main", check=False)


def tags(journal):
    return sorted(journal.get("plan", "p1").data["tags"])


def test_a_process_that_was_open_before_takes_events_in_by_the_new_strategies(two):
    ana, bob = two
    with ana.open() as open_before:
        assert tags(open_before) == ["ana"]
        configure(ana, UNION)
        ana.commit_all()
        with ana.open() as journal:
            assert tags(journal) == ["ana"]
        bring(ana, bob)
        open_before.reconcile()
        assert tags(open_before) == ["ana", "bob"]
        assert open_before.conflicts() == []
        with ana.open() as journal:
            assert tags(journal) == ["ana", "bob"]
            assert journal.doctor(verify=True).ok


def test_an_index_that_follows_another_configuration_is_not_written_to(two, monkeypatch):
    ana, bob = two
    with ana.open() as open_before:
        assert tags(open_before) == ["ana"]
        configure(ana, UNION)
        ana.commit_all()
        with ana.open() as journal:
            assert tags(journal) == ["ana"]
        bring(ana, bob)
        with monkeypatch.context() as patch:
            patch.setattr(ConfigWatch, "check", lambda _: None)  # it came just after the look
            open_before.reconcile()
        with ana.open() as journal:
            assert tags(journal) == ["ana", "bob"]
            assert journal.conflicts() == []
        assert tags(open_before) == ["ana", "bob"]


def test_a_configuration_that_cannot_be_read_is_followed_once_it_can_be(two):
    ana, bob = two
    bring(ana, bob)
    with ana.open() as journal:
        journal.reconcile()
        assert len(journal.conflicts()) == 1
        good = (ana.store / "journal.toml").read_text()
        configure(ana, "<<<<<<< ours\n")
        assert len(tags(journal)) == 1
        (ana.store / "journal.toml").write_text(good + UNION)
        assert tags(journal) == ["ana", "bob"]


def test_what_a_type_may_hold_is_followed_too(two):
    pytest.importorskip("jsonschema")
    ana, _ = two
    with ana.open() as journal:
        journal.schemas.put("plan", {"properties": {"n": {"type": "integer"}}})
        with pytest.raises(RefusedError):
            journal.put("plan", "p1", set={"n": "one"})
        configure(ana, '\n[types.plan]\nschema = "report"\n')
        assert journal.put("plan", "p1", set={"n": "one"}).data["n"] == "one"


def test_who_closes_leaves_index_and_readable_files_as_the_new_configuration_has_them(two, monkeypatch):
    ana, _ = two
    before = ana.open(projections="lazy")
    before.put("plan", "p2", {"n": 2})
    configure(ana, UNION + "fanout = true\n")
    with ana.open() as journal:
        journal.reconcile()
    spread = sorted(path.relative_to(ana.store) for path in (ana.store / "entities").rglob("*.json"))
    assert all(len(path.parts) == 4 for path in spread)
    before._engine.indexing.is_broken = True  # something to bring up to date when it is closed
    before.close()
    assert sorted(path.relative_to(ana.store) for path in (ana.store / "entities").rglob("*.json")) == spread
    with ana.open() as journal:
        monkeypatch.setattr("journal.store.indexing.Indexing._rebuild", None)  # what stands there is for this one
        assert journal.get("plan", "p2").data == {"n": 2}


def test_doctor_goes_by_the_configuration_that_is_here(two):
    ana, _ = two
    with ana.open() as open_before:
        tags(open_before)
        configure(ana, UNION + "fanout = true\n")
        with ana.open() as journal:
            journal.reconcile()
        assert open_before.doctor(verify=True).ok
        assert [finding for finding in open_before.doctor().findings if finding.severity != "info"] == []


def test_a_configuration_that_cannot_be_read_is_read_once(two, monkeypatch):
    ana, _ = two
    read = []
    monkeypatch.setattr(config, "parse_config", lambda *given, true=config.parse_config: read.append(1) or true(*given))
    with ana.open() as journal:
        configure(ana, "[types.plan]\nfanout = 3\n")
        read.clear()
        for number in range(5):
            journal.put("plan", "p1", set={"n": number})
            assert journal.get("plan", "p1").data["n"] == number
        assert len(read) == 1
        configure(ana, "# one more\n")
        tags(journal)
        assert len(read) == 2


def test_a_configuration_that_git_is_just_replacing_is_followed_at_the_next_call(two, monkeypatch):
    ana, _ = two
    with ana.open() as journal:
        configure(ana, '[types.plan]\nprefix = "pln"\n')
        with monkeypatch.context() as patch:
            patch.setattr(OsFiles, "read_at", gone)
            with journal._engine.entered():
                pass
        assert journal.new("plan", {}).id.startswith("pln_")


def gone(_, path, *__):
    raise FileNotFoundError(2, "No such file or directory", path)


def test_another_store_in_its_place_is_neither_read_nor_written_by_who_opened_the_first(two, tmp_path):
    ana, _ = two
    other = WorkTree(tmp_path / "other")
    with ana.open() as journal:
        good = (ana.store / "journal.toml").read_text()
        (ana.store / "journal.toml").write_text((other.store / "journal.toml").read_text())
        files = ana.files("segments")
        for _ in range(2):
            with pytest.raises(StoreNotFoundError, match="another store"):
                journal.put("plan", "p1", set={"n": 7})
            with pytest.raises(StoreNotFoundError, match="another store"):
                journal.get("plan", "p1")
        assert ana.files("segments") == files
        (ana.store / "journal.toml").write_text(good)
        assert journal.put("plan", "p1", set={"n": 7}).data["n"] == 7


def test_the_first_call_of_each_kind_goes_by_the_configuration_that_is_here(tmp_path):
    root, _ = Journal.init(tmp_path / ".journal")
    with Journal.open(tmp_path) as a, Journal.open(tmp_path) as b, Journal.open(tmp_path) as c:
        set_options(root, "lfs_bytes = 4096", '[types.plan]\nprefix = "pln"')
        assert a.new("plan", {}).id.startswith("pln_")
        b.blobs.put(b"x" * 5000)
        assert list((tmp_path / ".journal" / "blobs").rglob("*.lfs"))
        assert c.kv.cas("k", expected=ABSENT, value=1) == 1


def test_who_has_it_open_syncs_rolls_and_shows_as_the_new_configuration_says(tmp_path):
    tree = WorkTree(tmp_path / "ana")
    path = tree.store / "journal.toml"
    with tree.open() as before:
        before.put("plan", "p1", {"n": 0})
        text = path.read_text()
        quick = text.replace('"eager"', '"lazy"').replace('durability = "sync"', 'durability = "os"\nroll_bytes = 4096')
        path.write_text(quick)
        for number in range(30):
            before.put("plan", "p2", {"n": number, "text": "x" * 500})
        assert before._engine.lanes._syncs is False
        assert len(list((tree.store / "segments").iterdir())) > 1
        assert not (tree.store / "entities" / "plan" / "p2.json").exists()
        path.write_text(text)
        before.put("plan", "p3", {"n": 1})
        assert before._engine.lanes._syncs is True
        assert (tree.store / "entities" / "plan" / "p3.json").exists()
    with tree.open(durability="os", projections="lazy") as told:
        told.put("plan", "p4", {"n": 1})
        path.write_text(text + UNION)
        told.put("plan", "p5", {"n": 1})
        assert told._engine.lanes._syncs is False
        assert not (tree.store / "entities" / "plan" / "p5.json").exists()
