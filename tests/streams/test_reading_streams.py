"""Reading a stream: ranges, tokens, filters, the catalogue, truncation; also where branches meet."""

import copy
import dataclasses
import pickle
import shutil
from datetime import UTC, datetime

import pytest

from journal import Journal, JournalError, NotFoundError, RefusedError, UsageError
from journal.format.lines import seal, unseal
from journal.index.streams import Reading
from journal.state.stream import Truncation
from journal.store.looking_back import look_back
from journal.store.streams import reading
from journal.store.streams.appending import Append, NewEvents
from tests.support.faults import CountingFiles
from tests.support.reads import ReadMeter
from tests.support.stores import bring, clone, drop_file, new_store, put_file, truth


@pytest.fixture
def journal(journal):
    for number in range(1, 8):
        journal.append("s", "Odd" if number % 2 else "Even", {"n": number, "tags": ["x"] * (number % 3)})
        journal.put("t", "beside", {"n": number})
    return journal


@pytest.fixture
def two(tmp_path):
    """Two work trees that went apart after one event of the stream."""
    here = new_store(tmp_path / "here")
    with Journal.open(store=here) as journal:
        journal.append("s", "Start", {"n": 0})
    with Journal.open(store=here) as mine, Journal.open(store=clone(here, tmp_path / "there")) as theirs:
        yield mine, theirs


def merge(mine, theirs):
    bring(theirs.root, mine.root)
    bring(mine.root, theirs.root)


def numbers(events):
    return [event.data["n"] for event in events]


def places(events):
    return [(event.position, event.id) for event in events]


def test_a_range_of_positions(journal):
    assert numbers(journal.read("s")) == [1, 2, 3, 4, 5, 6, 7]
    assert numbers(journal.read("s", 3, 5)) == [3, 4, 5]
    assert numbers(journal.read("s", 6)) == [6, 7]
    assert numbers(journal.read("s", end=2)) == [1, 2]
    assert numbers(journal.read("s", 9)) == numbers(journal.read("none")) == []
    for wrong in ({"start": 0}, {"last": -1}):
        with pytest.raises(UsageError):
            journal.read("s", **wrong)


def test_the_last_events(journal):
    assert numbers(journal.read("s", last=2)) == [6, 7]
    assert numbers(journal.read("s", last=2, end=5)) == [4, 5]
    assert numbers(journal.read("s", last=2, event="Even")) == [4, 6]
    assert numbers(journal.read("s", 6, last=9)) == [6, 7]
    assert numbers(journal.read("s", last=0)) == []


def test_the_last_events_that_a_filter_lets_through_are_looked_for_in_few_pieces(journal, monkeypatch):
    journal.append_batch("s", [("Many", {"n": number}) for number in range(8, 3_000)])
    looks = []
    monkeypatch.setattr(reading, "look_back", lambda *asked: looks.append(asked) or look_back(*asked))
    assert numbers(journal.read("s", last=1, where=lambda event: event.data["n"] == 2)) == [2]
    assert numbers(journal.read("s", last=3, event="Odd")) == [3, 5, 7]
    assert numbers(journal.read("s", last=5)) == [*range(2_995, 3_000)]
    assert len(looks) < 30


def test_filters(journal):
    assert numbers(journal.read("s", event="Even")) == [2, 4, 6]
    assert numbers(journal.read("s", event=("Even", "Odd"), end=3)) == [1, 2, 3]
    assert numbers(journal.read("s", where=lambda event: event.position % 3 == 0)) == [3, 6]
    assert numbers(journal.read("s", where={"n": 4})) == [4]
    assert numbers(journal.read("s", where=["n>5", "tags~=x"])) == [7]
    stamps = [event.ts for event in journal.read("s")]
    moment = datetime.fromisoformat(stamps[3])
    assert numbers(journal.read("s", after_time=stamps[3])) == [
        number for number, stamp in enumerate(stamps, start=1) if stamp >= stamps[3]
    ]
    assert numbers(journal.read("s", before_time=moment)) == [
        number for number, stamp in enumerate(stamps, start=1) if stamp < stamps[3]
    ]
    assert numbers(journal.read("s", after_time=datetime(2100, 1, 1, tzinfo=UTC))) == []
    with pytest.raises(UsageError, match="not a time"):
        journal.read("s", after_time="yesterday")


