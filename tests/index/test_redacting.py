"""A redaction counts for every copy of an event, old or new, in whatever order copies and note come to be read."""

import itertools
import os

import pytest

from journal import Journal
from journal.format.lines import seal
from journal.segments.folders import SEGMENTS
from journal.state.redaction import MARKER, encode_groups, redact_record
from journal.store.batch import Note
from tests.support.stores import clone, drop_file, fresh_view, meaning, new_store, put_file, read_bytes, truth

SECRET = "hunter2-hunter2"


def opened(root):
    """Open a store that only reads old copies as redacted, and does not write their files anew."""
    journal = Journal.open(store=root)
    journal._engine.indexing.rewrite = None
    return journal


def write(root, *documents):
    with opened(root) as journal:
        return [journal.put("t", "a", document).event for document in documents]


def note(journal, **named):
    groups = encode_groups({parse(event): tuple(paths) for event, paths in named.items()})
    journal._engine.write([Note(note="redaction", data={"redacted": groups})])


def parse(event):
    seq, _, lane = event.partition("@")
    return int(seq), lane


def redact(root, events, *paths):
    """Put a redaction in force, as the journal does before it writes any file anew."""
    with opened(root) as journal:
        note(journal, **dict.fromkeys(events, paths or ["/data/s"]))


def shown(root):
    with opened(root) as journal:
        return journal.get("t", "a").data, [event.data for event in journal.history("t", "a")]


def without_local(root):
    for name in os.listdir(os.path.join(root, "local")):
        if name != "derived":
            os.unlink(os.path.join(root, "local", name))


OLD = {"s": SECRET, "n": 1}
NEW = {"s": MARKER, "n": 1}


@pytest.fixture
def root(tmp_path):
    return new_store(tmp_path / "a")


def test_a_note_is_enough_and_the_old_copy_is_never_shown_again(root):
    events = write(root, OLD)
    redact(root, events)
    assert shown(root) == (NEW, [NEW])
    without_local(root)
    assert shown(root) == (NEW, [NEW])
    assert meaning(fresh_view(root)) == meaning_here(root)


def meaning_here(root):
    with opened(root) as journal, journal._engine.reading(history=True) as view:
        return meaning(view)


def test_a_process_that_wrote_the_note_shows_it_at_once(root):
    with opened(root) as journal:
        event = journal.put("t", "a", OLD).event
        note(journal, **{event: ["/data/s"]})
        assert journal.get("t", "a").data == NEW
        assert journal.history("t", "a")[0].data == NEW


def test_a_process_that_has_it_open_shows_it_at_once(root):
    events = write(root, OLD)
    with opened(root) as journal:
        assert journal.get("t", "a").data == OLD
        redact(root, events)
        assert journal.get("t", "a").data == NEW
        assert journal.history("t", "a")[0].data == NEW


def test_a_kill_between_the_note_and_the_index_shows_nothing(root):
    """The index that was flushed with the note holds the old value still, and says that it is not to be read."""
    with opened(root) as journal:
        event = journal.put("t", "a", OLD).event
        note(journal, **{event: ["/data/s"]})
        journal.close = lambda: None
        assert journal._engine.indexing.view.redacting.is_stale
        with opened(root) as other:
            assert other.get("t", "a").data == NEW


def test_a_later_value_is_not_redacted(root):
    events = write(root, OLD, {"s": "public", "n": 2})
    redact(root, events[:1])
    assert shown(root) == ({"s": "public", "n": 2}, [NEW, {"s": "public", "n": 2}])


def test_the_summary_and_the_actor_can_be_taken_out(root):
    with opened(root) as journal:
        event = journal.put("t", "a", {"n": 1}, summary=SECRET, actor=SECRET).event
    redact(root, [event], "/actor", "/summary")
    with opened(root) as journal:
        found = journal.history("t", "a")[0]
        assert (found.summary, found.actor) == (MARKER, MARKER)


def test_a_payload_in_a_blob_is_redacted_as_it_is_read(root):
    long = {"s": SECRET, "n": "x" * 70_000}
    redact(root, write(root, long))
    assert shown(root)[0] == {**long, "s": MARKER}
    without_local(root)
    assert shown(root)[0] == {**long, "s": MARKER}


@pytest.mark.parametrize("with_later", [False, True])
def test_an_old_checkpoint_is_redacted_as_it_is_joined(root, with_later):
    events = write(root, OLD)
    with opened(root) as journal:
        journal.checkpoint()
    redact(root, events)
    if with_later:
        with opened(root) as journal:
            journal.checkpoint()
    without_local(root)
    assert shown(root) == (NEW, [NEW])
    assert meaning(fresh_view(root)) == meaning_here(root)


