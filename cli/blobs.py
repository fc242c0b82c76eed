"""What the verbs of ``journal blob`` share."""

from typing import Any

from .declare import INPUT, Argument

BLOB = Argument("blob", "Its sha256, or a reference as JSON: a literal, @FILE, or - for stdin.", kind=INPUT)


def blob_of(argument: str) -> Any:
    """Return what names a blob: a sha256, or the reference that an argument stands for."""
    if argument[:1] not in ("{", "@", "-"):
        return argument
    from .inputs import json_object

    return json_object(argument, what="the reference", of="it")
