"""What must hold after each step. Every check raises AssertionError."""

import json
from typing import Any

from journal.format import values
from journal.index.view import View
from journal.projections.paths import entity_at
from journal.state.encoding import encode_state
from journal.state.entity import ABSENT, EntityState, normal
from tests.fuzz.ledger import Holding, Ledger, Written
from tests.fuzz.meaning import UNSET, Key, Meaning, assigned, meanings
from tests.fuzz.places import Place
from tests.fuzz.settling import check_unmerged
from tests.fuzz.world import World
from tests.support.stores import fresh_view, meaning, rendered

EXPECTED = {
    "history-missing",
    "uncommitted",
    "parked",
    "checkpoint-due",
    "edited",
    "leftover",
    "index-foreign",
    "conflicts-open",
    "redact-again",
}
"""What doctor may find: history that somebody dropped, and what is no reason to worry."""
UNLIKE_GIT = {"truth-missing", "truth-changed"}
"""What doctor finds where git's index and the work tree were moved apart, as by a reset or a backup."""
BLOBLESS = {"blob-missing", "checkpoint-damaged"}
"""What doctor finds where git took a blob away and left a checkpoint that refers to it."""


def check_files(world: World, place: Place, *, writes: bool, keeps: bool, writer_held: int) -> None:
    """The truth is whole, no path has two contents, no id two records, and what must stay has stayed."""
    check_unmerged(place)
    before = place.holding
    place.holding = world.ledger.look(place.root, writer_held if writes else None)
    gone = before.all & ~place.holding.all
    assert not keeps or not gone, f"{place.name} lost {world.ledger.names(gone)}"
    bare = (before.mentioned - before.bare) & place.holding.bare
    assert not keeps or not bare, f"{place.name} lost the blobs {sorted(bare)}, which events refer to"


def check_answers(world: World, place: Place) -> None:
    """No event is ignored, and the state is what the definition says of those that are here.

    Where a payload is lost, its event may be passed over, and what it did counts as long as the index knows it.
    """
    held = place.holding
    told = 0
    for event in place.journal.log(reserved=True):
        number = world.ledger.number(event.seq, event.lane)
        assert number is not None, f"the log of {place.name} has {event.id}, which nobody wrote"
        told |= 1 << number
    names = world.ledger.names
    assert not held.in_files & ~told & ~held.lost, f"{place.name} ignores {names(held.in_files & ~told)}"
    assert not told & ~held.in_files, f"{place.name} shows {names(told & ~held.in_files)}, which no file has"
    if held.lost:
        return
    with place.journal._engine.reading() as view:
        _check_meaning(world, place, view)
        _check_same_bytes(world, place, view)


def _check_meaning(world: World, place: Place, view: View) -> None:
    ledger = world.ledger
    expected = meanings(ledger, place.holding)
    here = _entities(view)
    assert here == expected.keys(), (
        f"{place.name}: entities {sorted(here - expected.keys())} too many, {sorted(expected.keys() - here)} missing"
    )
    for key, wanted in expected.items():
        state, row = view.state(key), view.row(key)
        assert state is not None
        assert row is not None
        found = _meaning_of(ledger, normal(state, view.have), None if row.data is None else json.loads(row.data))
        assert found == wanted, f"{place.name} {key}: {_described(ledger, found)}, not {_described(ledger, wanted)}"
        _check_assignments(ledger, key, state, place.holding)


def _entities(view: View) -> set[Key]:
    keys = {(type, id) for type, id, _, _ in view.index.every_state()} | set(view.overlay.states)
    return {key for key in keys if view.state(key) is not None}


def _meaning_of(ledger: Ledger, state: EntityState, shown: Any) -> Meaning:
    fields = {name: _mask(ledger, (id for id, _ in pairs)) for name, pairs in state.fields.items()}
    holes = {name: ledger.covering(missing) for name, missing in state.holes.fields.items()}
    return Meaning(
        shown,
        _mask(ledger, state.heads),
        fields,
        ledger.covering(state.holes.heads),
        {name: missing for name, missing in holes.items() if missing},
    )


def _check_assignments(ledger: Ledger, key: Key, state: EntityState, held: Holding) -> None:
    for name, pairs in state.fields.items():
        for id, item in pairs:
            number = ledger.number(*id)
            assert number is not None
            said = assigned(ledger.event(number, held.taken).record)[name]
            assert (UNSET if item is ABSENT else item) == said, f"{key} {name} of {id}: {item!r}, not {said!r}"


def _mask(ledger: Ledger, ids: Any) -> int:
    mask = 0
    for id in ids:
        number = ledger.number(*id)
        assert number is not None, f"{id} was never written"
        mask |= 1 << number
    return mask


def _described(ledger: Ledger, item: Meaning) -> str:
    fields = {name: ledger.names(mask) for name, mask in item.fields.items()}
    holes = {name: ledger.names(mask) for name, mask in item.field_holes.items()}
    return (
        f"{item.shown} heads {ledger.names(item.heads)} fields {fields} holes {ledger.names(item.head_holes)} {holes}"
    )


