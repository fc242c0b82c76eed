"""An activity feed: what people did, in the order of the commits, kept up to date by a durable cursor.

Run it with a folder; kill it and run it again as often as you like.
"""

import sys
from pathlib import Path

from journal import Event, Journal

DONE = [
    ("ana", "plan", "p1", {"title": "Ship", "status": "open"}),
    ("ben", "plan", "p2", {"title": "Paint the hull", "status": "open"}),
    ("ana", "note", "n1", {"text": "The wind is from the west"}),
    ("ben", "plan", "p1", {"title": "Ship", "status": "claimed"}),
    ("ana", "plan", "p2", {"title": "Paint the hull", "status": "done"}),
    ("ben", "plan", "p1", {"title": "Ship", "status": "done"}),
]


def act(journal: Journal) -> None:
    """Do what people do. Each step goes with a mark of its own, in one transaction, so that it is done once."""
    for number, (actor, type, id, document) in enumerate(DONE):
        if journal.get("step", str(number)) is None:
            with journal.transaction(actor=actor) as transaction:
                transaction.put(type, id, document)
                transaction.put("step", str(number), {})
            print(f"- {actor} wrote {type} {id}", flush=True)


def sentence(event: Event) -> str:
    """Say what an event did."""
    changed = ", ".join(f"{field}: {(event.data or {})[field]}" for field in event.set)
    return f"{event.actor} changed {event.type} {event.entity} ({changed})"


def keep_up(journal: Journal, feed: Path) -> None:
    """Bring the feed up to date: a line for each event.

    An event may be delivered twice, so its line begins with its id, and a line that is there is not written again.
    """
    known = {line.split(" ", 1)[0] for line in feed.read_text().splitlines()} if feed.exists() else set()
    with journal.subscribe("activity", types=["plan", "note"]) as subscription, feed.open("a") as file:
        for delivery in subscription.catch_up():
            if delivery.event.id not in known:
                file.write(f"{delivery.event.id} {sentence(delivery.event)}\n")
                file.flush()
                print("- told", flush=True)
            delivery.ack()


def main(folder: str) -> None:
    """Do everything, and print the feed."""
    Journal.init(folder)
    feed = Path(folder, "feed.txt")
    with Journal.open(folder) as journal:
        act(journal)
        keep_up(journal, feed)
    for line in feed.read_text().splitlines():
        print(line.split(" ", 1)[1])


if __name__ == "__main__":
    main(sys.argv[1])
