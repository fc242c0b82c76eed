"""The tables of projections in the index: what was written last, what is still to be written, what changed since."""

import sqlite3
from collections.abc import Iterable, Iterator

from journal.index.rows import PrintedFacts

_PUT_PRINTED = "INSERT OR REPLACE INTO printed VALUES(?,?,?,?,?,?,?,?)"
_PRINTED_FOLDERS = """
WITH RECURSIVE known(folder) AS (
  SELECT min(folder) FROM printed
  UNION ALL
  SELECT (SELECT min(folder) FROM printed p WHERE p.folder > known.folder) FROM known WHERE folder IS NOT NULL)
SELECT folder FROM known WHERE folder IS NOT NULL
"""


class Printed:
    """The statements on these tables; ``Index`` has them. What changes a table runs in a transaction of the caller."""

    _db: sqlite3.Connection

    def printed(self, type: str, id: str) -> PrintedFacts | None:
        """Return what was written last as the entity's projection."""
        query = "SELECT hash, size, mtime_ns, inode FROM printed WHERE type = ? AND name = ?"
        row = self._db.execute(query, (type, id)).fetchone()
        return row and PrintedFacts(*row)

    def all_printed(self) -> Iterator[tuple[str, str, PrintedFacts]]:
        """Return (type, id, projection) of all that have one."""
        for type_, id_, *facts in self._db.execute("SELECT type, name, hash, size, mtime_ns, inode FROM printed"):
            yield type_, id_, PrintedFacts(*facts)

    def printed_in(self, folder: str) -> list[tuple[str, str, str, int, int, int]]:
        """Return (file name, type, id, size, mtime in ns, inode) of all projections in a folder."""
        query = "SELECT file, type, name, size, mtime_ns, inode FROM printed WHERE folder = ?"
        return self._db.execute(query, (folder,)).fetchall()

    def printed_folders(self) -> set[str]:
        """Return the folders that projections were written to, at a cost that follows their number."""
        return {folder for (folder,) in self._db.execute(_PRINTED_FOLDERS)}

    def put_printed(self, rows: Iterable[tuple[str, str, str, PrintedFacts | None]]) -> None:
        """Remember (type, id, path, projection as it was written, or None for one that was removed)."""
        for type_, id_, path, facts in rows:
            if facts is None:
                self._db.execute("DELETE FROM printed WHERE type = ? AND name = ?", (type_, id_))
            else:
                self._db.execute(_PUT_PRINTED, (type_, id_, *facts, *path.rsplit("/", 1)))
            self._db.execute("DELETE FROM unprinted WHERE type = ? AND name = ?", (type_, id_))

    def distrust_printed(self, age_ns: int) -> None:
        """Forget the stats of the projections that were written last, so that their bytes are looked at."""
        newest = "(SELECT max(mtime_ns) FROM printed)"
        self._db.execute(
            f"INSERT OR IGNORE INTO unprinted SELECT type, name FROM printed WHERE mtime_ns >= {newest} - ?",  # noqa: S608
            (age_ns,),
        )
        self._db.execute("UPDATE printed SET inode = -1 WHERE (type, name) IN (SELECT type, name FROM unprinted)")

    def unprinted(self) -> list[tuple[str, str]]:
        """Return (type, id) of each entity whose projection is still to be written."""
        return self._db.execute("SELECT type, name FROM unprinted ORDER BY type, name").fetchall()

    def add_unprinted(self, keys: Iterable[tuple[str, str]]) -> None:
        """Note entities whose projection is still to be written."""
        self._db.executemany("INSERT OR IGNORE INTO unprinted VALUES(?, ?)", keys)

    def add_unprinted_live(self) -> None:
        """Note all live entities, and all that have a projection, as still to be written."""
        self._db.execute("INSERT OR IGNORE INTO unprinted SELECT type, name FROM entities WHERE data IS NOT NULL")
        self._db.execute("INSERT OR IGNORE INTO unprinted SELECT type, name FROM printed")

    def folders(self) -> dict[str, tuple[int, int]]:
        """Return (mtime, inode) of the folders of projections as they were printed."""
        return {path: (mtime_ns, inode) for path, mtime_ns, inode in self._db.execute("SELECT * FROM folders")}

    def put_folders(self, rows: Iterable[tuple[str, int, int]]) -> None:
        """Remember folders of projections as they were printed."""
        self._db.executemany("INSERT OR REPLACE INTO folders VALUES(?, ?, ?)", rows)

    def drop_folders(self) -> None:
        """Forget the folders: all of them are looked at anew."""
        self._db.execute("DELETE FROM folders")

    def changed_paths(self) -> set[str]:
        """Return the projections written or removed since the last commit of the store."""
        return {path for (path,) in self._db.execute("SELECT path FROM changed")}

    def add_changed(self, paths: Iterable[str]) -> None:
        """Note projections that were written or removed."""
        self._db.executemany("INSERT OR IGNORE INTO changed VALUES(?)", ((path,) for path in paths))

    def clear_changed(self) -> None:
        """Forget which projections changed: they were committed."""
        self._db.execute("DELETE FROM changed")
