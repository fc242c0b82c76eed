"""The whole journal from a token on: each event once, in the total order, whatever happens to the files."""

import os
import shutil

import pytest

from journal import Journal, JournalError, RefusedError
from journal.format import token
from journal.format.names import pack_file, parse_segment_file
from journal.segments.pack import encode_pack
from journal.state import vector
from tests.support.faults import CountingFiles
from tests.support.stores import bring, clone, drop_file, new_store, put_file, segments, truth


def ids(events):
    return [event.id for event in events]


def order(event):
    return event.seq, event.lane


@pytest.fixture
def two(tmp_path):
    """Two branches that went apart: the second has events that sort before the first's last."""
    here = new_store(tmp_path / "here")
    with Journal.open(store=here) as journal:
        journal.put("t", "a", {"n": 1})
    there = clone(here, tmp_path / "there")
    return here, there


def test_everything_comes_in_the_total_order(two):
    here, _ = two
    with Journal.open(store=here) as journal:
        for number in range(5):
            journal.put("t", f"e{number}", {"n": number})
        events = list(journal.read_all())
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert sorted(events, key=order) == events
        assert [event.entity for event in events] == ["a", "e0", "e1", "e2", "e3", "e4"]


def test_a_reader_goes_on_behind_any_event(two):
    here, _ = two
    with Journal.open(store=here) as journal:
        for number in range(5):
            journal.put("t", f"e{number}", {"n": number})
        events = list(journal.read_all())
        for at, event in enumerate(events):
            assert ids(journal.read_all(since=event.token)) == ids(events[at + 1 :])
        assert events[-1].token == journal.position()


def test_late_events_of_a_merged_branch_come_once_each(two):
    here, there = two
    with Journal.open(store=here) as mine, Journal.open(store=there) as theirs:
        for number in range(4):
            theirs.put("t", f"theirs{number}", {"n": number})
            mine.put("t", f"mine{number}", {"n": number})
        seen = list(mine.read_all())
        kept = seen[2].token
        bring(there, here)
        late = list(mine.read_all(since=seen[-1].token))
        assert [event.entity for event in late] == [f"theirs{number}" for number in range(4)]
        assert min(map(order, late)) < max(map(order, seen))
        assert ids(mine.read_all(since=late[-1].token)) == []
        assert late[-1].token == mine.position()
        # From further back: the rest of the own ones and the late ones, in the total order.
        rest = list(mine.read_all(since=kept))
        assert rest == sorted([*seen[3:], *late], key=order)
        # The other clone, which has nothing of ours yet, reads the same from the same token once it has.
        bring(here, there)
        assert ids(theirs.read_all(since=kept)) == ids(rest)


def test_in_the_middle_of_late_events_a_token_says_which_came(two):
    here, there = two
    with Journal.open(store=here) as mine, Journal.open(store=there) as theirs:
        for number in range(4):
            theirs.put("t", f"theirs{number}", {"n": number})
            mine.put("t", f"mine{number}", {"n": number})
        known = mine.position()
        bring(there, here)
        late = list(mine.read_all(since=known))
        for at, event in enumerate(late):
            assert ids(mine.read_all(since=event.token)) == ids(late[at + 1 :])


def test_a_token_survives_roll_checkpoint_compaction_and_the_loss_of_local(tmp_path):
    root = new_store(tmp_path, options='durability = "os"\nroll_bytes = 4096')
    with Journal.open(store=root) as journal:
        for number in range(20):
            journal.put("t", "a", {"n": number, "text": "x" * 700})
        events = list(journal.read_all())
        kept = events[7].token
        for _ in range(3):
            journal.checkpoint()
            journal.put("t", "b", {"n": len(segments(root))}, action=f"turn{_}")
            journal.compact()
        assert os.listdir(os.path.join(root, "archive"))
        wanted = ids(events[8:])
        assert ids(journal.read_all(since=kept))[: len(wanted)] == wanted
        assert not journal.gaps(kept)
    shutil.rmtree(os.path.join(root, "local"))
    with Journal.open(store=root) as journal:
        assert ids(journal.read_all(since=kept))[: len(wanted)] == wanted


def test_what_a_token_names_and_is_gone_is_told(two):
    here, _ = two
    with Journal.open(store=here) as journal:
        journal._engine.lanes.end_segment()
        gone = journal.put("t", "gone", {"n": 1})
        kept = journal.position()
        assert not journal.gaps(kept)
        (path,) = (path for path in truth(here) if path.startswith(f"segments/{int(gone.event.split('@')[0]):012d}"))
        data = truth(here)[path]
        drop_file(here, path)
        found = journal.gaps(kept)
        assert found
        assert vector.contains(found.gone, int(gone.event.split("@")[0]), gone.event.split("@")[1])
        assert ids(journal.read_all(since=kept)) == []
        put_file(here, path, data)
        assert not journal.gaps(kept)


