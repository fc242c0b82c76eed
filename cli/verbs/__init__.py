"""One module a verb: its declaration (``VERB``) and what it does."""
