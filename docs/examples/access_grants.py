"""Who may do what: grants and revocations are events, the present rights are keys, and an audit reads a window.

Each change appends to the stream and changes the right in one transaction, so the two never differ. To check a right is
to look at one key, however long the history is. Run it with a folder.
"""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from journal import Journal

STREAM = "access"
CHANGES = [
    ("Granted", "ana", "ledger", "root"),
    ("Granted", "ben", "ledger", "ana"),
    ("Granted", "ben", "vault", "ana"),
    ("Revoked", "ben", "ledger", "root"),
    ("Granted", "cleo", "ledger", "ana"),
    ("Revoked", "ana", "ledger", "root"),
    ("Granted", "ben", "ledger", "root"),
    ("Revoked", "cleo", "ledger", "root"),
]


def right(who: str, what: str) -> str:
    """Return the key of a right."""
    return f"may/{what}/{who}"


def may(journal: Journal, who: str, what: str) -> bool:
    """Tell whether somebody may do something now: one look at one key."""
    return journal.kv.has(right(who, what))


def change(journal: Journal, number: int) -> None:
    """Write a change as the event at its place, and the right with it: both, or neither."""
    event, who, what, by = CHANGES[number]
    with journal.transaction(actor=by, summary=f"{event} {what} to {who}") as together:
        together.append(STREAM, event, {"who": who, "what": what}, expect=number)
        if event == "Granted":
            together.kv.put(right(who, what), {"by": by})
        else:
            together.kv.delete(right(who, what))


def rights_after(journal: Journal, position: int) -> set[tuple[str, str]]:
    """Return all rights as they were after an event: the fold of the stream up to it."""
    rights: set[tuple[str, str]] = set()
    for event in journal.read(STREAM, end=position):
        named = (event.data or {})["who"], (event.data or {})["what"]
        (rights.add if event.event == "Granted" else rights.discard)(named)
    return rights


def shown(rights: Iterable[tuple[str, str]]) -> str:
    """Return rights as a line."""
    return ", ".join(f"{who} {what}" for who, what in sorted(rights))


def main(folder: str) -> None:
    """Make all changes that an earlier run has not made, then check and audit."""
    Journal.init(folder)
    with Journal.open(folder) as journal:
        for number in range(sum(1 for _ in journal.read(STREAM)), len(CHANGES)):
            change(journal, number)
            print(f"- {' '.join(CHANGES[number][:3])}", flush=True)
        now = {(who, what) for _, who, what, _ in CHANGES if may(journal, who, what)}
        print(f"now: {shown(now)}")
        print(f"the keys are the fold of the stream: {now == rights_after(journal, len(CHANGES))}")
        print(f"after the fifth change: {shown(rights_after(journal, 5))}")
        window = [
            (event.actor, event.event, (event.data or {})["who"]) for event in journal.read(STREAM, start=4, end=6)
        ]
        print(f"audit of 4 to 6: {'; '.join(f'{by} {what} {who}' for by, what, who in window)}")
        hour_ago = datetime.now(UTC) - timedelta(hours=1)
        by_root = journal.read(STREAM, after_time=hour_ago, where=lambda event: event.actor == "root")
        print(f"by root within the hour: {sum(1 for _ in by_root)}")


if __name__ == "__main__":
    main(sys.argv[1])
