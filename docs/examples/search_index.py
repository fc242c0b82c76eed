"""A search index that follows the journal: words of articles in SQLite, fed by a subscription.

The index is derived: it may be deleted with its cursor, and is made again. Run it with a folder.
"""

import re
import sqlite3
import sys
from pathlib import Path

from journal import Journal

ARTICLES = [
    ("a1", "The ship leaves the harbour"),
    ("a2", "A harbour in the winter"),
    ("a3", "Winter storms and no ship"),
    ("a1", "The boat leaves the harbour"),  # a1 is written again: its old words must go
    ("a4", "How to paint a boat"),
    ("a2", None),  # and a2 is deleted
]


def write(journal: Journal) -> None:
    """Write articles; a step that was done is known by its mark, which is part of its transaction."""
    for number, (id, text) in enumerate(ARTICLES):
        if journal.get("step", str(number)) is None:
            with journal.transaction() as transaction:
                if text is None:
                    transaction.delete("article", id)
                else:
                    transaction.put("article", id, {"text": text})
                transaction.put("step", str(number), {})
            print(f"- wrote {id}", flush=True)


def index(journal: Journal, database: sqlite3.Connection) -> None:
    """Index what came. To do so twice changes nothing: what counts is what the article is now, not what happened."""
    with journal.subscribe("search", types=["article"], retry_seconds=0.1) as subscription:
        for delivery in subscription.catch_up():
            id = delivery.event.entity
            try:
                article = journal.get("article", str(id))
                text = article.data["text"] if article is not None and article.data is not None else ""
                words = set(re.findall(r"[a-z]+", text.lower()))
                with database:  # one transaction of SQLite
                    database.execute("DELETE FROM words WHERE article = ?", (id,))
                    database.executemany("INSERT INTO words VALUES (?, ?)", [(word, id) for word in sorted(words)])
            except sqlite3.Error as error:
                delivery.retry(error)
            else:
                delivery.ack()
                print(f"- indexed {id}", flush=True)


def main(folder: str) -> None:
    """Write, index, and search."""
    Journal.init(folder)
    database = sqlite3.connect(Path(folder, "search.db"))
    database.execute("CREATE TABLE IF NOT EXISTS words (word TEXT, article TEXT, PRIMARY KEY (word, article))")
    with Journal.open(folder) as journal:
        write(journal)
        index(journal, database)
    for word in ("ship", "boat", "harbour", "winter"):
        found = database.execute("SELECT article FROM words WHERE word = ? ORDER BY article", (word,))
        print(f"{word}: {', '.join(article for (article,) in found)}")
    database.close()


if __name__ == "__main__":
    main(sys.argv[1])