def test_the_last_events_are_of_the_moment_of_the_call_and_their_tokens_name_them(journal, root, monkeypatch):
    def and_then(engine, read):
        found = look_back(engine, read)
        with Journal.open(store=root) as other:
            other.append("s", "Late", {})
        return found

    with monkeypatch.context() as patched:
        patched.setattr("journal.store.streams.reading.look_back", and_then)
        last = list(journal.read("s", last=2))
    assert [event.position for event in last] == [6, 7]
    assert [event.event for event in journal.read("s", since=last[-1].token)][:1] == ["Late"]
    assert "Late" in [event.event for event in journal.read("s", last=3)]


def test_the_last_events_of_those_that_a_token_does_not_name(journal):
    *_, fifth, _, _ = journal.read("s")
    assert [event.position for event in journal.read("s", last=2, since=fifth.token)] == [6, 7]
    assert [event.position for event in journal.read("s", last=9, since=fifth.token)] == [6, 7]


def test_last_with_a_filter_looks_further_back_than_one_piece(journal, monkeypatch):
    monkeypatch.setattr("journal.store.streams.reading.PIECE_EVENTS", 2)
    assert numbers(journal.read("s", last=1, where={"n": 1})) == [1]
    assert numbers(journal.read("s", last=2, event="Odd")) == [5, 7]


def test_a_token_names_all_that_stands_before_its_event_read_or_not(journal):
    journal.append("other", "Early")
    for name in ("One", "Two", "Three"):
        journal.append("s", name)
    journal.append("other", "Late")
    for events in (
        journal.read("s"),
        journal.read("s", 3),
        journal.read("s", event="Three"),
        journal.read("s", last=1),
    ):
        *_, last = events
        assert last.event == "Three"
        assert list(journal.read("s", since=last.token)) == []
        assert [event.event for event in journal.read("other", since=last.token)] == ["Late"]
        assert [event.event for event in journal.read_all(since=last.token)] == ["Late"]


def test_reading_goes_on_behind_a_token(journal):
    events = list(journal.read("s"))
    for at, event in enumerate(events):
        assert list(journal.read("s", since=event.token)) == events[at + 1 :]
    assert list(journal.read("s", since=journal.position())) == []
    with pytest.raises(RefusedError, match="token"):
        journal.read("s", since="7")


def test_many_pieces_are_one_reading(journal, monkeypatch):
    monkeypatch.setattr("journal.store.positions.PIECE_EVENTS", 2)
    reading = journal.read("s", 2)
    first = next(reading)
    journal.append("s", "Later", {"n": 99})
    assert [first.data["n"], *numbers(reading)] == [2, 3, 4, 5, 6, 7]
    assert places(journal.read("s", 4, 6)) == [
        (event.position, event.id) for event in journal.read("s") if 4 <= event.position <= 6
    ]


def test_the_catalogue_names_the_last_event_that_counts(two):
    mine, theirs = two
    mine.append("s", "Paid", {"n": 1}, key="k")
    theirs.append("s", "Paid", {"n": 1}, key="k")
    merge(mine, theirs)
    (*_, last) = mine.read("s")
    for journal in (mine, theirs):
        assert journal.stream("s").last_event == last.id
        journal.reconcile()
        assert journal.stream("s").last_event == last.id
    assert mine.truncate("s", through=2).last_event == last.id
    assert mine.stream("none").last_event is None


def in_pieces_of(monkeypatch, size):
    for module in ("positions", "streams.reading"):
        monkeypatch.setattr(f"journal.store.{module}.PIECE_EVENTS", size)


RANGES = [{}, {"end": 6}, {"start": 3}, {"start": 2, "end": 5}, {"last": 6}, {"event": "Mine"}, {"start": 2, "last": 4}]


