"""Streams of an open store: appending, reading, truncating."""
