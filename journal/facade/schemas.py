"""Schemas of types, as ``journal.schemas`` (docs/payloads.md)."""

from typing import TYPE_CHECKING, Any

from journal.arguments import checks_arguments
from journal.store.opened import Opened

if TYPE_CHECKING:
    from journal.upkeep.schemas import Editors, Misfit, TypeSchema

_List = list


@checks_arguments()
class TypeSchemas(Opened):
    """The JSON Schemas of a store's types. They refuse writes here, and nothing that a merge brings."""

    def put(self, type: str, schema: dict[str, Any]) -> str:
        """Make a type have a schema; return its file. Raises RefusedError for what is no schema, or reaches out."""
        from journal.upkeep.schemas import put_schema

        return put_schema(self._engine, type, schema)

    def delete(self, type: str) -> None:
        """Take a type's schema away. Raises NotFoundError where it has none."""
        from journal.upkeep.schemas import delete_schema

        delete_schema(self._engine, type)

    def list(self) -> _List["TypeSchema"]:
        """Return the types that have a schema."""
        from journal.upkeep.schemas import list_schemas

        return list_schemas(self._engine)

    def check(self, type: str | None = None) -> _List["Misfit"]:
        """Return what of the live entities does not fit. Raises NotFoundError for a type without a schema."""
        from journal.upkeep.schemas import misfits

        return list(misfits(self._engine, type))

    def editors(self, *, write: bool = True) -> "Editors":
        """Tell editors which schema belongs to which files, in the settings of VS Code around the store."""
        from journal.upkeep.schemas import tell_editors

        return tell_editors(self._engine, write=write)