@pytest.mark.parametrize("asked", RANGES)
@pytest.mark.parametrize("seen", [0, 1, 3])
def test_a_reading_is_of_its_moment_whatever_a_merge_or_a_truncation_does_meanwhile(two, monkeypatch, asked, seen):
    mine, theirs = two
    for number in range(1, 9):
        mine.append("s", "Mine", {"n": number}, key=f"k{number}")
        theirs.append("s", "Mine" if number % 3 else "Theirs", {"n": number}, key=f"k{number}" if number % 3 else None)
    in_pieces_of(monkeypatch, 2)
    wanted = places(mine.read("s", **asked))
    done = []

    def meanwhile(event):
        if len(done) == seen:
            merge(mine, theirs)
            mine.truncate("s", through=4)
        done.append(event.id)
        return True

    assert places(mine.read("s", **asked, where=meanwhile)) == wanted
    assert len(done) > seen
    assert places(mine.read("s", **asked)) != wanted


def test_two_branches_make_one_stream_the_same_everywhere(two):
    mine, theirs = two
    for number in range(1, 4):
        mine.append("s", "Mine", {"n": number})
        theirs.append("s", "Theirs", {"n": -number})
    read = list(mine.read("s"))
    merge(mine, theirs)
    whole = places(mine.read("s"))
    assert [position for position, _ in whole] == list(range(1, 8))
    assert whole == places(theirs.read("s"))
    assert [id for _, id in whole] == sorted((id for _, id in whole), key=lambda text: (int(text.split("@")[0]), text))
    # By token each late event comes once; by number some would be passed over.
    late = list(mine.read("s", since=read[-1].token))
    assert numbers(late) == [-1, -2, -3]
    assert {id for _, id in places(late)} | {event.id for event in read} == {id for _, id in whole}
    assert min(event.position for event in late) <= read[-1].position
    assert mine.append("s", "Both", {"n": 9}, expect=7).position == 8


def test_a_merge_is_the_same_for_a_fresh_index_and_for_a_reader_without_the_lock(two, tmp_path):
    mine, theirs = two
    for number in range(1, 4):
        mine.append("s", "Mine", {"n": number}, key=f"k{number}")
        theirs.append("s", "Theirs", {"n": -number}, key=f"k{number + 1}")
    list(mine.read("s"))
    bring(theirs.root, mine.root)
    with Journal.open(store=mine.root) as other, other._engine.locked():
        folded = places(mine.read("s"))
        catalogue = mine.streams()
        reverse = places(mine.read("s", last=3))
    assert places(mine.read("s")) == folded
    assert mine.streams() == catalogue
    assert reverse == folded[-3:]
    with Journal.open(store=clone(mine.root, tmp_path / "fresh")) as fresh:
        assert places(fresh.read("s")) == folded
        assert fresh.streams() == catalogue


def test_a_stream_that_is_read_without_the_lock_after_a_merge_is_put_together_once(two, monkeypatch):
    mine, theirs = two
    for number in range(1, 9):
        mine.append("s", "Mine", {"n": number})
        theirs.append("s", "Theirs", {"n": -number})
    list(mine.read("s"))
    bring(theirs.root, mine.root)
    times = []
    put_together = Reading._put_together
    monkeypatch.setattr(Reading, "_put_together", lambda self, had: times.append(1) or put_together(self, had))
    in_pieces_of(monkeypatch, 2)
    with Journal.open(store=mine.root) as other, other._engine.locked():
        assert len(list(mine.read("s"))) == 17
    assert len(times) == 1


def test_a_branch_that_goes_away_takes_its_events_out_of_the_stream(two):
    mine, theirs = two
    for number in range(1, 4):
        mine.append("s", "Mine", {"n": number}, key="k" if number == 2 else None)
        theirs.append("s", "Theirs", {"n": -number}, key="k" if number == 1 else None)
    before = places(mine.read("s"))
    own = set(truth(mine.root))
    bring(theirs.root, mine.root)
    assert numbers(mine.read("s")).count(2) == 0
    for path in set(truth(mine.root)) - own:
        drop_file(mine.root, path)
    assert places(mine.read("s")) == before
    assert mine.stream("s").length == 4


def test_the_catalogue(journal):
    journal.append("b", "E", {})
    assert [(line.name, line.length, line.first, line.count) for line in journal.streams()] == [
        ("b", 1, 1, 1),
        ("s", 7, 1, 7),
    ]
    assert journal.stream("s").last_event == list(journal.read("s"))[-1].id
    assert journal.stream("none").length == journal.stream("none").count == 0
    assert journal.stream("none").first == 1


