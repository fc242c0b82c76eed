"""The benchmark: the store beside its peers, in one run, on a real disk. See docs/benchmarks.md.

``python -m tests.benchmark [--quick] [--only ROW] [--write]``; pytest does not collect it, and nothing here asserts
a time.
"""
