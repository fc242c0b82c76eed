"""Checkpoints: a bad one costs time only, as long as the events that it covers are here."""

import hashlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from journal.format.checkpoint import decode_entities, decode_header, decompress_lines
from journal.format.limits import FORMAT
from journal.format.lines import BadLineError
from journal.format.names import CheckpointName, is_sha256, parse_checkpoint_file
from journal.format.segment import Vector
from journal.segments.folders import CHECKPOINTS, Listing
from journal.state import vector
from journal.state.encoding import decode_state
from journal.upkeep.checks.facts import Reference
from journal.upkeep.checks.unread import Unread
from journal.upkeep.findings import Finding

MANY_EVENTS = 100_000
"""Beyond so many events without a checkpoint a rebuild takes a while."""


class CheckpointRead(NamedTuple):
    """What one checkpoint covers and refers to; ``problem`` is None where all of it is right."""

    path: str
    size: int
    covers: Vector
    references: list[Reference]
    problem: str | None
    is_newer: bool = False


def read_checkpoints(
    unread: Unread,
    listing: Listing,
    store: str,
    identities: dict[str, str],
    identify: Callable[[bytes], str] | None,
) -> Iterator[CheckpointRead]:
    """Yield what each checkpoint holds, and note git's id of its bytes in ``identities``."""
    for folder, name in sorted(listing):
        named = parse_checkpoint_file(name)
        if folder != CHECKPOINTS or named is None:
            continue
        try:
            data = unread.read(f"{folder}/{name}")
        except FileNotFoundError:
            continue  # it left while the others were read; the caller looks again
        if data is None:
            continue
        if identify is not None:
            identities[f"{folder}/{name}"] = identify(data)
        yield read_checkpoint(f"{folder}/{name}", named, data, store)


def read_checkpoint(path: str, named: CheckpointName, data: bytes, store: str) -> CheckpointRead:
    """Return what the bytes of a checkpoint hold, and the first thing that is wrong with them."""
    covers: Vector = {}
    references: list[Reference] = []
    is_newer = False
    try:
        if not hashlib.sha256(data).hexdigest().startswith(named.digest):
            raise BadLineError("the bytes are not those that the name promises")
        lines = decompress_lines(data)
        first = next(lines, b"")
        is_newer = b'"format":%d,' % FORMAT not in first[:80]
        header = decode_header(first)
        _check_header(header.store, store, header.head, named.head)
        for form in decode_entities(lines):
            if "ref" in form:
                references.append(_reference(path, form["ref"]))
                form["data"] = {name: None for names in form.get("set", {}).values() for name in names}
            decode_state(form)
        covers = header.covers
    except BadLineError as error:
        return CheckpointRead(path, len(data), {}, [], str(error), is_newer)
    return CheckpointRead(path, len(data), covers, references, None)


def _check_header(found: str, store: str, head: int, named: int) -> None:
    if found != store:
        raise BadLineError(f"it belongs to another store, {found[:40]}")
    if head != named:
        raise BadLineError(f"its head is {head}, and its name says {named}")


def _reference(path: str, ref: object) -> Reference:
    if type(ref) is not dict or not is_sha256(ref.get("sha256")) or type(ref.get("bytes")) is not int:
        raise BadLineError("a line refers to no blob")
    return Reference(path, 0, 0, "", 0, ref["sha256"], ref["bytes"])


def checkpoint_findings(checkpoints: list[CheckpointRead], have: Vector) -> Iterator[Finding]:
    """Yield a finding for each checkpoint that does not verify, and one where they are too few."""
    for item in checkpoints:
        if item.problem is not None and item.is_newer:
            yield Finding("newer-format", "error", item.path, item.problem, "upgrade git-journal")
        elif item.problem is not None:
            hint = "it is passed over, which costs time only; journal doctor --fix puts it aside"
            yield Finding("checkpoint-damaged", "warning", item.path, item.problem, hint)
    rest = vector.subtract(have, covered(checkpoints))
    count = vector.count(rest)
    if count > MANY_EVENTS:
        message = f"{count:,} events are in no checkpoint: a rebuild replays them all"
        yield Finding("checkpoint-due", "info", CHECKPOINTS, message, "journal checkpoint writes one")


def covered(checkpoints: list[CheckpointRead]) -> Vector:
    """Return what the sound checkpoints cover together."""
    covers: Vector = {}
    for item in checkpoints:
        covers = vector.union(covers, item.covers)
    return covers
