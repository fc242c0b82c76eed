"""Projections: one pretty JSON file per entity, derived, there to be read, diffed and reviewed."""
