"""Disks that lose power, fail or count, for the tests of everything that writes."""
