"""The tests that every backend has to pass, as a pytest plugin (docs/backends.md). Nothing else imports pytest."""
