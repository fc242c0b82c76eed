"""Writing what the overlay of a view holds to the index, in one transaction, the watermark with it."""

from typing import TYPE_CHECKING

from journal.index.overlay import Owner
from journal.index.span_table import NOTES
from journal.index.view import OvertakenError, View, state_text

if TYPE_CHECKING:
    from journal.index.redactions import Redacting

UNCLEAN = "unclean"
"""Set in an index that may still hold, in pages that are free, what is redacted."""


def flush_overlay(view: View) -> None:
    """Write the overlay to the index. Raises OvertakenError where another process has written it since it was read."""
    if view.overlay.is_empty:
        return
    with view.index.writing():
        if view.is_overtaken():
            raise OvertakenError("the index was written by another process")
        write_overlay(view)
    view.settle()


def write_overlay(view: View, *, lags: bool = True) -> None:
    """Write the overlay within a transaction of the caller, who calls ``settle`` of the view after it.

    ``lags``: the projections of what changed are still to be written.
    """
    index, overlay = view.index, view.overlay
    _write_entities(view)
    if view.is_bare:
        index.add_unprinted_live()
        index.drop_folders()
    elif lags:
        index.add_unprinted(overlay.states)
    for section in overlay.sections.values():
        index.put_section(section)
    for (file, lane, first), spans in overlay.parts.items():
        index.put_part(file, lane, first, spans)
    if overlay.streams:
        from journal.index.streams import write_streams  # few commands write a stream

        write_streams(view)
    _write_spans(view)
    for damage in overlay.damage:
        index.put_damage(damage)
    for facts in overlay.files.values():
        index.put_file(facts)
    index.set_vector("have_files", view.have_files)
    index.set_vector("covers", view.covers)
    index.set_vector("bridges", view.bridges)
    if view.redacting is not None and view.redacting.is_changed:
        _write_redacting(view, view.redacting)


def _write_entities(view: View) -> None:
    states = view.overlay.states
    for key in [key for key, state in states.items() if state is None]:
        view.index.drop_entity(*key)
    view.index.put_entities(view.plain_rows.values())
    live = ((key, state) for key, state in states.items() if state is not None)
    view.index.put_entities((view.overlay_row(key, state), state_text(state)) for key, state in live)


def _write_redacting(view: View, redacting: "Redacting") -> None:
    view.index.set_meta("redacting", redacting.text())
    if redacting.has_grown:
        view.index.set_meta(UNCLEAN, True)
    redacting.is_changed = redacting.has_grown = False


def _write_spans(view: View) -> None:
    owners = dict.fromkeys(owner for span in view.overlay.spans for owner in span.owners)
    numbers: dict[Owner, int] = {None: NOTES}
    numbers.update((owner, -view.index.streams.number(owner)) for owner in owners if isinstance(owner, str))
    numbers.update(view.index.entity_numbers(owner for owner in owners if isinstance(owner, tuple)))
    for span in view.overlay.spans:
        view.index.spans.add(span, [numbers.get(owner, NOTES) for owner in span.owners])
