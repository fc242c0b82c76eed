"""What must hold for those who look on while git works: a view that stays open, and a cursor that is asked at times."""

from contextlib import suppress
from typing import Any

from journal import Event, Fold, Journal, RefusedError, Subscription
from journal.format.values import canonical
from tests.fuzz.places import Place

CURSOR = "onlooker"


def _step(value: list[Any], event: Event) -> list[Any]:
    return [*value, f"{event.stream} {event.event} {canonical(event.data).decode()}"]


EVENTS = Fold("events", [], _step)


def check_view(place: Place) -> None:
    """A view gives what a full replay gives, whatever came, left, was hidden or redacted since it was opened."""
    names = sorted({event.stream for event in place.journal.read_all() if event.stream})
    view = place.kept(f"view of {names}", lambda journal: journal.view(EVENTS, names, refresh="append"))
    found, expected = view.read(), _replayed(place.journal)
    assert found == expected, f"{place.name}: the view gives {found}, not {expected}"


def _replayed(journal: Journal) -> list[Any]:
    value: list[Any] = []
    keys: set[tuple[str | None, str]] = set()
    for event in journal.read_all():
        if event.kind == "event" and (event.key is None or (event.stream, event.key) not in keys):
            value = _step(value, event)
        if event.key is not None:
            keys.add((event.stream, event.key))
    return value


def check_cursor(place: Place) -> None:
    """A cursor delivers each event that is here once, late ones too; it is lost only with the local folder."""
    journal = place.journal
    with _cursor(place) as cursor:
        while taken := cursor.take(50):
            ids = [delivery.event.id for delivery in taken]
            again = place.delivered.intersection(ids)
            assert not again, f"{place.name}: {sorted(again)} were delivered twice"
            place.delivered.update(ids)
            cursor.ack(*taken)
    here = {event.id for event in journal.read_all() if not (event.type or "").startswith("$")}
    missed = sorted(here - place.delivered)
    assert not missed, f"{place.name}: {missed} were not delivered"


def _cursor(place: Place) -> Subscription:
    """Return the cursor, begun anew where ``local/`` was removed, or copied from elsewhere."""
    cursors = place.journal.cursors
    if CURSOR in cursors.names():
        with suppress(RefusedError):
            cursors.status(CURSOR)
            return place.journal.subscribe(CURSOR, notes=True, on_gap=lambda gaps: None)
        cursors.drop(CURSOR)
    place.delivered.clear()
    return place.journal.subscribe(CURSOR, notes=True, on_gap=lambda gaps: None)
