"""The schemas of a store: one file per type below ``schemas/``, and what they refuse (docs/payloads.md, "Schemas").

They are options, like ``journal.toml``: no truth and no code. They refuse what is written here, before anything is.
They never refuse what a merge brings, and the state does not depend on them.
"""

import os
from typing import TYPE_CHECKING

from journal.disk.files import Files, FileStat
from journal.disk.folders import checked
from journal.errors import RefusedError
from journal.format.names import encode_name
from journal.format.reserved import is_reserved
from journal.state.entity import Payload
from journal.store.config import Config
from journal.store.layout import SCHEMAS

if TYPE_CHECKING:
    from journal.schemas.checking import Schema

LIBRARY_HINT = "pip install 'git-journal[schema]'"
_SHOWN_MAX = 3


class Schemas:
    """The schemas of one open store, read when a document of their type is first written."""

    def __init__(self, files: Files, root: str, config: Config) -> None:
        self._files, self._root, self._config = files, root, config
        self._folder = os.path.join(root, SCHEMAS)
        self._known: dict[str, tuple[FileStat, Schema]] = {}

    def path(self, type: str) -> str:
        """Return where a type's schema is, or would be."""
        return checked(self._files, self._root, os.path.join(self._folder, f"{encode_name(type)}.json"))

    def refuses(self, type: str) -> bool:
        """Tell whether a type's schema, if it has one, refuses writes; else doctor alone tells what does not fit."""
        options = self._config.types.get(type)
        return options is None or options.schema == "refuse"

    def of(self, type: str) -> "Schema | None":
        """Return a type's schema, None where it has none.

        Raises RefusedError for a file that is no schema, MissingLibraryError where nothing can check it.
        """
        if is_reserved(type) or self._files.stat(self._folder) is None:
            return None
        path = self.path(type)
        found = self._files.stat(path)
        if found is None:
            return None
        known = self._known.get(type)
        if known is None or known[0] != found:
            known = self._known[type] = (found, self._read(path, type))
        return known[1]

    def _read(self, path: str, type: str) -> "Schema":
        from journal.schemas.checking import SCHEMA_BYTES_MAX, Schema

        try:
            return Schema(self._files.read_at(path, 0, SCHEMA_BYTES_MAX + 1))
        except RefusedError as error:
            hint = "mend the file, or put the schema anew: journal schema put"
            raise RefusedError(f"the schema of {type!r} is none: {error.message}", path=path, hint=hint) from error

    def that_refuses(self, type: str) -> "Schema | None":
        """Return the schema that documents of a type have to fit to be written; None where there is none.

        Raises RefusedError where it cannot be read, or nothing can check it.
        """
        if not self.refuses(type) or self._files.stat(self._folder) is None:
            return None
        from journal.schemas.checking import MissingLibraryError

        try:
            return self.of(type)
        except MissingLibraryError as error:
            raise RefusedError(
                f"{type!r} has a schema, and the library that checks it is not installed", hint=LIBRARY_HINT
            ) from error

    def refuse(self, type: str, id: str, document: Payload) -> None:
        """Raise RefusedError for a document that does not fit its type's schema."""
        schema = self.that_refuses(type)
        if schema is not None:
            refuse_unfit(schema, type, id, document)


def refuse_unfit(schema: "Schema", type: str, id: str, document: Payload) -> None:
    """Raise RefusedError for a document that does not fit the schema of its type."""
    problems = schema.problems(document)
    if problems:
        shown = "; ".join(map(str, problems[:_SHOWN_MAX]))
        more = f"; and {len(problems) - _SHOWN_MAX} more" if len(problems) > _SHOWN_MAX else ""
        raise RefusedError(
            f"{type} {id!r} does not fit its schema: {shown}{more}",
            hint="nothing was written; journal schema check tells what else does not fit",
        )
