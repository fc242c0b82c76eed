"""The index: a local SQLite file with all that makes reads fast. A cache; deleting it loses nothing."""
