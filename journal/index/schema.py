"""The tables of the index. A change here raises ``SCHEMA``; an index of another schema is built anew."""

SCHEMA = 8

TABLES = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- One row per file of the truth that was applied. applied: bytes (of the text, for a segment) up to which
-- its records are in entities; crc: checksum of these bytes; listed: its events stand in events.
CREATE TABLE files(
  id INTEGER PRIMARY KEY, folder TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
  inode INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, applied INTEGER NOT NULL, crc INTEGER NOT NULL,
  last INTEGER NOT NULL, listed INTEGER NOT NULL, UNIQUE(folder, name));

-- One row per segment whose header is here, live or packed: what its writer saw (sees: JSON).
CREATE TABLE sections(
  lane TEXT NOT NULL, first INTEGER NOT NULL, sees TEXT NOT NULL, prev_segment TEXT, prev_seq INTEGER,
  number INTEGER NOT NULL, PRIMARY KEY(lane, first)) WITHOUT ROWID;
CREATE INDEX sections_by_prev ON sections(prev_segment, prev_seq) WHERE prev_segment IS NOT NULL;

-- Which part of which segment a file holds: seqs is JSON, intervals.
CREATE TABLE parts(
  file INTEGER NOT NULL, lane TEXT NOT NULL, first INTEGER NOT NULL, seqs TEXT NOT NULL,
  PRIMARY KEY(file, lane, first)) WITHOUT ROWID;
CREATE INDEX parts_by_section ON parts(lane, first);

CREATE TABLE damage(
  file INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL, lane TEXT NOT NULL, low INTEGER NOT NULL,
  high INTEGER NOT NULL, reason TEXT NOT NULL, blob TEXT NOT NULL, PRIMARY KEY(file, offset)) WITHOUT ROWID;

-- data: what the entity shows, compact JSON (NULL: deleted); state: the rest of its state. row_sum, state_sum: their
-- checksums (rows.py), since what is written to the truth rests on these rows, and SQLite has none.
CREATE TABLE entities(
  id INTEGER PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL, rev INTEGER NOT NULL, seq INTEGER NOT NULL,
  lane TEXT NOT NULL, conflicts INTEGER NOT NULL, data TEXT, state TEXT NOT NULL, row_sum INTEGER NOT NULL,
  state_sum INTEGER NOT NULL, UNIQUE(type, name));
CREATE INDEX live_entities ON entities(type, name) WHERE data IS NOT NULL;
CREATE INDEX open_conflicts ON entities(type, name) WHERE conflicts > 0;

CREATE TABLE lanes(id INTEGER PRIMARY KEY, lane TEXT NOT NULL UNIQUE);

-- Where lines stand, many of one lane whose seqs count up and that stand one behind the other in a file: offset in the
-- file (of the gzip member, for a pack; inner: in its text). lengths: of each line, 4 bytes each; owners: whose event
-- each is, 8 bytes each: an entity's, a stream's with the sign turned, 0 for other notes.
CREATE TABLE spans(
  lane INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, file INTEGER NOT NULL, offset INTEGER NOT NULL,
  inner INTEGER, lengths BLOB NOT NULL, owners BLOB NOT NULL);
CREATE INDEX spans_by_lane ON spans(lane, first);
CREATE INDEX spans_by_seq ON spans(first);
CREATE INDEX spans_by_file ON spans(file);
-- The events of each entity, and notes under 0.
CREATE TABLE events(
  owner INTEGER NOT NULL, seq INTEGER NOT NULL, lane INTEGER NOT NULL, PRIMARY KEY(owner, seq, lane)) WITHOUT ROWID;

-- last: the greatest position; visible: how many events are not hidden; seq, lane: the last event.
CREATE TABLE streams(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, last INTEGER NOT NULL, visible INTEGER NOT NULL,
  rev INTEGER NOT NULL, seq INTEGER NOT NULL, lane TEXT NOT NULL);
-- Events of a stream, many of one lane whose seqs, revs and positions count up. position: NULL for one that repeats a
-- key; hidden: by a truncation. Both follow from the rest (state/stream.py).
CREATE TABLE stretches(
  stream INTEGER NOT NULL, seq INTEGER NOT NULL, lane TEXT NOT NULL, count INTEGER NOT NULL, rev INTEGER NOT NULL,
  position INTEGER, hidden INTEGER NOT NULL, PRIMARY KEY(stream, seq, lane)) WITHOUT ROWID;
CREATE INDEX stretches_by_position ON stretches(stream, position) WHERE hidden = 0 AND position IS NOT NULL;
CREATE TABLE stream_keys(
  stream INTEGER NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, lane TEXT NOT NULL,
  PRIMARY KEY(stream, key, seq, lane)) WITHOUT ROWID;
CREATE TABLE truncations(
  stream INTEGER NOT NULL, seq INTEGER NOT NULL, lane TEXT NOT NULL, through_seq INTEGER NOT NULL,
  through_lane TEXT NOT NULL, PRIMARY KEY(stream, seq, lane)) WITHOUT ROWID;

-- The projection of an entity as this checkout wrote it last, and those that are still to be written.
CREATE TABLE printed(
  type TEXT NOT NULL, name TEXT NOT NULL, hash BLOB NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
  inode INTEGER NOT NULL, folder TEXT NOT NULL, file TEXT NOT NULL, PRIMARY KEY(type, name)) WITHOUT ROWID;
CREATE INDEX printed_by_folder ON printed(folder);
-- The folders of projections as they were when all in them was as printed.
CREATE TABLE folders(path TEXT PRIMARY KEY, mtime_ns INTEGER NOT NULL, inode INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE unprinted(type TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY(type, name)) WITHOUT ROWID;

-- Names of projections that differ from what was committed last (see store/committing.py).
CREATE TABLE changed(path TEXT PRIMARY KEY) WITHOUT ROWID;
"""
