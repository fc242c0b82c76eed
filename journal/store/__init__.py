"""The engine: one store, its lock, its lane, its write path and its read path."""
