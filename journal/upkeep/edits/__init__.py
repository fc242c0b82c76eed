"""Edits of projections by people: finding them, making events of them, putting projections back."""
