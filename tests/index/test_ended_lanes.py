"""Goal: what a new lane's first header says of the end of another counts whichever of the two is here first."""

import errno
import os

import pytest

from journal import Journal
from journal.disk.backend import FileBackend
from journal.errors import NotAppliedError
from journal.format.lines import unseal
from journal.format.segment import Previous, decode_header, encode_header
from tests.support.faults import FaultyFiles
from tests.support.stores import clone, drop_file, new_store, newest_segment, put_file, read_bytes
from tests.support.worktree import WorkTree


@pytest.fixture
def stores(tmp_path):
    """A store, and the texts of two segments by name: of three events, and of one that says: only the first counts."""
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        for number in range(3):
            journal.append("s", "E", {"n": number})
    cut = newest_segment(root)
    with Journal.open(store=clone(root, tmp_path / "other")) as journal:
        journal.append("s", "E", {"n": 3})
        other = newest_segment(journal.root)
    head, rest = read_bytes(other).split(b"\n", 1)
    ended = Previous(os.path.basename(cut).removesuffix(".jsonl"), 0, 1)
    text = encode_header(decode_header(unseal(head + b"\n"))._replace(previous=ended)) + rest
    return root, {os.path.basename(cut): read_bytes(cut), os.path.basename(other): text}


def numbers(journal) -> list[int]:
    return [event.data["n"] for event in journal.read("s")]


def test_it_counts_in_every_order_and_counts_no_more_when_its_header_left(stores, tmp_path):
    root, texts = stores
    cut, other = texts
    here = {cut}
    steps = [({cut, other}, [0, 3]), ({cut}, [0, 1, 2]), ({other}, [3]), ({cut, other}, [0, 3]), ({cut}, [0, 1, 2])]
    with Journal.open(store=root) as journal:
        for at, (wanted, expected) in enumerate(steps):
            for name in wanted - here:
                put_file(root, f"segments/{name}", texts[name])
            for name in here - wanted:
                drop_file(root, f"segments/{name}")
            here = wanted
            assert numbers(journal) == expected
            with Journal.open(store=clone(root, tmp_path / f"clone-{at}")) as fresh:
                assert numbers(fresh) == expected
                assert fresh.doctor(verify=True).ok is (cut in here)
            assert journal.doctor(verify=True).ok is (cut in here)


def test_it_counts_for_a_segment_that_grows_afterwards(stores, tmp_path):
    old, texts = stores
    root = clone(old, tmp_path / "clone")
    cut, other = texts
    lines = texts[cut].splitlines(keepends=True)
    put_file(root, f"segments/{cut}", b"".join(lines[:2]))
    put_file(root, f"segments/{other}", texts[other])
    with Journal.open(store=root) as journal:
        assert numbers(journal) == [0, 3]
        with open(os.path.join(root, "segments", cut), "ab") as file:
            file.writelines(lines[2:])
        assert numbers(journal) == [0, 3]
        assert journal.doctor(verify=True).ok


def test_compaction_leaves_it_while_the_segment_that_it_cuts_off_stays(stores, tmp_path):
    _, texts = stores
    ana = WorkTree(tmp_path / "ana")
    config = read_bytes(os.path.join(stores[0], "journal.toml"))
    put_file(str(ana.store), "journal.toml", config)
    for name, text in texts.items():
        put_file(str(ana.store), f"segments/{name}", text)
    ana.commit_all()
    with ana.open() as journal:
        assert numbers(journal) == [0, 3]
        journal.compact(commit=True)
        for number in (4, 5):
            journal.append("s", "E", {"n": number})
            journal.commit("more")
            journal.compact(commit=True)
        assert numbers(journal) == [0, 3, 4, 5]
        assert journal.doctor(verify=True).ok
    with WorkTree(tmp_path / "bob", clone_of=ana).open() as journal:
        assert numbers(journal) == [0, 3, 4, 5]
        assert journal.doctor(verify=True).ok


@pytest.mark.parametrize("comes_back", [False, True])
def test_a_lane_that_was_cut_off_in_another_branch_is_no_loss_in_this_one(tmp_path, comes_back):
    ana = WorkTree(tmp_path / "ana")
    ana.commit_all()
    ana.git("switch", "--quiet", "--create", "side")
    files = FaultyFiles()
    with Journal.on(FileBackend(files), str(ana.store)) as journal:
        journal.append("s", "E", {"n": 0})
        files.write_short("write", error=errno.ENOSPC)
        with pytest.raises(NotAppliedError):
            journal.append("s", "E", {"n": 1})
        journal.commit("cut off")
    ana.git("switch", "--quiet", "main")
    with ana.open() as journal:
        journal.append("s", "E", {"n": 2})
        assert decode_header(first_line(newest_segment(str(ana.store)))).previous is not None
        journal.commit("here")
    if comes_back:
        ana.git("merge", "--quiet", "--no-edit", "side")
    ana.git("branch", "--quiet", "-D", "side")  # else bob's git knows of its commits
    with WorkTree(tmp_path / "bob", clone_of=ana).open() as journal:
        assert numbers(journal) == ([0, 2] if comes_back else [2])
        assert journal.doctor(verify=True).ok


def first_line(path: str) -> dict[str, object]:
    return unseal(read_bytes(path).split(b"\n", 1)[0] + b"\n")


def test_a_redaction_of_what_stands_behind_an_end_brings_nothing_back(stores, tmp_path):
    old, texts = stores
    root = clone(old, tmp_path / "clone")
    for name, text in texts.items():
        put_file(root, f"segments/{name}", text)
    with Journal.open(store=root) as journal:
        (last,) = [event.id for event in journal.read("s") if event.data == {"n": 3}]
        told = journal.redact(event=last, reason="asked for", dry_run=True)
        done = journal.redact(event=last, reason="asked for")
        assert told.files == done.files == tuple(f"segments/{name}" for name in sorted(texts))
        assert numbers(journal) == [0, "[redacted]"]
        assert journal.doctor(verify=True).ok
    with Journal.open(store=clone(root, tmp_path / "another")) as journal:
        assert numbers(journal) == [0, "[redacted]"]
        assert journal.doctor(verify=True).ok
