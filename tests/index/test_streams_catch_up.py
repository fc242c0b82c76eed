"""The tables of streams, brought forward step by step, say what the files say, whatever git does to them."""

from hypothesis import given, settings
from test_catch_up import PACKING, STEPS, Forest, play, steps

from journal import Journal
from journal.index.places import list_events
from journal.index.records import read_record
from journal.index.streams import Reading, length_of, names
from journal.store.looking_back import look_back
from tests.support.stores import examples, fresh_view

STREAM_STEPS = ("append", "append", "append_key", "batch", "truncate", "peek")


class Shore(Forest):
    """A forest with streams."""

    def append(self, at: int, id: str, number: int, size: int) -> None:
        self.counter += 1
        self.journal(at).append(id, "E", {"n": self.counter, "text": "x" * 1500 * (size == 2)})

    def append_key(self, at: int, id: str, number: int, _: int) -> None:
        self.counter += 1
        self.journal(at).append(id, "K", {"n": number % 3}, key=f"k{number % 3}")

    def batch(self, at: int, id: str, number: int, more: int) -> None:
        self.counter += 1
        self.journal(at).append_batch(id, [("B", {"n": self.counter})] * (1 + more))
        self.journal(at).put("t", id, {"n": self.counter})

    def truncate(self, at: int, id: str, number: int, _: int) -> None:
        line = self.journal(at).stream(id)
        if line.length:
            self.journal(at).truncate(id, through=1 + number % line.length)

    def peek(self, at: int, *_: object) -> None:
        """A reader that cannot have the lock sees the same."""
        journal = self.journal(at)
        with Journal.open(store=self.roots[at]) as other, other._engine.locked():
            self.check_streams(at, journal)

    def check(self, at: int) -> None:
        super().check(at)
        self.check_streams(at, self.journal(at))

    def check_streams(self, at: int, journal: Journal) -> None:
        said = by_definition(self.roots[at])
        assert look_back(journal._engine, streams) == said
        view = fresh_view(self.roots[at])
        list_events(view)
        assert streams(view) == said


def streams(view):
    """Return what a view says of streams; each way of asking says the same."""
    found = {}
    for name in names(view):
        reading = Reading(view, name)
        rows = list(reading.everything())
        shown = [row._replace(key=None) for row in rows if row.position is not None and not row.is_hidden]
        assert events(reading.visible()) == shown
        assert events(reversed(list(reading.visible(reverse=True)))) == shown
        assert events(reading.fresh(view.have, (0, ""))) == shown
        for low in range(len(shown)):
            last = shown[low].position
            both = [row for row in shown[low : low + 2] if row.position in (last, last + 1)]  # one may be hidden
            assert events(reading.visible(last, last + 1)) == both
            assert events(reading.fresh(view.have, shown[low].at)) == shown[low + 1 :]
            assert events([reading.at(shown[low].at)]) == [shown[low]]
        facts = reading.facts
        assert (facts.visible, facts.last) == (len(shown), sum(row.position is not None for row in rows))
        assert length_of(view, name) == (facts.last, max((row.rev for row in rows), default=0))
        assert facts.end == (rows[-1].at if rows else (0, ""))
        for row in rows:
            if row.key is not None:
                assert reading.first_of_key(row.key) == min(other.at for other in rows if other.key == row.key)
        if rows:
            found[name] = [(row.at, row.position, row.position is not None and row.is_hidden) for row in rows]
    return found


def events(stretches):
    return [event for stretch in stretches for event in stretch.placed()]


def by_definition(root):
    """Return the same from the records of the files alone, by the words of docs/format.md."""
    view = fresh_view(root)
    list_events(view)
    found = {}
    cuts = []
    for place in view.places():
        record, at = read_record(view, place), (place.seq, place.lane)
        if record["kind"] == "event":
            found.setdefault(record["stream"], []).append((at, record.get("key")))
        elif record.get("note") == "truncate":
            seq, lane = record["data"]["through"].split("@")
            cuts.append((record["data"]["stream"], (int(seq), lane), at))
    said = {}
    for name, events in found.items():
        keys, position = set(), 0
        for at, key in events:
            counts = key is None or key not in keys
            keys.add(key)
            position += counts
            hidden = any(
                stream == name and at <= through and view.saw(note).has(at, note) for stream, through, note in cuts
            )
            said.setdefault(name, []).append((at, position if counts else None, counts and hidden))
    return said


@settings(max_examples=examples(40, 3000))
@given(steps(STEPS + STREAM_STEPS * 2, examples(16, 30)))
def test_catching_up_with_streams_means_what_the_files_say(story):
    play(story, Shore)


@settings(max_examples=examples(40, 3000))
@given(steps(STEPS + STREAM_STEPS * 2 + PACKING, examples(18, 30)))
def test_catching_up_with_streams_checkpoints_and_packs_means_what_the_files_say(story):
    play(story, Shore)