def test_the_journals_own_streams_are_hidden(journal, root):
    """Nobody can write one by this version; one that a later version wrote is not shown."""
    with pytest.raises(RefusedError, match="own"):
        journal.write([Append(stream="$own", events=NewEvents(["E"], [{}]))])
    (path,) = truth(root)
    lines = truth(root)[path].splitlines(keepends=True)
    event = next(unseal(line) for line in lines if b'"stream":"s"' in line)
    event.pop("crc")
    event.update(seq=unseal(lines[-1])["seq"] + 1, stream="$own")
    put_file(root, path, b"".join(lines) + seal(event))
    assert [line.name for line in journal.streams()] == ["s"]
    assert journal.stream("$own").length == 1
    told = [event.stream for event in journal.log()]
    with journal.subscribe() as feed, journal.subscribe(streams=["$own"]) as own:
        told += [delivery.event.stream for delivery in feed.take(50)]
        assert len(own.take(50)) == 1
    assert "$own" not in told
    assert len(list(journal.log(stream="$own"))) == 1
    assert [event.stream for event in journal.read_all()].count("$own") == 1


def test_truncating_hides_and_the_last_position_stays(journal):
    line = journal.truncate("s", through=4)
    assert (line.length, line.first, line.count) == (7, 5, 3)
    assert places(journal.read("s"))[0][0] == 5
    assert numbers(journal.read("s", last=9)) == [5, 6, 7]
    assert journal.truncate("s", through=2) == line
    assert journal.truncate("s", through=7).count == 0
    assert [line.name for line in journal.streams()] == ["s"]
    assert journal.stream("s").first == 8
    assert list(journal.read("s")) == []
    assert journal.append("s", "E", {"n": 8}, expect=7).position == 8
    assert journal.append("s", "E", {"n": 9}, expect="exists").position == 9
    # Truncation hides, it does not remove.
    assert [event.data["n"] for event in journal.read_all() if event.stream == "s"] == list(range(1, 10))
    assert [event.note for event in journal.log() if event.note] == ["truncate", "truncate"]
    for wrong, error in ((10, NotFoundError), (0, UsageError), (True, UsageError)):
        with pytest.raises(error):
            journal.truncate("s", through=wrong)
    with pytest.raises(NotFoundError):
        journal.truncate("none", through=1)


def test_what_truncating_costs_follows_what_it_hides_and_not_what_is_hidden_already(root, journal, monkeypatch):
    asked, hides = [], Truncation.hides
    monkeypatch.setattr(Truncation, "hides", lambda cut, event: asked.append(event) or hides(cut, event))
    for turn in range(20):
        end = journal.append_batch("rolling", [("E", {"turn": turn})] * 50)[-1].position
        asked.clear()
        assert journal.truncate("rolling", through=end - 5).count == 5
        assert len(asked) <= 60
    journal.close()
    shutil.rmtree(f"{root}/local")
    asked.clear()
    with Journal.open(store=root) as anew:
        assert (anew.stream("rolling").first, anew.stream("rolling").length) == (996, 1000)
    assert len(asked) <= 1100  # each event asks one truncation, not all


def test_an_event_beside_the_truncation_is_not_hidden(two):
    """What the one who truncates could not know of stays, though it sorts among what is hidden."""
    mine, theirs = two
    for number in range(1, 5):
        mine.append("s", "Mine", {"n": number})
    theirs.append("s", "Theirs", {"n": -1})
    mine.truncate("s", through=4)
    assert numbers(mine.read("s")) == [4]
    merge(mine, theirs)
    assert sorted(numbers(mine.read("s"))) == [-1, 4]
    assert places(theirs.read("s")) == places(mine.read("s"))
    assert mine.stream("s") == theirs.stream("s")
    assert (mine.stream("s").length, mine.stream("s").count) == (6, 2)
    mine.truncate("s", through=6)
    assert list(mine.read("s")) == []


def test_truncations_of_two_branches_add_up(two):
    mine, theirs = two
    for journal in two:
        for number in range(1, 5):
            journal.append("s", "E", {"n": number})
    mine.truncate("s", through=2)
    theirs.truncate("s", through=3)
    merge(mine, theirs)
    assert mine.stream("s").count == 9 - 1 - 1 - 2
    assert places(mine.read("s")) == places(theirs.read("s"))


