"""The JSON document in a projection that a person may have written: read strictly, refused with its place. Pure."""

import codecs

from journal.errors import RefusedError
from journal.format import values
from journal.format.limits import BLOB_BYTES_MAX
from journal.state.entity import Payload

_BYTES_MAX = 4 * BLOB_BYTES_MAX
"""A longer file holds no payload that could be stored, however it is spaced."""


def read_document(text: bytes, *, what: str) -> Payload:
    """Return the object in a projection's bytes; a byte order mark, CRLF and any spacing are harmless.

    Raises RefusedError, with line and column, for what is no JSON object or would not come back exactly.
    """
    if len(text) > _BYTES_MAX:
        raise RefusedError(f"{what}: {len(text):,} bytes are too long for an entity")
    try:
        characters = text.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        before = text[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        raise RefusedError(f"{what}: line {line}, column {column}: not UTF-8; save the file as UTF-8") from error
    document = values.parse_text(characters, what=what)
    if type(document) is not dict:
        raise RefusedError(f"{what}: line 1, column 1: an entity is a JSON object, written {{…}}")
    return document
