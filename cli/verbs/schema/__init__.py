"""``journal schema …``: JSON Schemas of types."""
