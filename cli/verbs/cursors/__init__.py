"""The verbs of ``journal cursors``."""