def test_a_truncation_is_read_without_the_lock_too(two):
    mine, theirs = two
    for number in range(1, 5):
        mine.append("s", "Mine", {"n": number})
    theirs.append("s", "Theirs", {"n": -1})
    list(theirs.read("s"))
    mine.truncate("s", through=4)
    bring(mine.root, theirs.root)
    with Journal.open(store=theirs.root) as other, other._engine.locked():
        folded = places(theirs.read("s"))
        line = theirs.stream("s")
    assert folded == places(theirs.read("s"))
    assert line == theirs.stream("s")
    assert len(folded) == 2


def test_compaction_loses_nothing_of_a_truncated_stream(tmp_path):
    root = new_store(tmp_path, options='durability = "os"\nroll_bytes = 4096')
    with Journal.open(store=root) as journal:
        for number in range(12):
            journal.append("s", "E", {"n": number, "text": "x" * 700})
        journal.truncate("s", through=6)
        before = list(journal.read("s"))
        for turn in range(3):
            journal.checkpoint()
            journal.put("t", "x", {"n": turn})
            journal.compact()
        assert places(journal.read("s")) == places(before)
        assert journal.stream("s").length == 12
        assert len([event for event in journal.read_all() if event.stream == "s"]) == 12
        assert journal.append("s", "E", {"n": 12}).rev == 13
    with Journal.open(store=clone(root, tmp_path / "fresh")) as fresh:
        assert places(fresh.read("s", end=12)) == places(before)


def test_reading_the_tail_of_a_long_stream_costs_what_the_tail_is(tmp_path):
    counts = []
    for size in (20, 5_000):
        root = new_store(tmp_path / str(size))
        files = CountingFiles()
        with Journal.open(store=root, files=files) as journal:
            journal.append_batch("s", [("E", {"n": number}) for number in range(size)])
            kept = journal.position()
            journal.append("s", "E", {"n": -1})
            files.reset()
            assert numbers(journal.read("s", since=kept)) == numbers(journal.read("s", last=1)) == [-1]
            counts.append(files.calls["read_at"])
    assert counts[0] == counts[1]


def test_a_whole_stream_is_read_in_few_reads(tmp_path):
    """Lines that stand together are read together."""
    root = new_store(tmp_path)
    files = CountingFiles()
    with Journal.open(store=root, files=files) as journal:
        journal.append_batch("s", [("E", {"n": number}) for number in range(2_000)])
        files.reset()
        assert len(list(journal.read("s"))) == 2_000
        assert files.calls["read_at"] <= 20


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_replay_reads_a_file_in_few_long_reads(tmp_path, is_packed):
    """No call of the system for an event, and little is read twice."""
    root = new_store(tmp_path, options='durability = "os"\nroll_bytes = 200_000')
    meter = ReadMeter()
    with Journal.open(store=root, files=meter) as journal:
        for _ in range(4):
            journal.append_batch("s", [("E", {"n": number, "text": "x" * 60}) for number in range(1_000)])
        for turn in range(3 * is_packed):
            journal.checkpoint()
            journal.put("t", "x", {"n": turn})
            journal.compact()
        kept = next(journal.read("s")).token
        meter.forget()
        for read in (lambda: journal.read("s"), journal.read_all, lambda: journal.read("s", since=kept)):
            assert len(list(read())) >= 3_999
        paths = [path for path in meter.parts if "segments" in path or "archive" in path]
        assert any("archive" in path for path in paths) is is_packed
        assert sum(meter.parts[path] for path in paths) <= 3 * 40
        assert not meter.whole
        held = sum(len(data) for path, data in truth(root).items() if path.startswith(("segments", "archive")))
        assert sum(meter.bytes[path] for path in paths) <= 3 * held * (10 if is_packed else 2)


