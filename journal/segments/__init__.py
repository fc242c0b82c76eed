"""Segments and packs: reading their bytes, and deciding where the next record goes."""
