"""Exchanging a store with a remote: sync, what two branches make together, and a branch of the store's own."""
