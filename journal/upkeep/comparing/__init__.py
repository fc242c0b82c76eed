"""How two states of a store differ: of events, commits and branches, or of one of them and the present."""
