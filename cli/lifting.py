"""A word on payloads that upcasters could not lift: they are printed as they were written."""

from typing import TYPE_CHECKING

from .session import Session

if TYPE_CHECKING:
    from journal.store.model import Entity


def warn_of_lifting(session: Session, *entities: "Entity") -> None:
    """After an answer: say which entities are not of the newest version, and why."""
    failed = [entity for entity in entities if entity.lift_error is not None]
    if failed:
        first = failed[0]
        more = f" (and {len(failed) - 1:,} more)" if len(failed) > 1 else ""
        session.output.flush()
        message = f"{first.type} {first.id!r} is shown as written: {first.lift_error}{more}"
        session.output.warn("not-lifted", message)
