"""What a verb that wrote one entity prints."""

from typing import TYPE_CHECKING

from .output import shown
from .session import Session

if TYPE_CHECKING:
    from journal.store.expectation import Conflict
    from journal.store.model import Entity


def print_written(session: Session, written: "Entity | Conflict", *, verb: str = "") -> None:
    """Print the entity's new rev and event. Raises ConflictError where an expectation was not met."""
    from journal.store.model import Entity

    if not isinstance(written, Entity):
        from .failures import ConflictError

        raise ConflictError(written)
    session.is_complete = True
    if session.output.is_json:
        from .forms import entity_form

        session.output.json(entity_form(written))
        return
    what = f"{verb} {written.type} {written.id}".strip()
    session.output.done(f"{shown(what)}  rev {written.rev}  {written.event}")
