"""A document in which git left conflict markers, where both sides are what the journal wrote. Pure.

Two branches changed one entity; the events of both are here, and git could not join the lines of its document. If each
side, read by itself, is made of nothing but what versions of the entity hold, no person had a hand in it, and the
document is written anew from the events. Else it is as any file that cannot be read: nobody touches it.
"""

from journal.errors import RefusedError
from journal.index.view import Key
from journal.projections.documents import read_document
from journal.projections.mixture import is_mixture
from journal.state.entity import Payload
from journal.upkeep.stages.old_store import Document, Unreadable

_OURS, _BASE, _THEIRS, _END = b"<<<<<<< ", b"|||||||", b"=======", b">>>>>>> "


def has_markers(text: bytes) -> bool:
    """Tell whether git left conflict markers in a text."""
    lines = text.split(b"\n")
    return any(line.startswith(_OURS) for line in lines) and any(line.startswith(_END) for line in lines)


def ours_of(key: Key, found: Unreadable, versions: list[Payload]) -> Document | None:
    """Return our side of a document that git could not merge; None unless both sides are machine-made."""
    if not has_markers(found.text):
        return None
    texts = [_side(found.text, is_ours=is_ours) for is_ours in (True, False)]
    try:
        sides = [read_document(text, what=found.path) for text in texts]
    except RefusedError:
        return None
    if not all(is_mixture(side, versions) for side in sides):
        return None
    return Document(found.path, key, sides[0], texts[0])


def _side(text: bytes, *, is_ours: bool) -> bytes:
    """Return the text with one side of each conflict; what the two have in common stays."""
    kept: list[bytes] = []
    part = ""
    for line in text.split(b"\n"):
        if line.startswith(_OURS):
            part = "ours"
        elif part == "ours" and line.startswith(_BASE):
            part = "base"
        elif part in ("ours", "base") and line.startswith(_THEIRS):
            part = "theirs"
        elif part == "theirs" and line.startswith(_END):
            part = ""
        elif not part or part == ("ours" if is_ours else "theirs"):
            kept.append(line)
    return b"\n".join(kept)
