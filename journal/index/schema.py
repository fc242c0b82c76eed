"""The tables of the index. A change here raises ``SCHEMA``; an index of another schema is built anew."""

SCHEMA = 3

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

-- Which part of which segment a file holds: spans is JSON, intervals of seq.
CREATE TABLE parts(
  file INTEGER NOT NULL, lane TEXT NOT NULL, first INTEGER NOT NULL, spans TEXT NOT NULL,
  PRIMARY KEY(file, lane, first)) WITHOUT ROWID;
CREATE INDEX parts_by_section ON parts(lane, first);

CREATE TABLE damage(
  file INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL, lane TEXT NOT NULL, low INTEGER NOT NULL,
  high INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY(file, offset)) WITHOUT ROWID;

-- data: what the entity shows, compact JSON (NULL: deleted); state: the rest of its state.
CREATE TABLE entities(
  id INTEGER PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL, rev INTEGER NOT NULL, seq INTEGER NOT NULL,
  lane TEXT NOT NULL, conflicts INTEGER NOT NULL, data TEXT, state TEXT NOT NULL, UNIQUE(type, name));
CREATE INDEX live_entities ON entities(type, name) WHERE data IS NOT NULL;
CREATE INDEX open_conflicts ON entities(type, name) WHERE conflicts > 0;

CREATE TABLE lanes(id INTEGER PRIMARY KEY, lane TEXT NOT NULL UNIQUE);

-- Where each event's line stands: offset in the file (of the gzip member, for a pack; inner: in its text).
-- stream: of a stream's event, and of a note that truncates one.
CREATE TABLE events(
  seq INTEGER NOT NULL, lane INTEGER NOT NULL, entity INTEGER, file INTEGER NOT NULL, offset INTEGER NOT NULL,
  inner INTEGER NOT NULL, length INTEGER NOT NULL, stream INTEGER, PRIMARY KEY(seq, lane)) WITHOUT ROWID;
CREATE INDEX events_by_entity ON events(entity, seq, lane) WHERE entity IS NOT NULL;

-- last: the greatest position; visible: how many events are not hidden; seq, lane: the last event.
CREATE TABLE streams(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, last INTEGER NOT NULL, visible INTEGER NOT NULL,
  rev INTEGER NOT NULL, seq INTEGER NOT NULL, lane TEXT NOT NULL);
-- position: NULL for one that repeats a key; hidden: by a truncation. Both follow from the rest (state/stream.py).
CREATE TABLE stream_events(
  stream INTEGER NOT NULL, seq INTEGER NOT NULL, lane TEXT NOT NULL, rev INTEGER NOT NULL, key TEXT, position INTEGER,
  hidden INTEGER NOT NULL, PRIMARY KEY(stream, seq, lane)) WITHOUT ROWID;
CREATE INDEX stream_positions ON stream_events(stream, position) WHERE hidden = 0 AND position IS NOT NULL;
CREATE INDEX stream_keys ON stream_events(stream, key, seq, lane) WHERE key IS NOT NULL;
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
