"""Bringing index and projections up to date now, every projection looked at."""

from journal.index.flushing import flush_overlay
from journal.projections.plan import Step
from journal.store.engine import Engine


def reconcile(engine: Engine) -> int:
    """Look at all projections, write those that lag, and return how many were written or removed."""
    with engine.locked(), engine.reading() as view:
        flush_overlay(view)
        with view.index.writing():
            view.index.add_unprinted_live()
            view.index.drop_folders()
        outcomes = engine.printing.print(view)
    return sum(outcome.step in (Step.WRITE, Step.REMOVE) for outcome in outcomes)
