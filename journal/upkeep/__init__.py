"""Looking after a store: doctor, checkpoints, compaction, commits, imports, status."""
