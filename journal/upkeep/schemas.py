"""Schemas of types: putting one in place, listing them, checking what is there, and telling editors of them.

Crash argument: a schema is one file, and so are an editor's settings; each is replaced whole.
"""

import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from journal.disk.files import write_whole
from journal.disk.folders import checked, ensure_folder, full_path
from journal.errors import NotFoundError, RefusedError
from journal.format import values
from journal.format.names import check_type, decode_name, encode_name
from journal.projections.paths import ENTITIES
from journal.store.engine import Engine
from journal.store.layout import SCHEMAS
from journal.store.listing import all_rows
from journal.store.looking_back import look
from journal.store.schemas import LIBRARY_HINT

SETTINGS = ".vscode/settings.json"
_KEY = "json.schemas"


class Misfit(NamedTuple):
    """A place of an entity that does not fit the schema of its type."""

    type: str
    id: str
    pointer: str
    why: str


class TypeSchema(NamedTuple):
    """A type that has a schema: where it is, and whether it refuses writes."""

    type: str
    path: str
    refuses: bool


class Editors(NamedTuple):
    """What editors are told: the settings, the file they belong into, and whether they were written there."""

    path: str
    settings: dict[str, Any]
    is_written: bool
    why: str | None


def put_schema(engine: Engine, type: str, schema: Any) -> str:
    """Make a type have a schema, a JSON object; return its file. Raises RefusedError for what is none."""
    from journal.schemas.checking import MissingLibraryError, Schema

    check_type(type)
    text = values.pretty(values.decode(values.encode_payload(schema)))
    try:
        Schema(text)
    except MissingLibraryError as error:
        raise RefusedError("the library that checks schemas is not installed", hint=LIBRARY_HINT) from error
    with engine.locked():
        ensure_folder(engine.files, engine.root, SCHEMAS, durable=True)
        path = engine.schemas.path(type)
        write_whole(engine.files, path, text, durable=True)
    return path


def delete_schema(engine: Engine, type: str) -> None:
    """Take a type's schema away. Raises NotFoundError where it has none."""
    with engine.locked():
        path = engine.schemas.path(type)
        if engine.files.stat(path) is None:
            raise NotFoundError(f"{type!r} has no schema")
        engine.files.remove(path)
        engine.files.sync_folder(os.path.dirname(path))


def list_schemas(engine: Engine) -> list[TypeSchema]:
    """Return the types that have a schema."""
    folder = checked(engine.files, engine.root, os.path.join(engine.root, SCHEMAS, "x"))
    found = []
    for name, stat in engine.files.list(os.path.dirname(folder)):
        type = decode_name(name.removesuffix(".json")) if stat.kind == "file" and name.endswith(".json") else None
        if type is not None and f"{encode_name(type)}.json" == name:
            found.append(TypeSchema(type, f"{SCHEMAS}/{name}", engine.schemas.refuses(type)))
    return sorted(found)


def misfits(engine: Engine, type: str | None = None) -> Iterator[Misfit]:
    """Yield what of the live entities does not fit, by type and id.

    Raises NotFoundError for a type without a schema, RefusedError for a file that is none.
    """
    from journal.schemas.checking import MissingLibraryError

    types = [item.type for item in list_schemas(engine) if type in (None, item.type)]
    if type is not None and not types:
        raise NotFoundError(f"{type!r} has no schema", hint="journal schema put gives it one")
    for name in types:
        try:
            schema = engine.schemas.of(name)
        except MissingLibraryError as error:
            raise RefusedError("the library that checks schemas is not installed", hint=LIBRARY_HINT) from error
        for row in look(engine, lambda view: list(all_rows(view, name, deleted=False))):  # noqa: B023
            for problem in schema.problems(values.decode(row.data or "{}")) if schema is not None else ():
                yield Misfit(name, row.id, problem.pointer, problem.why)


# -- editors ----------------------------------------------------------------------------------------


def tell_editors(engine: Engine, *, write: bool = True) -> Editors:
    """Tell editors which schema belongs to which projections, in the settings of VS Code around the store.

    Settings that are there stay. A file that is more than JSON (VS Code allows comments) is left as it is: what
    belongs into it is returned.
    """
    top = os.path.dirname(engine.root)
    store = os.path.basename(engine.root)
    ours = [_entry(store, item.type) for item in list_schemas(engine)]
    path = checked(engine.files, top, full_path(top, SETTINGS))
    found = engine.files.stat(path)
    if found is not None and found.kind != "file":
        return Editors(path, {_KEY: ours}, False, "it is no plain file")
    text = engine.files.read(path).decode("utf-8", "replace") if found is not None else "{}"
    try:
        settings = values.parse_text(text)
        others = settings.get(_KEY, [])
        kept = [item for item in others if not _is_ours(item, store)]
    except (RefusedError, AttributeError, TypeError):
        return Editors(path, {_KEY: ours}, False, "it has comments, or is no JSON object of settings")
    merged = {**settings, _KEY: [*kept, *ours]}
    if not write or merged == settings or (not ours and _KEY not in settings):
        return Editors(path, {_KEY: ours}, False, None)
    with engine.locked():
        ensure_folder(engine.files, top, os.path.dirname(SETTINGS))
        write_whole(engine.files, path, _written(merged, text), durable=False)
    return Editors(path, {_KEY: ours}, True, None)


def _entry(store: str, type: str) -> dict[str, Any]:
    name = encode_name(type)
    folder = f"/{store}/{ENTITIES}/{name}"
    return {"fileMatch": [f"{folder}/*.json", f"{folder}/*/*.json"], "url": f"./{store}/{SCHEMAS}/{name}.json"}


def _is_ours(item: Any, store: str) -> bool:
    return type(item) is dict and str(item.get("url", "")).startswith(f"./{store}/{SCHEMAS}/")


def _written(settings: dict[str, Any], before: str) -> bytes:
    """Return settings as text, indented as they were; the order of what was there stays."""
    import json

    indent = re.search(r"^([ \t]+)\"", before, re.MULTILINE)
    return (json.dumps(settings, indent=indent[1] if indent else 2, ensure_ascii=False) + "\n").encode()
