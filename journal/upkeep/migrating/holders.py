"""Which files hold which entity, as far as a walk through history has come. Pure.

A file that is renamed goes and comes in one commit; an entity is gone only when no file holds it any more.
"""

from journal.index.view import Key


class Holders:
    """Entity → the files that hold it, the latest last; and what each file with one entity holds."""

    def __init__(self) -> None:
        self._files: dict[Key, tuple[str, ...]] = {}
        self._only: dict[str, Key] = {}

    def files_of(self, key: Key) -> tuple[str, ...]:
        """Return the files that hold an entity."""
        return self._files.get(key, ())

    def held_alone(self, path: str) -> Key | None:
        """Return the entity of a file with one entity, as it could be read last."""
        return self._only.get(path)

    def add(self, key: Key, path: str, *, is_alone: bool) -> None:
        """Note that a file holds an entity now."""
        if is_alone:
            self._only[path] = key
        others = self._files.get(key, ())
        if path not in others:
            self._files[key] = (*others, path)

    def drop(self, key: Key, path: str) -> None:
        """Note that a file holds an entity no more."""
        if self._only.get(path) == key:
            del self._only[path]
        others = tuple(other for other in self._files.get(key, ()) if other != path)
        if others:
            self._files[key] = others
        else:
            self._files.pop(key, None)
