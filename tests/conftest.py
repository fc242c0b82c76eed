"""Settings of every test: how hypothesis searches, and that Ctrl-C reaches the processes that tests start.

Compiled modules are kept even where PYTHONDONTWRITEBYTECODE says that they are not: the suite starts Python some
thousand times, and each would compile all of the journal.

The suite finds the same examples on every run, so that it is as stable as it is quick. With
JOURNAL_SOAK=1 it searches anew, and longer.

A test of what a journal does gets one in memory, as ``journal``. One that looks at the files beside it, and so asks for
``root`` or ``tmp_path`` too, gets one on the disk; with JOURNAL_TESTS_ON=files all do.
"""

import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from journal import Journal
from tests.support.memory import use_memory
from tests.support.stores import new_store

use_memory()
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "suite", max_examples=50, derandomize=True, deadline=None, database=None, suppress_health_check=_SLOW
)
settings.register_profile("soak", max_examples=5000, deadline=None, database=None, suppress_health_check=_SLOW)
settings.load_profile("soak" if os.environ.get("JOURNAL_SOAK") == "1" else "suite")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Whoever is started in the background, as by nohup, ignores it, and so would all that the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def homes(tmp_path_factory):
    """Where the homes of tests stand: whenever pytest makes a folder it goes through all that are beside it."""
    return tmp_path_factory.mktemp("homes")


@pytest.fixture
def new_home(homes):
    """An empty folder that is the home of one test."""
    return Path(tempfile.mkdtemp(dir=homes))


@pytest.fixture
def root(tmp_path):
    """A store on the disk."""
    return new_store(tmp_path)


@pytest.fixture
def journal(request):
    """A journal in memory, or one on the store of the test."""
    is_on_disk = {"root", "tmp_path"} & set(request.fixturenames) or os.environ.get("JOURNAL_TESTS_ON") == "files"
    where = request.getfixturevalue("root") if is_on_disk else None
    with Journal.memory() if where is None else Journal.open(store=where) as opened:
        yield opened
