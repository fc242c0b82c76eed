"""A search index that follows the journal: words of articles in SQLite, fed by a subscription.

How far it has come is a token, kept in the same transaction as the words: so neither is ever ahead of the other, and
each event counts once. The index is derived: delete its file, and it is made again.
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
TABLES = """
    CREATE TABLE IF NOT EXISTS words (word TEXT, article TEXT, PRIMARY KEY (word, article));
    CREATE TABLE IF NOT EXISTS place (only INTEGER PRIMARY KEY, token TEXT);
"""


def write(journal: Journal) -> None:
    """Write articles. How far that is done is a key of the same transaction, so that each step is done once."""
    for number in range(journal.kv.get("written", 0), len(ARTICLES)):
        id, text = ARTICLES[number]
        with journal.transaction() as transaction:
            if text is None:
                transaction.delete("article", id)
            else:
                transaction.put("article", id, {"text": text})
            transaction.kv.put("written", number + 1)
        print(f"- wrote {id}", flush=True)


def index(journal: Journal, database: sqlite3.Connection) -> None:
    """Index what came since the token. What counts is what an article is now, not what an event said."""
    row = database.execute("SELECT token FROM place").fetchone()
    with journal.subscribe(since=row[0] if row else None, types=["article"]) as subscription:
        for delivery in subscription.catch_up():
            id = str(delivery.event.entity)
            article = journal.get("article", id)
            text = str(article.data["text"]) if article is not None and article.data is not None else ""
            words = sorted(set(re.findall(r"\w+", text.lower())))
            with database:  # one transaction of SQLite
                database.execute("DELETE FROM words WHERE article = ?", (id,))
                database.executemany("INSERT INTO words VALUES (?, ?)", [(word, id) for word in words])
                database.execute("REPLACE INTO place VALUES (1, ?)", (delivery.token,))
            delivery.ack()
            print(f"- indexed {id}", flush=True)


def main(folder: str) -> None:
    """Write, index, and search."""
    Journal.init(Path(folder, ".journal"))
    database = sqlite3.connect(Path(folder, "search.db"))
    database.executescript(TABLES)
    with Journal.open(folder) as journal:
        write(journal)
        index(journal, database)
    for word in ("ship", "boat", "harbour", "winter"):
        found = database.execute("SELECT article FROM words WHERE word = ? ORDER BY article", (word,))
        print(f"{word}: {', '.join(article for (article,) in found)}")
    database.close()


if __name__ == "__main__":
    main(sys.argv[1])
