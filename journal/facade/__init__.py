"""``Journal``: the one door to a store, for callers in Python and for the command line."""
