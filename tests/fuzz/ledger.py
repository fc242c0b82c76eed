"""What was ever written, and what a work tree holds: read off the files by a reader of its own.

Nothing here uses the journal's reader, so that what the journal overlooks is noticed. Events are numbered as they
are found; a set of events is an integer with one bit for each.
"""

import gzip
import hashlib
import json
import os
import subprocess
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.fuzz.taken import Taken, check_copy, normal, of_group, without

TRUTH = ("segments", "archive", "checkpoints", "blobs")
MARKERS = (b"\n<<<<<<< ", b"\n>>>>>>> ")


class Written(NamedTuple):
    """One event: its id as (seq, lane), its record, and the events that its writer held."""

    id: tuple[int, str]
    record: dict[str, Any]
    line: bytes
    saw: int

    @property
    def name(self) -> str:
        """The event id as the journal prints it."""
        return f"{self.id[0]}@{self.id[1]}"


class Holding(NamedTuple):
    """What a work tree holds: the events in its files, and those that only its checkpoints count in."""

    in_files: int
    covered: int
    has_broken_checkpoint: bool = False
    """Git took away a blob that a checkpoint refers to, and left the checkpoint: it counts nothing in then."""
    taken: Taken = frozenset()
    """What is redacted here."""
    lost: int = 0
    """Events in the files whose payload stands in a blob that git took away, as a commit that is skipped does."""

    mentioned: frozenset[str] = frozenset()
    """The sha256 of each blob that events in the files refer to, redacted ones aside.

    Of an event that only a checkpoint counts in nobody knows to what it referred; what its state refers to stays.
    """
    bare: frozenset[str] = frozenset()
    """Those of them that are not here."""

    @property
    def all(self) -> int:
        """Every event that counts here."""
        return self.in_files | self.covered


class Ledger:
    """Every event of every clone, and every path of the truth with the longest content it was seen with."""

    def __init__(self) -> None:
        self.events: list[Written] = []
        self._numbers: dict[tuple[int, str], int] = {}
        self._contents: dict[str, bytes] = {}
        self._read: dict[tuple[str, bytes], tuple[int, set[tuple[int, str]]]] = {}

    def number(self, seq: int, lane: str) -> int | None:
        """Return the number of an event; None where nobody ever wrote it."""
        return self._numbers.get((seq, lane))

    def those(self, events: int, taken: Taken = frozenset()) -> Iterator[Written]:
        """Yield the events of a set, without what is taken out of them."""
        while events:
            low = events & -events
            yield self.event(low.bit_length() - 1, taken)
            events ^= low

    def event(self, number: int, taken: Taken) -> Written:
        """Return an event, without what is taken out of it."""
        event = self.events[number]
        paths = [path for other, path in taken if other == number] if taken else []
        return event._replace(record=without(event.record, paths)) if paths else event

    def names(self, events: int) -> list[str]:
        """Return the ids of a set's events, in the total order."""
        return [event.name for event in sorted(self.those(events), key=lambda event: event.id)]

    def covering(self, vector: dict[str, Any]) -> int:
        """Return the known events whose ids stand in a vector: lane to intervals of seq."""
        found = 0
        for (seq, lane), number in self._numbers.items():
            if any(low <= seq <= high for low, high in vector.get(lane, ())):
                found |= 1 << number
        return found

    def look(self, root: str, held: int | None) -> Holding:
        """Read a work tree's truth and return what it holds; check every path and every record on the way.

        ``held``: what its writer held before, where it may have written since; None where new events are a fault.
        """
        in_files, covers, fresh = 0, [], []
        taken: set[tuple[int, str]] = set()
        told: list[tuple[tuple[int, str], str]] = []
        for path, data in truth_of(root):
            if path.endswith(".lfs"):
                continue  # bytes, or the pointer to them
            self.see(path, data)
            if path.startswith("checkpoints/"):
                covers.append(_covers(root, path, data))
                told.extend(of_group(json.loads(gzip.decompress(data).splitlines()[0]).get("redacted")))
                continue
            if path.startswith("blobs/"):
                continue
            key = (path, hashlib.sha256(data).digest())
            if key not in self._read:
                fresh.append((key, _records(path, data)))
            else:
                in_files |= self._read[key][0]
                taken |= self._read[key][1]
        for event in sorted((item for _, items in fresh for item in items), key=lambda item: item[0]):
            held = self._enter(root, *event, held)
        for key, items in fresh:
            mask = sum({1 << self._numbers[id] for id, _, _ in items})
            said = [(id, path) for id, record, _ in items for path in record.get("redacted", ())]
            for _, record, _ in items:
                if record.get("note") == "redaction":
                    said.extend(of_group(record["data"]["redacted"]))
            self._read[key] = mask, {(self._numbers[id], path) for id, path in said}
            in_files |= mask
            taken |= self._read[key][1]
        taken |= {(self._numbers[id], path) for id, path in told}
        lost = in_files & self._lost(root, {number for number, _ in taken})
        covered = 0
        for vector in covers:
            covered |= self.covering(vector or {})
        mentioned = self._mentioned(in_files, normal(taken))
        bare = frozenset(sha256 for sha256 in mentioned if not has_blob(root, sha256))
        return Holding(in_files, covered, None in covers, normal(taken), lost, mentioned, bare)

    def _mentioned(self, events: int, taken: Taken) -> frozenset[str]:
        said = ((event.record.get("data") or {}).get("file") for event in self.those(events, taken))
        return frozenset(file["sha256"] for file in said if isinstance(file, dict))

    def _lost(self, root: str, redacted: set[int]) -> int:
        """Return the events, redacted ones aside, whose payload stands in a blob that is not here."""
        lost = 0
        for number, event in enumerate(self.events):
            if number not in redacted and (sha256 := event.record.get("ref", {}).get("sha256")) is not None:
                lost |= (not has_blob(root, sha256)) << number
        return lost

    def see(self, path: str, data: bytes) -> None:
        """Take note of a content of a path of the truth: it may only be longer or shorter than what was seen."""
        assert not any(marker in b"\n" + data for marker in MARKERS), f"conflict markers in {path}"
        known = self._contents.get(path, b"")
        if data == known:
            return
        is_segment = path.startswith("segments/")
        assert not known or is_segment, f"{path} has two contents"
        assert data.startswith(known) or known.startswith(data), (
            f"{path} has two contents, neither the other's beginning"
        )
        if len(data) > len(known):
            self._contents[path] = data

    def see_history(self, folder: str) -> None:
        """Take note of every content that a repository has of any path of the truth, in any commit."""
        listed = _git(folder, "rev-list", "--all", "--objects", "--", *(f".journal/{name}" for name in TRUTH))
        named = [line.split(b" ", 1) for line in listed.splitlines() if line.endswith((b".jsonl", b".gz"))]
        for id, path in named:
            self.see(path.decode().removeprefix(".journal/"), _git(folder, "cat-file", "blob", id.decode()))

    def _enter(
        self, root: str, id: tuple[int, str], record: dict[str, Any], line: bytes, held: int | None
    ) -> int | None:
        number = self._numbers.get(id)
        if number is not None:
            if self.events[number].line != line:
                assert "redacted" in record, f"two records for {id[0]}@{id[1]}"
                check_copy(self.events[number].record, _with_payload(root, record))
            return held
        assert held is not None, f"{id[0]}@{id[1]} was written by a step that writes nothing"
        self._numbers[id] = len(self.events)
        self.events.append(Written(id, _with_payload(root, record), line, held))
        return held | 1 << self._numbers[id]


