"""Folds over streams, their snapshots, and views that are always current."""
