"""An activity feed: what people did, in the order of the commits, kept up to date by a durable cursor.

The feed is a file of lines. The cursor says which events are in it; it goes on where it stopped, whoever was killed.
"""

import json
import os
import sys
from pathlib import Path

from journal import Event, Journal

DONE = [
    ("ana", "plan", "p1", {"title": "Ship", "status": "open"}),
    ("ben", "plan", "p2", {"title": "Paint the hull", "status": "open"}),
    ("ana", "note", "n1", {"text": "The wind is from the west"}),
    ("ben", "plan", "p1", {"title": "Ship", "status": "claimed"}),
    ("ana", "plan", "p2", {"title": "Paint the hull", "status": "done"}),
    ("ben", "note", "n1", None),
    ("ben", "plan", "p1", {"title": "Ship", "status": "done"}),
]


def act(journal: Journal) -> None:
    """Do what people do. How far they are is a key of the same transaction, so that each step is done once."""
    for number in range(journal.kv.get("acted", 0), len(DONE)):
        actor, type, id, document = DONE[number]
        with journal.transaction(actor=actor) as transaction:
            if document is None:
                transaction.delete(type, id)
            else:
                transaction.put(type, id, document)
            transaction.kv.put("acted", number + 1)
        print(f"- {actor} wrote {type} {id}", flush=True)


def sentence(event: Event) -> str:
    """Say what an event did, on one line whatever it holds."""
    verb = {"create": "wrote", "delete": "deleted"}.get(event.action or "", "changed")
    data = event.data or {}
    changed = ", ".join(f"{field}: {json.dumps(data[field], ensure_ascii=False)}" for field in event.set)
    return f"{event.actor} {verb} {event.type} {event.entity}" + (f" ({changed})" if changed else "")


def keep_up(journal: Journal, feed: Path) -> None:
    """Bring the feed up to date: a line for each event.

    What is acknowledged does not come again, so the line has to be on the disk first. What was not comes again, so a
    line begins with the event's id, and one that is there is not written twice. Half a line is none: it is cut off.
    """
    text = feed.read_bytes() if feed.exists() else b""
    whole = text[: text.rfind(b"\n") + 1]
    known = {line.split(" ", 1)[0] for line in whole.decode().splitlines()}
    with journal.subscribe("activity", types=["plan", "note"]) as subscription, feed.open("ab") as file:
        file.truncate(len(whole))
        for delivery in subscription.catch_up():
            if delivery.event.id not in known:
                file.write(f"{delivery.event.id} {sentence(delivery.event)}\n".encode())
                file.flush()
                os.fsync(file.fileno())
                print("- told", flush=True)
            delivery.ack()


def main(folder: str) -> None:
    """Do everything, and print the feed."""
    Journal.init(Path(folder, ".journal"))
    feed = Path(folder, "feed.txt")
    with Journal.open(folder) as journal:
        act(journal)
        keep_up(journal, feed)
    for line in feed.read_text(encoding="utf-8").splitlines():
        print(line.split(" ", 1)[1])


if __name__ == "__main__":
    main(sys.argv[1])
