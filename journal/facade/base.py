"""What the parts of the facade share: the engine, and who acts."""

from typing import TYPE_CHECKING

from journal.store.engine import Engine
from journal.store.opened import Opened

if TYPE_CHECKING:
    from journal.facade.schemas import TypeSchemas
    from journal.state.upcasting import Upcasters


class Base(Opened):
    """An open store, seen by one actor."""

    def __init__(self, engine: Engine, actor: str | None) -> None:
        super().__init__(engine)
        self._actor = actor

    @property
    def upcasters(self) -> "Upcasters":
        """What lifts payloads of old schema versions, for callers: ``upcasters.register(type, version)(function)``."""
        from journal.store.lifting import lifting_of

        return lifting_of(self._engine).own

    @property
    def schemas(self) -> "TypeSchemas":
        """The JSON Schemas of types: put, delete, list, check, editors."""
        from journal.facade.schemas import TypeSchemas

        return TypeSchemas(self._engine)
