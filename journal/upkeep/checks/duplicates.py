"""One id, two records: two work trees went on writing in one lane. Pure.

Nothing on the disk can tell that when it happens (a virtual machine was rolled back, file times were faked); here it
shows. Which of the two a reader counts depends on the order it reads in, so this is no cosmetic matter.
"""

from collections.abc import Iterable, Iterator

from journal.format.lines import BadLineError, unseal
from journal.format.names import event_id
from journal.upkeep.checks.facts import EventsRead
from journal.upkeep.checks.losses import Loss

CODE = "duplicate-id"


def all_records(data: bytes) -> list[tuple[int, int]]:
    """Return (seq, checksum) of each line that verifies, those included that no reader counts."""
    found: list[tuple[int, int]] = []
    for line in data.split(b"\n")[:-1]:
        try:
            fields = unseal(line + b"\n")
        except BadLineError:
            continue
        if type(fields.get("seq")) is int:
            found.append((fields["seq"], int(fields["crc"], 16)))
    return found


def twice_within(path: str, lane: str, records: Iterable[tuple[int, int]]) -> Iterator[Loss]:
    """Yield a loss for each id of which one file holds different records."""
    known: dict[int, int] = {}
    for seq, crc in records:
        if known.setdefault(seq, crc) != crc:
            yield _loss(path, lane, seq, "is there twice with different content")


def twice_between(lane: str, parts: Iterable[EventsRead]) -> Iterator[Loss]:
    """Yield a loss for each id of which two files hold different records.

    Records count here that stand beyond the end of their segment, as the next header names it: a sound writer never
    gives their ids again.
    """
    known: dict[int, tuple[int, str]] = {}
    for part in sorted(parts, key=lambda item: item.path):
        for seq, crc in zip(part.seqs, part.crcs, strict=True):
            before = known.setdefault(seq, (crc, part.path))
            if before[0] != crc and before[1] != part.path:
                yield _loss(part.path, lane, seq, f"is another one than in {before[1]}")


def _loss(path: str, lane: str, seq: int, reason: str) -> Loss:
    # No offset tells such a record apart from the other one in every file; its seq does.
    return Loss(CODE, path, seq, 0, lane, seq, seq, f"event {event_id(seq, lane)} {reason}")
