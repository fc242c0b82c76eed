"""The only room that writes, syncs, replaces, removes and locks."""
