"""The suite for the backend that ``--journal-backend`` names: ``pytest --pyargs journal.conformance.given``."""

from typing import Any

import pytest

from journal.conformance.suite import BackendConformance


class TestGivenBackend(BackendConformance):
    """See the module."""

    @pytest.fixture
    def backend(self, journal_backend: Any) -> Any:
        """Return the backend that the option names."""
        return journal_backend
