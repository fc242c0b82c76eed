"""What must hold of streams and position tokens, read off the definition in docs/format.md by brute force."""

from collections.abc import Iterator

from tests.fuzz.ledger import Ledger, Written
from tests.fuzz.places import Place
from tests.fuzz.world import World


def check_streams(world: World, place: Place) -> None:
    """Each stream has its events in the total order, a key once, without what is hidden; the catalogue counts them."""
    held = place.holding
    lost = list(world.ledger.those(held.covered & ~held.in_files))
    if any(event.record["kind"] == "event" or event.record.get("note") == "truncate" for event in lost):
        return
    every = sorted(world.ledger.those(held.in_files, held.taken), key=lambda event: event.id)
    notes = [event for event in every if event.record.get("note") == "truncate"]
    names = {event.record["stream"] for event in every if event.record["kind"] == "event"}
    names |= {event.record["data"]["stream"] for event in notes}
    lines = place.journal.streams()
    assert [line.name for line in lines] == sorted(names), f"{place.name}: streams {lines}, not {sorted(names)}"
    for line in lines:
        counted = list(_counted(every, line.name))
        mine = [note for note in notes if note.record["data"]["stream"] == line.name]
        wanted = [(at, event) for at, event in enumerate(counted, 1) if not _is_hidden(world.ledger, event, mine)]
        found = [(event.position, event.id) for event in place.journal.read(line.name)]
        expected = [(at, event.name) for at, event in wanted]
        assert found == expected, f"{place.name} stream {line.name}: {found}, not {expected}"
        for event, (_, written) in zip(place.journal.read(line.name), wanted, strict=True):
            assert (event.event, event.key) == (written.record["event"], written.record.get("key"))
            assert event.data == written.record["data"]
        first = wanted[0][0] if wanted else len(counted) + 1
        last = counted[-1].name if counted else None
        facts = (line.length, line.first, line.count, line.last_event)
        expected_facts = (len(counted), first, len(wanted), last)
        assert facts == expected_facts, f"{place.name}: {line}, not {expected_facts}"


def _counted(every: list[Written], stream: str) -> Iterator[Written]:
    keys = set()
    for event in every:
        if event.record["kind"] == "event" and event.record["stream"] == stream:
            key = event.record.get("key")
            if key is None or key not in keys:
                keys.add(key)
                yield event


def _is_hidden(ledger: Ledger, event: Written, notes: list[Written]) -> bool:
    bit = 1 << (ledger.number(*event.id) or 0)
    return any(note.saw & bit and event.id <= _through(note) for note in notes)


def _through(note: Written) -> tuple[int, str]:
    seq, _, lane = note.record["data"]["through"].partition("@")
    return int(seq), lane


def check_tokens(world: World, place: Place) -> None:
    """Going on from a token gives what is here and not in it, once each, in the total order: in any clone."""
    for token in (None, *world.tokens):
        known = 0 if token is None else token.known
        found = [event.id for event in place.journal.read_all(since=None if token is None else token.text)]
        expected = world.ledger.names(place.holding.in_files & ~known)
        assert found == expected, f"{place.name}: on from {token}: {found}, not {expected}"
