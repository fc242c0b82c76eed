"""Bytes that change where they lie: what is still whole is read, what is lost is told, and a mend brings all back.

The store is made by a random sequence of writes in two clones. What is whole is read off its files by another reader.
"""

import gzip
import json
import os
import random
import zlib
from collections.abc import Iterator
from typing import Any

from journal import Fold, Journal
from tests.support.stores import bring, clone, new_store

OPTIONS = 'durability = "os"\nroll_bytes = 8192\ncompact_bytes = 4096\ncompact_segments = 3'
STREAMS = ("a", "b")
WRITES = 60
SAME_SIZE = ("flip", "zero", "noise")
ANY_SIZE = (*SAME_SIZE, "cut", "empty", "lengthen")
"""Of a segment a shorter version may be there rightly: git keeps early ones."""
_LISTED = Fold("listed", [], lambda value, event: [*value, f"{event.stream} {event.event} {event.data}"])


def make(folder: str, chance: random.Random) -> str:
    """Make a store of two lanes; return its folder."""
    root = new_store(os.path.join(folder, "here"), options=OPTIONS)
    with Journal.open(store=root) as journal:
        _write(journal, chance)
    other = clone(root, os.path.join(folder, "there"))
    for each in (other, root):
        with Journal.open(store=each) as journal:
            _write(journal, chance)
    bring(other, root)
    with Journal.open(store=root) as journal:
        _write(journal, chance)
        journal.snapshot(_LISTED, STREAMS)
    return root


def _write(journal: Journal, chance: random.Random) -> None:
    for stream in STREAMS:
        journal.append(stream, "Begun")
    for number in range(WRITES):
        stream, data = chance.choice(STREAMS), {"n": number, "said": f"{chance.getrandbits(300):x}"}
        draw = chance.random()
        if draw < 0.4:
            journal.append(stream, "Said", data)
        elif draw < 0.5:
            journal.append(stream, "Once", {}, key=f"k{chance.randint(1, 9)}")
        elif draw < 0.55:
            journal.truncate(stream, through=max(1, journal.stream(stream).length // 3))
        elif draw < 0.8:
            journal.put("plan", chance.choice("xyz"), data)
        elif draw < 0.9:
            journal.kv.put(chance.choice("kl"), number)
        elif draw < 0.95:
            journal.checkpoint()
        else:
            journal.compact()


def answers(journal: Journal) -> dict[str, Any]:
    """Return all that a journal says of its events."""
    said: dict[str, Any] = {
        "events": {event.id: (event.kind, event.data) for event in journal.read_all()},
        "entities": {(entity.type, entity.id): (entity.rev, entity.data) for entity in journal.list()},
        "keys": journal.kv.list(),
        "streams": journal.streams(),
        "fold": journal.fold(_LISTED, STREAMS).value,
        "view": journal.view(_LISTED, STREAMS).read(),
    }
    for stream in STREAMS:
        said[stream] = [(event.position, event.id, event.data) for event in journal.read(stream)]
    return said


def files(root: str, *folders: str) -> list[str]:
    """Return the paths of all files in folders of a store that hold anything."""
    places = (place for folder in folders for place in os.walk(os.path.join(root, folder)))
    paths = (os.path.join(place, name) for place, _, names in places for name in names)
    return sorted(path for path in paths if os.path.getsize(path))


def damage(path: str, how: str, chance: random.Random) -> bytes:
    """Change the bytes of a file in its place; return what it held."""
    with open(path, "rb") as file:
        good = file.read()
    at = chance.randrange(len(good))
    stop = min(len(good), at + chance.choice([1, 16, 600]))
    bad = {
        "flip": good[:at] + bytes([good[at] ^ 1 << chance.randrange(8)]) + good[at + 1 :],
        "zero": good[:at] + bytes(stop - at) + good[stop:],
        "noise": good[:at] + chance.randbytes(stop - at) + good[stop:],
        "cut": good[:at],
        "empty": b"",
        "lengthen": good[:at] + chance.randbytes(20) + good[at:],
    }[how]
    with open(path, "wb") as file:
        file.write(bad)
    return good


def mend(path: str, good: bytes) -> None:
    """Put a file back as git does."""
    with open(f"{path}.incoming", "wb") as file:
        file.write(good)
    os.replace(f"{path}.incoming", path)


def whole(root: str) -> set[str]:
    """Return the ids of the events of which a whole line is here."""
    found = set()
    for path in files(root, "segments", "archive"):
        with open(path, "rb") as file:
            data = file.read()
        lane = os.path.basename(path).split(".")[0].split("-")[1]
        text = data if path.endswith(".jsonl") else b"".join(_members(data))
        for line in text.split(b"\n")[:-1]:
            head, _, crc = line[:-2].rpartition(b',"crc":"')
            if b"%08x" % zlib.crc32(head) == crc and b'"kind":"segment"' not in line:
                found.add(f"{json.loads(line)['seq']}@{lane}")
    return found


def _members(data: bytes) -> Iterator[bytes]:
    at = 0
    while (at := data.find(b"\x1f\x8b\x08", at)) >= 0:
        inflate = zlib.decompressobj(31)
        try:
            text = inflate.decompress(data[at:])
        except zlib.error:
            text = b""
        if inflate.eof:
            assert text == gzip.decompress(data[at : len(data) - len(inflate.unused_data)])
            yield text
            at = len(data) - len(inflate.unused_data)
        else:
            at += 1
