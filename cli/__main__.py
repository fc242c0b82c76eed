"""``python -m journal.cli``: the same as ``journal``."""

import sys

from . import main

sys.exit(main())
