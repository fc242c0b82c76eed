"""Two views of the same files must mean the same, byte for byte: from the index, anew, and from events alone."""

from collections.abc import Iterator

from journal.format import values
from journal.index.view import Key, View
from journal.state.encoding import encode_state
from journal.state.entity import normal
from journal.upkeep.findings import Finding

CODE = "state-differs"
HINT = "the index holds nothing of its own: journal doctor --verify --fix builds it anew"


def differences(live: View, other: View, told: str) -> Iterator[Finding]:
    """Yield a finding for each entity of which two views differ. ``told``: what the other one is."""
    for key in sorted(_keys(live) | _keys(other)):
        if not _is_same_text(live, other, key) and _meaning(live, key) != _meaning(other, key):
            yield Finding(CODE, "error", None, f"{key[0]} {key[1]!r} is not what {told} give", HINT)


def _keys(view: View) -> set[Key]:
    return {(type, id) for type, id, _, _ in view.index.every_state()} | set(view.overlay.states)


def _is_same_text(live: View, other: View, key: Key) -> bool:
    """Tell whether the stored texts are the same, which most are; then nothing needs to be decoded."""
    if key in live.overlay.states or key in other.overlay.states:
        return False
    found = live.index.state_texts(*key), other.index.state_texts(*key)
    return found[0] == found[1] and live.index.entity(*key) == other.index.entity(*key)


def _meaning(view: View, key: Key) -> tuple[object, ...] | None:
    """Return the state in its canonical bytes, and the row; None where there is none of it."""
    try:
        state, row = view.state(key), view.row(key)
    except ValueError as error:
        return ("unreadable", str(error))
    if state is None or row is None:
        return None
    return values.encode_trusted(encode_state(normal(state, view.have))), row