def _git(folder: str, *words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=folder, capture_output=True, check=True).stdout


def truth_of(root: str) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each file of the truth of a store."""
    for folder in TRUTH:
        for place, folders, files in os.walk(os.path.join(root, folder)):
            folders.sort()
            for name in sorted(files):
                path = os.path.join(place, name)
                with open(path, "rb") as file:
                    yield os.path.relpath(path, root).replace(os.sep, "/"), file.read()


def _records(path: str, data: bytes) -> list[tuple[tuple[int, str], dict[str, Any], bytes]]:
    """Return (id, record, line) of each whole record of a segment or a pack."""
    text = gzip.decompress(data) if path.endswith(".gz") else data
    lane = os.path.basename(path).split(".")[0].split("-")[1]
    found = []
    for line in text.split(b"\n")[:-1]:
        head, _, crc = line[:-2].rpartition(b',"crc":"')
        assert b"%08x" % zlib.crc32(head) == crc, f"a line of {path} fails its checksum: {line[:80]!r}"
        record = json.loads(line)
        if record["kind"] != "segment":
            found.append(((record["seq"], lane), record, line))
    return found


def _with_payload(root: str, record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "data": _blob(root, record["ref"]["sha256"])} if "ref" in record else record


def has_blob(root: str, sha256: str) -> bool:
    """Tell whether a blob is in a work tree, or git LFS has put it or its pointer there."""
    path = os.path.join(root, "blobs", sha256[:2], sha256)
    return os.path.exists(path) or os.path.exists(f"{path}.lfs")


def _blob(root: str, sha256: str) -> Any:
    with open(os.path.join(root, "blobs", sha256[:2], sha256), "rb") as file:
        return json.loads(file.read())


def _covers(root: str, path: str, data: bytes) -> dict[str, Any] | None:
    """Return what a checkpoint counts in; None where a blob that it refers to is gone."""
    named = path.split("-")[1].partition(".")[0]
    assert hashlib.sha256(data).hexdigest().startswith(named), f"{path} is not its name's"
    header, *entities = gzip.decompress(data).splitlines()
    blobs = [form["ref"]["sha256"] for form in map(json.loads, entities) if "ref" in form]
    if not all(has_blob(root, sha256) for sha256 in blobs):
        return None
    covers: dict[str, Any] = json.loads(header)["covers"]
    return covers
