"""Fixtures of the crash tests."""

import tempfile
from collections.abc import Iterator

import pytest


@pytest.fixture
def scratch() -> Iterator[str]:
    """A folder that is gone when the test has ended: a simulated disk leaves thousands of files in it."""
    with tempfile.TemporaryDirectory() as folder:
        yield folder
