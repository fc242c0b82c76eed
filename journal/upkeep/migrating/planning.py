"""What one document of a source does to the entity that is here. Pure.

``before`` is what a migration said of the entity last, ``NEVER`` where none did. So a source can be brought in again
and again: what changed in it comes in, and what people changed here since stays.

=================  =========  ================  ======================================================
source says        here       before            decision
=================  =========  ================  ======================================================
the same as here   any        any               same
a document         nothing    NEVER             create
anything else      anything   NEVER             overlap: somebody else wrote the entity
the same as before another    known             kept: it was changed here, and not in the source
another            as before  known             create, update or delete: follow the source
another            another    known             update of the fields that the source changed (a merge);
                                                overlap where they changed here too, or one deleted it
=================  =========  ================  ======================================================

An overlap writes nothing, unless the source is to win.
"""

import enum
from typing import Final, Literal, NamedTuple

from journal.format import values
from journal.projections.absorbing import edit_of
from journal.state.entity import Payload

Word = Literal["same", "create", "update", "delete", "kept", "overlap"]


class Never(enum.Enum):
    """The type of ``NEVER``."""

    NEVER = "never"


NEVER: Final = Never.NEVER
"""No migration said anything of the entity yet."""


class Decision(NamedTuple):
    """What is to be done; of an update either the whole ``data``, or what to ``set`` and ``unset`` (a merge).

    ``overlaps``: fields that changed on both sides; none where the whole entity did.
    """

    word: Word
    data: Payload | None = None
    set: Payload = {}  # noqa: RUF012 - never changed
    unset: tuple[str, ...] = ()
    overlaps: tuple[str, ...] = ()

    @property
    def is_merge(self) -> bool:
        """Whether the entity is not what the source says afterwards, but what both sides say together."""
        return self.word == "update" and self.data is None


def decide(document: Payload | None, now: Payload | None, before: Payload | Never | None, *, force: bool) -> Decision:
    """Return what to do; see the table. ``force``: the source wins."""
    if _is_same(document, now):
        return Decision("same")
    if before is not NEVER and _is_same(document, before):
        return Decision("kept")
    if (now is None) if before is NEVER else _is_same(now, before):
        return _follow(document, now)
    edit = None
    if document is not None and now is not None and before is not None and before is not NEVER:
        edit = edit_of(before, document, now)
        if not edit.overlaps:
            return _merge(document, before)
    if force:
        return _follow(document, now)
    return Decision("overlap", overlaps=tuple(name for name in edit.overlaps if name) if edit else ())


def _merge(document: Payload, before: Payload) -> Decision:
    # Fields that were changed alike here are named too: so the event says all that the source says.
    changed = differing(before, document)
    named = {name: document[name] for name in changed if name in document}
    return Decision("update", None, named, tuple(name for name in changed if name not in document))


def _follow(document: Payload | None, now: Payload | None) -> Decision:
    if document is None:
        return Decision("delete")
    return Decision("create" if now is None else "update", document)


def differing(first: Payload, second: Payload) -> tuple[str, ...]:
    """Return the names of the fields in which two documents differ."""
    names = sorted({*first, *second})
    return tuple(name for name in names if values.differ_in(first, second, name))


def _is_same(first: Payload | Never | None, second: Payload | Never | None) -> bool:
    if first is None or second is None or first is NEVER or second is NEVER:
        return first is second
    return values.is_same(first, second)
