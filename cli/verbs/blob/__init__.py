"""The verbs of ``journal blob``."""
