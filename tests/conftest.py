"""Settings of every test: how hypothesis searches, and that Ctrl-C reaches the processes that tests start.

The suite finds the same examples on every run, so that it is as stable as it is quick. With
JOURNAL_SOAK=1 it searches anew, and longer.
"""

import os
import signal

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("suite", derandomize=True, deadline=None, database=None, suppress_health_check=_SLOW)
settings.register_profile("soak", max_examples=5000, deadline=None, database=None, suppress_health_check=_SLOW)
settings.load_profile("soak" if os.environ.get("JOURNAL_SOAK") == "1" else "suite")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Whoever is started in the background, as by nohup, ignores it, and so would all that the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
