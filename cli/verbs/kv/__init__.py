"""The verbs of ``journal kv``."""