def test_a_member_of_a_pack_may_hold_one_long_line(tmp_path):
    root = new_store(tmp_path, options='durability = "os"\nroll_bytes = 4096')
    text = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(16_000))
    with Journal.open(store=root) as journal:
        for number in range(6):
            journal.append("s", "E", {"n": number, "text": text[number:] if number % 2 else "short"})
        before = list(journal.read("s"))
        for turn in range(3):
            journal.checkpoint()
            journal.put("t", "x", {"n": turn})
            journal.compact()
        assert list(journal.read("s")) == before
        assert any(path.startswith("archive") for path in truth(root))


def test_an_event_that_was_read_is_a_whole_value(journal):
    """Most fields are filled when they are asked for; nobody can tell."""
    wrote = journal.append("s", "E", {"n": 8}, key="k", meta={"m": 1}, actor="a", summary="why")
    (read,) = journal.read("s", last=1)
    for copied in (copy.copy(read), copy.deepcopy(read), pickle.loads(pickle.dumps(read)), dataclasses.replace(read)):
        assert copied == read
        assert copied.token == read.token
    assert read == dataclasses.replace(wrote, ts=read.ts, tx=read.tx)
    (other,) = journal.read("s", last=1)
    assert dataclasses.asdict(other) == dataclasses.asdict(read)
    assert repr(other) == repr(read)
    put = [event for event in journal.read_all() if event.kind == "entity"][-1]
    assert (put.type, put.entity, put.set, put.unset, put.stream) == ("t", "beside", ("n",), (), None)
    assert put.id == f"{put.seq}@{put.lane}"
    assert not hasattr(put, "no_such_field")
    with pytest.raises(dataclasses.FrozenInstanceError):
        put.type = "u"


def test_a_damaged_line_costs_one_event_and_is_told(journal, root):
    for path, data in truth(root).items():
        put_file(root, path, data.replace(b'"n":3,"tags":[]', b'"n":0,"tags":[]'))
    assert numbers(journal.read("s")) == [1, 2, 4, 5, 6, 7]
    assert journal.damage_note() is not None


def test_events_that_leave_under_a_reading_are_an_error(two, monkeypatch):
    monkeypatch.setattr("journal.store.positions.PIECE_EVENTS", 1)
    mine, theirs = two
    theirs.append("s", "Theirs", {"n": -1})
    bring(theirs.root, mine.root)
    reading = mine.read("s")
    next(reading)
    (path,) = set(truth(mine.root)) - {path for path in truth(mine.root) if path.startswith("segments/000000000001")}
    drop_file(mine.root, path)
    with pytest.raises(JournalError, match="left"):
        list(reading)


def test_a_truncation_hides_what_comes_back_before_it(tmp_path):
    """The events leave with their file, the note stays, and they come back: hidden as before."""
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        for number in range(3):
            journal.append("s", "E", {"n": number})
        journal._engine.lanes.end_segment()
        journal.truncate("s", through=2)
        (first, _) = sorted(truth(root))
        data = truth(root)[first]
        drop_file(root, first)
        assert list(journal.read("s")) == []
        put_file(root, first, data)
        assert numbers(journal.read("s")) == [2]
        assert journal.stream("s").first == 3


def test_old_events_are_lifted_for_callers_and_stay_as_written(journal):
    @journal.upcasters.register("Even", 0)
    def _(data):
        return {**data, "n": -data["n"], "schema_version": 1}

    assert numbers(journal.read("s", event="Even")) == [-2, -4, -6]
    assert numbers(journal.read("s", event="Even", as_written=True)) == [2, 4, 6]
    assert numbers(journal.read("s", where={"n": -4})) == [-4]
    assert numbers(journal.read("s", last=2)) == [-6, 7]


def test_a_moment_without_a_zone_is_of_utc_as_a_text_is(journal):
    past, to_come = datetime(2001, 1, 1), datetime(2100, 1, 1)
    assert numbers(journal.read("s", after_time=past, before_time=to_come)) == [1, 2, 3, 4, 5, 6, 7]
    assert numbers(journal.read("s", after_time=to_come)) == []


def test_an_age_from_before_all_dates_leaves_nothing_out(journal):
    assert numbers(journal.read("s", after_time="999999w")) == [1, 2, 3, 4, 5, 6, 7]


