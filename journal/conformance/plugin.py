"""The pytest plugin: what every pytest run on a machine with this package loads, so it does next to nothing."""

import importlib
from typing import Any

import pytest

OPTION = "--journal-backend"

pytest.register_assert_rewrite("journal.conformance.suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names a backend to be tested."""
    parser.getgroup("git-journal").addoption(
        OPTION,
        metavar="MODULE:FACTORY",
        help="the backend of git-journal that `pytest --pyargs journal.conformance.given` tests",
    )


@pytest.fixture
def journal_backend(request: pytest.FixtureRequest) -> Any:
    """Return a fresh backend from the factory that the option names."""
    named = request.config.getoption(OPTION)
    if not named:
        raise pytest.UsageError(f"name a backend: {OPTION}=MODULE:FACTORY")
    module, _, factory = named.partition(":")
    return getattr(importlib.import_module(module), factory)()
