"""What a set of events means: causality, the join of entity states, values, conflicts. Pure."""