def test_a_line_that_is_damaged_is_a_gap_for_who_has_not_read_it(two):
    here, _ = two
    with Journal.open(store=here) as journal:
        start = journal.position()
        lost = journal.put("t", "b", {"n": "lost"})
        journal.put("t", "b", {"n": 3})
        read = journal.position()
        (path,) = (path for path, data in truth(here).items() if b'"lost"' in data)
        data = truth(here)[path]
        put_file(here, path, data.replace(b'"lost"', b'"LOST"'))
        seq, lane = lost.event.split("@")
        assert vector.contains(journal.gaps(start).unreadable, int(seq), lane)
        assert journal.gaps(read).unreadable == {}
        (last,) = journal.read_all(since=start)
        assert last.data == {"n": 3}
        # It was not read, so it is still new to who read on, and comes once its line is mended.
        assert vector.contains(journal.gaps(last.token).unreadable, int(seq), lane)
        assert list(journal.read_all(since=last.token)) == []
        put_file(here, path, data)
        assert ids(journal.read_all(since=last.token)) == [lost.event]
        assert list(journal.read_all(since=read)) == []


def test_what_only_a_checkpoint_knows_is_new_until_its_lines_are_back(two):
    """As after a pick of a compaction's second half: the segments are gone, and the pack is on another branch."""
    here, _ = two
    with Journal.open(store=here) as journal:
        before = journal.read_all()
        journal._engine.lanes.end_segment()
        (path,) = truth(here)
        data = truth(here)[path]
        journal.checkpoint()
        journal.put("t", "b", {"n": 2})
        drop_file(here, path)
        read = list(journal.read_all())
        assert [event.entity for event in read] == [None, "b"]
        assert journal.gaps(read[-1].token).unreadable
        put_file(here, path, data)
        assert ids(journal.read_all(since=read[-1].token)) == ids(before)
        assert list(journal.read_all(since=journal.position())) == []


def test_a_branch_switch_under_a_reading_is_an_error_that_says_how_to_go_on(two, monkeypatch):
    monkeypatch.setattr("journal.store.positions.PIECE_EVENTS", 1)
    here, _ = two
    with Journal.open(store=here) as journal:
        journal._engine.lanes.end_segment()
        journal.put("t", "b", {"n": 1})
        reading = journal.read_all()
        next(reading)
        drop_file(here, max(truth(here)))
        with pytest.raises(JournalError, match="left this checkout"):
            list(reading)


def test_a_reading_is_of_the_moment_of_its_call(two):
    here, _ = two
    with Journal.open(store=here) as journal:
        reading = journal.read_all()
        journal.put("t", "later", {"n": 1})
        assert "later" not in [event.entity for event in reading]


def test_a_text_that_is_no_token_is_refused_at_once(two):
    with Journal.open(store=two[0]) as journal:
        for wrong in ("", "17", "1@k3f9x2a7b4c5d", journal.position()[:-1]):
            with pytest.raises(RefusedError, match="not a position token"):
                journal.read_all(since=wrong)


def test_a_token_of_another_store_is_one_gap(two, tmp_path):
    with Journal.open(store=new_store(tmp_path / "other")) as other:
        other.put("t", "x", {})
        foreign = other.position()
    with Journal.open(store=two[0]) as journal:
        assert journal.gaps(foreign).gone == token.decode(foreign)
        assert ids(journal.read_all(since=foreign)) == ids(journal.read_all())


@pytest.mark.parametrize("size", [50, 2_000])
def test_reading_the_tail_costs_what_the_tail_is(tmp_path, size):
    from journal.store.batch import Put

    root = new_store(tmp_path)
    files = CountingFiles()
    with Journal.open(store=root, files=files, projections="lazy") as journal:
        journal.write([Put(type="t", id=f"e{number}", data={"n": number}) for number in range(size)])
        list(journal.read_all(limit=1))
        kept = journal.position()
        journal.put("t", "x", {"n": 1})
        files.reset()
        assert len(list(journal.read_all(since=kept))) == 1
        assert files.calls["read_at"] <= 3
        assert files.calls["read"] == 0


def test_what_is_damaged_in_one_file_and_whole_in_another_is_read(tmp_path):
    """Git may leave an early version of a segment beside the pack that holds all of it."""
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        for number in range(4):
            journal.append("s", "E", {"n": number})
        journal._engine.lanes.end_segment()
        journal.append("s", "E", {"n": 4})
    path = segments(root)[0]
    with open(path, "rb") as file:
        lines = file.read().splitlines(keepends=True)
    pack, named = encode_pack(lines), parse_segment_file(os.path.basename(path))
    put_file(root, f"archive/{pack_file(named.first, named.lane, pack)}", pack)
    put_file(root, f"segments/{os.path.basename(path)}", b"".join(lines[:3]))
    for _ in range(2):
        with Journal.open(store=root) as journal:
            assert [(item.code, item.severity) for item in journal.doctor().findings] == [("ends-early", "info")]
            assert journal.damage_note() is None
            assert [event.data["n"] for event in journal.read_all()] == [0, 1, 2, 3, 4]
            assert [event.data["n"] for event in journal.read("s")] == [0, 1, 2, 3, 4]
            assert list(journal.read_all(since=journal.position())) == []
        shutil.rmtree(f"{root}/local")
    with Journal.open(store=root) as journal:
        for number in (5, 6):
            journal.append("s", "E", {"n": number})
            journal.checkpoint()
        assert os.path.basename(path) in " ".join(journal.compact().removed)
        assert journal.doctor(verify=True).findings == ()
        assert [event.data["n"] for event in journal.read("s")] == list(range(7))