def _check_same_bytes(world: World, place: Place, view: View) -> None:
    """The same events give the same bytes of state, wherever they are."""
    found: dict[str, bytes] = {}
    for key in _entities(view):
        state, row = view.state(key), view.row(key)
        assert state is not None
        assert row is not None
        found[" ".join(key)] = values.encode_trusted(encode_state(normal(state, view.have))) + (row.data or "").encode()
    known = world.states.setdefault((place.holding.all, place.holding.taken), found)
    differ = [name for name in known.keys() | found.keys() if known.get(name) != found.get(name)]
    assert not differ, f"{place.name}: same events, other bytes: {[(known.get(n), found.get(n)) for n in differ]}"


def check_rebuilt(place: Place) -> None:
    """A state that is built anew from the files is the one that the index has."""
    with place.journal._engine.reading() as view:
        here = meaning(view)
    anew = meaning(fresh_view(place.root))
    assert here == anew, f"{place.name}: a rebuild gives another state: {_difference(here, anew)}"


def _difference(here: dict[str, Any], anew: dict[str, Any]) -> list[Any]:
    entities = here["entities"].keys() | anew["entities"].keys()
    told: list[Any] = [(k, here[k], anew[k]) for k in ("have", "top", "damage") if here[k] != anew[k]]
    pairs = [(key, here["entities"].get(key), anew["entities"].get(key)) for key in sorted(entities)]
    return told + [pair for pair in pairs if pair[1] != pair[2]]


def check_projections(world: World, place: Place) -> None:
    """After reconcile the readable files are the renderings of the state, but for what people made."""
    place.journal.reconcile()
    wanted, found = rendered(place.journal), place.files()
    for path in sorted(wanted.keys() | found.keys()):
        text = found.get(path)
        is_as_expected = wanted.get(path) == text or _is_foreign(world, place, path, text)
        if not is_as_expected and not _is_staged_edit(world, place, path):
            raise AssertionError(f"{place.name} {path}: {text!r}, not {wanted.get(path)!r}")


def _is_foreign(world: World, place: Place, path: str, text: bytes | None) -> bool:
    """Tell whether a file says what no event in the files here says, nor the state.

    Then git brought it without the events, or took the events away and left it, or a person wrote it.
    """
    key = entity_at(path)
    if key is None or text is None:
        return False
    try:
        shown = json.loads(text)
    except ValueError:
        return False
    with place.journal._engine.reading() as view:
        state = view.state((key[0], key[1] or ""))
    kept = state.fields if state is not None else {}
    said = {(name, values.canonical(item)) for name, pairs in kept.items() for _, item in pairs if item is not ABSENT}
    for event in _events_of(world, place, path):
        image = event.record.get("data") or {}
        said.update((name, values.canonical(item)) for name, item in image.items())
    return any((name, values.canonical(item)) not in said for name, item in shown.items())


def _is_staged_edit(world: World, place: Place, path: str) -> bool:
    """Tell whether a file is as git's index has it, of an entity whose events each knew the one before.

    A pick or a squash of a commit whose events are here already makes such a file. Nothing tells it from an edit by a
    person who staged it, so it is left alone.
    """
    events = sorted(_events_of(world, place, path), key=lambda event: event.id)
    bits = [1 << (world.ledger.number(*event.id) or 0) for event in events]
    knew = all(after.saw & bit for bit, after in zip(bits, events[1:], strict=False))
    return knew and not place.ask("diff", "--name-only", "--", f".journal/{path}")


def _events_of(world: World, place: Place, path: str) -> list[Written]:
    key = entity_at(path)
    events = world.ledger.those(place.holding.in_files, place.holding.taken)
    return [event for event in events if (event.record.get("type"), event.record.get("id")) == key]


def check_edits(place: Place) -> None:
    """What a person edited is as it was left, whatever the journal did since."""
    found = place.files() if place.edits else {}
    lost = [path for path, text in place.edits.items() if found.get(path) != text]
    assert not lost, f"{place.name}: {lost} was edited by hand, and is not as it was left"


def check_doctor(place: Place, *, verify: bool) -> None:
    """Doctor finds nothing but what git and people did."""
    report = place.journal.doctor(verify=verify)
    differs = place.ask("diff", "--name-only", "--no-renames")
    told = {f".journal/{item.path}" for item in report.findings if item.code in UNLIKE_GIT}
    assert told <= set(differs), f"{place.name}: doctor says of {told - set(differs)} that git has another content"
    expected = EXPECTED | UNLIKE_GIT | (BLOBLESS if place.holding.has_broken_checkpoint else set())
    expected |= {"reference-missing"} if place.holding.bare else set()
    found = [item for item in report.findings if item.code not in expected]
    assert not found, f"{place.name}: doctor finds {found}"
