"""What a person writes to name two sides: ``A..B``, ``A...B``, ``A B``, ``A``, or nothing. Pure.

=============  =====================================================
written        old side → new side
=============  =====================================================
(nothing)      HEAD → the present
``A``          A → the present
``A B``        A → B
``A..B``       A → B; a side that is left out is HEAD
``A...B``      the commit where A and B went apart → B
=============  =====================================================

A side is an event where it is a number or ``SEQ@LANE``, else a commit, by any name that git knows.
"""

from typing import NamedTuple

from journal.errors import UsageError
from journal.format.names import parse_event_id

HEAD = "HEAD"
_SEQ_DIGITS_MAX = 16


class Range(NamedTuple):
    """Two sides; ``new`` None: the present. ``from_base``: the old side is where the two went apart."""

    old: str
    new: str | None
    from_base: bool = False


def parse_range(texts: tuple[str, ...]) -> Range:
    """Return the sides that a person named. Raises UsageError."""
    if len(texts) == 2 and not any(".." in text for text in texts):
        return Range(*texts)
    if len(texts) > 1:
        raise UsageError("two sides are written A..B, or as two words")
    text = texts[0] if texts else HEAD
    for dots in ("...", ".."):
        old, found, new = text.partition(dots)
        if found:
            break
    else:
        return Range(text, None)
    if ".." in new or new.startswith("."):
        raise UsageError(f"not two sides: {text!r}", hint="write A..B or A...B")
    both = Range(old or HEAD, new or HEAD, from_base=dots == "...")
    if both.from_base and any(map(is_event, (old, new))):
        raise UsageError("A...B is of two commits, which went apart somewhere", hint="write A..B for events")
    return both


def is_event(text: str) -> bool:
    """Tell whether a side names an event: a number, or SEQ@LANE."""
    is_seq = text.isascii() and text.isdigit() and len(text) <= _SEQ_DIGITS_MAX
    return is_seq or parse_event_id(text) is not None
