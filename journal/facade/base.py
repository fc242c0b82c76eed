"""What the parts of the facade share: the engine, and who acts."""

from journal.store.engine import Engine


class Base:
    """An open store, seen by one actor."""

    def __init__(self, engine: Engine, actor: str | None) -> None:
        self._engine = engine
        self._actor = actor
