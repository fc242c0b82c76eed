"""Schemas: whether they are any, and which entities do not fit. The state does not depend on them.

=====================  ===============================================================================
code                   what was found
=====================  ===============================================================================
schema-broken          a file below ``schemas/`` is no schema; writes of its type are refused
schema-violated        an entity does not fit its type's schema: it was merged, or written before
schema-unchecked       (information) the library that checks schemas is not installed, or there is too much to check
=====================  ===============================================================================
"""

from collections.abc import Iterator

from journal.errors import JournalError
from journal.format import values
from journal.index.view import View
from journal.store.engine import Engine
from journal.store.listing import all_rows
from journal.store.schemas import LIBRARY_HINT
from journal.upkeep.checks.shortening import shortened
from journal.upkeep.findings import Finding
from journal.upkeep.schemas import list_schemas

_MISFITS_MAX = 1000
"""So many are counted; a hostile schema is not applied to everything."""


def schema_findings(engine: Engine, view: View) -> Iterator[Finding]:
    """Yield what is to be said of schemas; nothing where there are none."""
    if list_schemas(engine):
        yield from shortened(_all(engine, view))


def _all(engine: Engine, view: View) -> Iterator[Finding]:
    from journal.schemas.checking import MissingLibraryError

    count = 0
    for type, path, _ in list_schemas(engine):
        try:
            schema = engine.schemas.of(type)
        except MissingLibraryError:
            yield Finding("schema-unchecked", "info", path, "the library that checks it is not installed", LIBRARY_HINT)
            continue
        except JournalError as error:
            yield Finding("schema-broken", "warning", path, error.message, error.hint)
            continue
        if schema is None:
            continue  # it was taken away a moment ago
        for row in all_rows(view, type, deleted=False):
            problems = schema.problems(values.decode(row.data or "{}"))
            if problems:
                message = f"{type} {row.id!r} does not fit its schema: {problems[0]}"
                yield Finding("schema-violated", "warning", path, message, "write the entity anew, or mend the schema")
                count += 1
            if count >= _MISFITS_MAX:
                yield Finding("schema-unchecked", "info", path, f"{count:,} do not fit; the rest was not looked at")
                return
