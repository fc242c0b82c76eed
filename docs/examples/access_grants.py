"""Who may do what: grants and revocations are events, the present rights are a view, and an audit reads a window.

A view is a fold of the stream that is kept current: to check a right is one look into it, however long the history is,
and it is never stale. An audit folds the stream only up to the event that it asks about. Run it with a folder.
"""

import sys
from datetime import UTC, datetime, timedelta

from journal import Conflict, Fold, Journal, StreamEvent

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
Rights = dict[str, str]
"""Who and what, as one text -> who granted it."""


def step(rights: Rights, event: StreamEvent) -> Rights:
    """Return the rights after an event; the ones before stay as they are."""
    data = event.data or {}
    right = f"{data['who']} {data['what']}"
    rest = {name: by for name, by in rights.items() if name != right}
    return rest | {right: event.actor or ""} if event.event == "Granted" else rest


RIGHTS: Fold[Rights] = Fold("rights", {}, step)


def rights_after(journal: Journal, position: int) -> Rights:
    """Return all rights as they were after an event."""
    rights: Rights = {}
    for event in journal.read(STREAM, end=position):
        rights = step(rights, event)
    return rights


def main(folder: str) -> None:
    """Make all changes that an earlier run has not made, then check and audit."""
    Journal.init(folder)
    with Journal.open(folder) as journal:
        view = journal.view(RIGHTS, STREAM)
        for number in range(sum(1 for _ in journal.read(STREAM)), len(CHANGES)):
            event, who, what, by = CHANGES[number]
            written = journal.append(STREAM, event, {"who": who, "what": what}, expect=number, actor=by)
            assert not isinstance(written, Conflict), "somebody else changes rights in this folder"
            assert (f"{who} {what}" in view.read()) is (event == "Granted")
            print(f"- {event} {who} {what}", flush=True)
        print(f"now: {', '.join(sorted(view.read()))}")
        print(f"ben may use the vault: {'ben vault' in view.read()}; cleo may: {'cleo vault' in view.read()}")
        print(f"the view is the whole stream: {view.read() == rights_after(journal, len(CHANGES))}")
        print(f"after the fifth change: {', '.join(sorted(rights_after(journal, 5)))}")
        for audited in journal.read(STREAM, start=4, end=6):
            print(f"audit {audited.position}: {audited.actor} {audited.event} {audited.data}")
        hour_ago = datetime.now(UTC) - timedelta(hours=1)
        by_root = journal.read(STREAM, after_time=hour_ago, where=lambda event: event.actor == "root")
        print(f"by root within the hour: {sum(1 for _ in by_root)}")


if __name__ == "__main__":
    main(sys.argv[1])
