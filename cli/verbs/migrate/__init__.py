"""The verbs that begin with ``migrate``, one module each."""
