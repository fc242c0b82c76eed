"""Settings of every test: how hypothesis searches.

The suite finds the same examples on every run, so that it is as stable as it is quick. With
JOURNAL_SOAK=1 it searches anew, and longer.
"""

import os

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("suite", derandomize=True, deadline=None, database=None, suppress_health_check=_SLOW)
settings.register_profile("soak", max_examples=5000, deadline=None, database=None, suppress_health_check=_SLOW)
settings.load_profile("soak" if os.environ.get("JOURNAL_SOAK") == "1" else "suite")
