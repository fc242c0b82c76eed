"""Who may do what: grants and revocations are events, the present rights are a view, and an audit reads a window.

A view is a fold of the stream that is kept current. To check a right is to look it up there, however many rights
there are and however long the history is, and what is found is never stale. An audit reads only the events that it asks
about.
"""

import sys
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path

from journal import Conflict, Fold, Journal, MaterializedView, StreamEvent

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
Rights = dict[str, dict[str, str]]
"""Who -> what -> who granted it."""


def step(rights: Rights, event: StreamEvent) -> Rights:
    """Return the rights after an event; the ones before stay as they are."""
    who, what = event.data["who"], event.data["what"]
    others = {name: by for name, by in rights.get(who, {}).items() if name != what}
    return {**rights, who: others | ({what: event.actor or "?"} if event.event == "Granted" else {})}


RIGHTS: Fold[Rights] = Fold("rights", {}, step)


def may(view: MaterializedView[Rights], who: str, what: str) -> bool:
    """Look a right up. ``peek()`` is the view's own value and no copy of it, so it is only to be looked at."""
    return what in view.peek().get(who, {})


def listed(rights: Rights) -> str:
    """Return rights as one line."""
    return ", ".join(f"{who} {what} (by {by})" for who in sorted(rights) for what, by in sorted(rights[who].items()))


def change(journal: Journal, view: MaterializedView[Rights]) -> None:
    """Make the changes that an earlier run has not made: the length of the stream says how far it came."""
    for number in range(journal.stream(STREAM).length, len(CHANGES)):
        event, who, what, by = CHANGES[number]
        written = journal.append(STREAM, event, {"who": who, "what": what}, expect=number, actor=by)
        if isinstance(written, Conflict):
            raise SystemExit("somebody else changes the rights of this folder")
        assert may(view, who, what) is (event == "Granted")
        print(f"- {event} {who} {what}", flush=True)


def main(folder: str) -> None:
    """Change, check, audit."""
    Journal.init(Path(folder, ".journal"))
    with Journal.open(folder) as journal:
        view = journal.view(RIGHTS, STREAM)
        change(journal, view)
        print(f"now: {listed(view.read())}")
        print(f"ben may use the vault: {may(view, 'ben', 'vault')}; cleo may: {may(view, 'cleo', 'vault')}")
        print(f"after the fifth change: {listed(reduce(step, journal.read(STREAM, end=5), RIGHTS.seed))}")
        print(f"the view is the whole stream: {view.read() == reduce(step, journal.read(STREAM), RIGHTS.seed)}")
        for audited in journal.read(STREAM, start=4, end=6):
            print(f"audit {audited.position}: {audited.actor} {audited.event} {audited.data}")
        hour_ago = datetime.now(UTC) - timedelta(hours=1)
        by_root = journal.read(STREAM, after_time=hour_ago, where=lambda event: event.actor == "root")
        print("by root within the hour:", ", ".join(f"{event.event} {event.data['who']}" for event in by_root))


if __name__ == "__main__":
    main(sys.argv[1])
