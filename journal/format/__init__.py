"""Bytes of the store to values and back: pure, opens no path, reads no clock (docs/format.md)."""
