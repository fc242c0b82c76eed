"""Bringing in what other kinds of stores hold: sources, a pure planner, one writer, one verifier, a way back."""