def test_what_only_a_checkpoint_knows_comes_by_token_once_its_lines_are_back(root, journal):
    journal._engine.lanes.end_segment()
    (path,) = truth(journal.root)
    text = truth(journal.root)[path]
    journal.checkpoint()
    journal.append("s", "New", {"n": 8})
    drop_file(journal.root, path)
    read = list(journal.read("s"))
    assert numbers(read) == [8]
    tokens = [read[-1].token, next(journal.read("s", last=1)).token]
    put_file(journal.root, path, text)
    for token in tokens:
        assert numbers(journal.read("s", since=token)) == [1, 2, 3, 4, 5, 6, 7]


def test_a_line_that_goes_bad_while_the_journal_is_open_is_passed_over_and_nothing_else(tmp_path):
    """Also where all lines of a file are compared with one checksum, and were compared before."""
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        journal.append_batch("s", [("E", {"n": number, "text": "x" * 40}) for number in range(50)])
        assert numbers(journal.read("s")) == list(range(50))
        (segment,) = (path for path in truth(root) if path.startswith("segments/"))
        path = f"{root}/{segment}"
        with open(path, "r+b") as file:
            text = file.read()
            file.seek(text.index(b'"n":20,') + 4)
            file.write(b"9")
        assert numbers(journal.read("s")) == [number for number in range(50) if number != 20]


def test_a_long_stream_in_packs_and_segments_is_read_as_it_was_written(tmp_path):
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal:
        for start in range(0, 1200, 300):
            journal.append_batch("s", [("E", {"n": number, "text": "x" * 200}) for number in range(start, start + 300)])
            journal.append("other", "E", {"n": start}, key=f"k{start}")
            journal.checkpoint()
            journal.compact()
        assert any(path.startswith("archive/") for path in truth(root))
        assert numbers(journal.read("s")) == list(range(1200))
        assert numbers(journal.read("s", 290, 310)) == list(range(289, 310))
        assert numbers(journal.read("s", last=2)) == [1198, 1199]
    with Journal.open(store=clone(root, tmp_path / "clone")) as journal:
        assert numbers(journal.read("s")) == list(range(1200))
        assert [event.position for event in journal.read("s", 1190)] == list(range(1190, 1201))


def test_late_events_that_come_in_a_segment_and_in_a_pack_of_it_count_once(two):
    mine, theirs = two
    for number in range(1, 3):
        mine.append("s", "Mine", {"n": number})
    assert numbers(mine.read("s")) == [0, 1, 2]
    for number in range(1, 7):
        theirs.append("s", "Theirs", {"n": -number})
    segments = truth(theirs.root)
    for turn in range(3):
        theirs._engine.lanes.end_segment()
        theirs.put("turn", "t", {"n": turn})
        theirs.checkpoint()
        theirs.compact()
    packed = truth(theirs.root)
    assert any(path.startswith("archive/") for path in packed)
    for path, data in (segments | packed).items():
        if path not in truth(mine.root):
            put_file(mine.root, path, data)
    read = numbers(mine.read("s"))
    assert sorted(read) == [-6, -5, -4, -3, -2, -1, 0, 1, 2]
    assert mine.stream("s").length == 9
    assert mine.append("s", "After", {"n": 9}, expect=9).position == 10
    assert mine.doctor(verify=True).ok


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_stream_of_two_branches_is_read_in_few_reads(tmp_path, is_packed):
    """One event is of this lane and the next of that, so what was read of both files is kept."""
    here = new_store(tmp_path / "here")
    there = clone(here, tmp_path / "there")
    with Journal.open(store=here) as mine, Journal.open(store=there) as theirs:
        for number in range(400):
            for journal in (mine, theirs):
                journal.append("s", "E", {"n": number})
    bring(there, here)
    meter = ReadMeter()
    with Journal.open(store=here, files=meter) as journal:
        for turn in range(3 * is_packed):
            journal.checkpoint()
            journal.put("t", "x", {"n": turn})
            journal.compact()
        journal.position()
        for read in (
            lambda: journal.read("s"),
            lambda: journal.read("s", last=800, event="E"),
            journal.read_all,
            journal.log,
            lambda: journal.log(limit=800),
        ):
            meter.forget()
            assert len(list(read())) >= 800
            paths = [path for path in meter.parts if "segments" in path or "archive" in path]
            assert len(paths) >= 2
            assert sum(meter.parts[path] for path in paths) <= 20
