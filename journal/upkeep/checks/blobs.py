"""Blobs: each one that a line refers to is there, and each that is there is what its name says."""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from journal.disk.files import TEMPORARY_SUFFIX, Files
from journal.format.names import blob_file, event_id, is_sha256
from journal.store.blobs import BLOBS, chunks_of, digest_of
from journal.upkeep.checks.facts import Reference
from journal.upkeep.checks.losses import Loss
from journal.upkeep.findings import Finding


class BlobsRead(NamedTuple):
    """Sizes of the sound blobs by sha256, the sha256 of bad ones, and what does not belong there."""

    sound: dict[str, int]
    bad: set[str]
    findings: list[Finding]

    def paths(self) -> set[str]:
        """Return the paths of all blobs that are there."""
        return {f"{BLOBS}/{blob_file(sha256)}" for sha256 in (*self.sound, *self.bad)}


def read_blobs(files: Files, root: str) -> BlobsRead:
    """Read every blob."""
    found = BlobsRead({}, set(), [])
    top = files.stat(os.path.join(root, BLOBS))
    if top is not None and top.kind != "folder":
        found.findings.append(Finding("unsafe-path", "error", BLOBS, "is a link, or no folder; it is not followed"))
        return found
    for folder, outer in sorted(files.list(os.path.join(root, BLOBS))):
        inner = files.list(os.path.join(root, BLOBS, folder)) if outer.kind == "folder" else []
        if outer.kind != "folder" and not folder.endswith(TEMPORARY_SUFFIX):
            found.findings.append(_strange(f"{BLOBS}/{folder}"))
        for name, stat in sorted(inner):
            path = f"{BLOBS}/{folder}/{name}"
            if stat.kind != "file" or not is_sha256(name) or blob_file(name) != f"{folder}/{name}":
                if not name.endswith(TEMPORARY_SUFFIX):
                    found.findings.append(_strange(path))
                continue
            if digest_of(chunks_of(files, os.path.join(root, BLOBS, folder, name))) == name:
                found.sound[name] = stat.size
            else:
                found.bad.add(name)
    return found


def _strange(path: str) -> Finding:
    hint = "nothing in it counts: if it is wanted, keep it somewhere else"
    return Finding("strange-file", "warning", path, "is no blob, by its name or its kind", hint)


def blob_losses(references: Iterable[Reference], blobs: BlobsRead) -> Iterator[Loss]:
    """Yield a loss for each line whose blob is missing or not what its name says."""
    for ref in references:
        if blobs.sound.get(ref.sha256) == ref.size:
            continue
        path = f"{BLOBS}/{blob_file(ref.sha256)}"
        is_there = ref.sha256 in blobs.bad or ref.sha256 in blobs.sound
        code = "blob-damaged" if is_there else "blob-missing"
        what = "is not what its name says" if is_there else "is missing"
        who = f"event {event_id(ref.seq, ref.lane)}" if ref.seq else f"a line of {ref.path}"
        low, high = (ref.seq, ref.seq) if ref.seq else (0, -1)
        yield Loss(
            code, ref.path, ref.offset, ref.length, ref.lane, low, high, f"{path}, to which {who} refers, {what}"
        )


def blob_findings(references: Iterable[Reference], blobs: BlobsRead) -> Iterator[Finding]:
    """Yield what does not belong, and bad blobs that nothing refers to."""
    yield from blobs.findings
    wanted = {ref.sha256 for ref in references}
    for sha256 in sorted(blobs.bad - wanted):
        message = "is not what its name says; nothing here refers to it"
        yield Finding("blob-damaged", "warning", f"{BLOBS}/{blob_file(sha256)}", message)