def test_a_redaction_that_only_a_checkpoint_tells_of_counts(root):
    """The note is in a file that the checkpoint covers, so a rebuild does not read it."""
    events = write(root, OLD)
    redact(root, events)
    with opened(root) as journal:
        journal.checkpoint()
    old = {path: data for path, data in truth(root).items() if path.startswith(SEGMENTS)}
    without_local(root)
    with opened(root) as journal, journal._engine.reading() as view:
        assert view.redacting.known == {parse(events[0]): ("/data/s",)}
    assert old
    assert shown(root)[0] == NEW


def redacted_copy(root, event):
    """Return the path of the one segment, and its text with an event's line redacted."""
    (name,) = os.listdir(os.path.join(root, SEGMENTS))
    path = os.path.join(root, SEGMENTS, name)
    from journal.format.lines import unseal

    lines = []
    for line in read_bytes(path).splitlines(keepends=True):
        fields = unseal(line)
        del fields["crc"]
        if fields.get("seq") == parse(event)[0]:
            fields = redact_record(fields, ["/data/s"])
        lines.append(seal(fields))
    return f"{SEGMENTS}/{name}", b"".join(lines)


def test_copies_and_note_in_every_order_give_the_same(tmp_path):
    """Old copy, new copy (in a pack), note: each arrives on its own, in each order, on a clone that is open."""
    from journal.format.names import pack_file
    from journal.segments.pack import encode_pack

    root = new_store(tmp_path / "a")
    (event,) = write(root, OLD)
    path, new = redacted_copy(root, event)
    old = read_bytes(os.path.join(root, *path.split("/")))
    base = clone(root, tmp_path / "base")
    lane = parse(event)[1]
    pack = encode_pack(new.splitlines(keepends=True))
    with opened(base) as journal:
        note(journal, **{event: ["/data/s"]})
    (noted,) = set(truth(base)) - {path}
    parts = {
        path: old,
        f"archive/{pack_file(1, lane, pack)}": pack,
        noted: read_bytes(os.path.join(base, *noted.split("/"))),
    }
    empty = clone(root, tmp_path / "empty")
    drop_file(empty, path)
    results = set()
    for number, order in enumerate(itertools.permutations(parts)):
        there = clone(empty, tmp_path / str(number))
        with opened(there) as journal:
            for part in order:
                put_file(there, part, parts[part])
                journal.list()
            assert journal.get("t", "a").data == NEW
            with journal._engine.reading(history=True) as view:
                results.add(repr(meaning(view)))
                assert view.redacting.unredacted == {tuple(path.split("/"))}
        assert repr(meaning(fresh_view(there))) in results
    assert len(results) == 1


def test_a_new_copy_alone_says_what_was_taken_out(root):
    (event,) = write(root, OLD)
    path, new = redacted_copy(root, event)
    put_file(root, path, new)
    assert shown(root) == (NEW, [NEW])
    with opened(root) as journal, journal._engine.reading() as view:
        assert view.redacting.known == {parse(event): ("/data/s",)}
        assert not view.redacting.unredacted


def test_a_redaction_goes_with_the_branch_that_has_it(root):
    """Without the note the events mean what they did: state follows from what is here."""
    events = write(root, OLD)
    before = truth(root)
    redact(root, events)
    with opened(root) as journal:
        assert journal.get("t", "a").data == NEW
        for path in truth(root):
            put_file(root, path, before.get(path, b"")) if path in before else drop_file(root, path)
        assert journal.get("t", "a").data == OLD
    assert meaning(fresh_view(root)) == meaning_here(root)


def test_a_note_that_is_no_redaction_does_nothing(root):
    events = write(root, OLD)
    with opened(root) as journal:
        for data in ({}, {"redacted": 1}, {"redacted": [{"paths": ["/seq"], "events": events}]}):
            journal._engine.write([Note(note="redaction", data=data)])
        assert journal.get("t", "a").data == OLD


def test_a_clone_that_was_redacted_long_ago_is_built_in_one_pass(root, monkeypatch):
    from journal.index import rebuild

    (event,) = write(root, OLD)
    path, new = redacted_copy(root, event)
    put_file(root, path, new)
    redact(root, [event])
    passes = []
    build = rebuild._build
    monkeypatch.setattr(rebuild, "_build", lambda *a, **k: passes.append(1) or build(*a, **k))
    fresh_view(root)
    assert len(passes) == 1
