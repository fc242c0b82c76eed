"""The pytest plugin: what every pytest run on a machine with this package loads, so it does next to nothing."""

import importlib
import sys
from collections.abc import Callable
from typing import Any

import pytest

OPTION = "--journal-backend"

pytest.register_assert_rewrite(*(f"journal.conformance.{name}" for name in ("suite", "disk", "at_once")))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names a backend to be tested."""
    parser.getgroup("git-journal").addoption(
        OPTION,
        metavar="MODULE:FACTORY",
        help="the backend of git-journal that `pytest --pyargs journal.conformance.given` tests",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Find the backend that the option names, so that a wrong name is told once, and before any test."""
    if config.getoption(OPTION):
        _factory(config)


@pytest.fixture
def journal_backend(request: pytest.FixtureRequest) -> Any:
    """Return a fresh backend from the factory that the option names."""
    if not request.config.getoption(OPTION):
        pytest.exit(f"name a backend: {OPTION}=MODULE:FACTORY", returncode=pytest.ExitCode.USAGE_ERROR)
    return _factory(request.config)()


def _factory(config: pytest.Config) -> Callable[[], Any]:
    """Return what makes a backend. Its module may also stand in the folder that pytest was started in."""
    named, here = str(config.getoption(OPTION)), str(config.invocation_params.dir)
    if here not in sys.path:
        sys.path.append(here)
    module, _, name = named.partition(":")
    if not module or not name:
        raise pytest.UsageError(f"{OPTION}={named}: write MODULE:FACTORY, for instance mypackage.backends:MyBackend")
    try:
        found: Callable[[], Any] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise pytest.UsageError(f"{OPTION}={named}: {error}") from error
    return found
