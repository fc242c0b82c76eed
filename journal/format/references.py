"""References to blobs in payloads (docs/format.md, "Blobs"). Pure."""

import re
from collections.abc import Iterator
from typing import Any

from journal.errors import RefusedError
from journal.format.names import is_sha256

_KEYS = frozenset(("sha256", "bytes", "mime"))
_MIME = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}(; ?[ -~]{1,100})?")


def reference(sha256: str, size: int, mime: str) -> dict[str, Any]:
    """Return the reference to a blob, as a payload has it. Raises RefusedError for what is no media type."""
    if not isinstance(mime, str) or not _MIME.fullmatch(mime):
        raise RefusedError(f"not a media type: {mime!r}", hint="write it as in image/png")
    return {"sha256": sha256, "bytes": size, "mime": mime}


def is_reference(value: Any) -> bool:
    """Tell whether a JSON value is a reference to a blob: an object of exactly these three members."""
    return (
        type(value) is dict
        and value.keys() == _KEYS
        and is_sha256(value["sha256"])
        and type(value["bytes"]) is int
        and value["bytes"] >= 0
        and type(value["mime"]) is str
    )


def references_in(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the references anywhere in a JSON value."""
    pending = [value]
    while pending:
        item = pending.pop()
        if is_reference(item):
            yield item
        elif type(item) is dict:
            pending.extend(item.values())
        elif type(item) is list:
            pending.extend(item)
