"""The only room that knows git: it reads repositories and commits the store's own paths."""
