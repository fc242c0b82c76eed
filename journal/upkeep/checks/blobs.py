"""Blobs: each one that a line refers to is there, and each that is there is what its name says.

A line refers to the plain name alone. A blob that git LFS carries is a caller's; where only its pointer is here it
cannot be looked at, and that is no damage.
"""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from journal.disk.files import TEMPORARY_SUFFIX, Files, FileStat
from journal.disk.folders import full_path
from journal.disk.pieces import digest_of, pieces_of
from journal.format.names import event_id, parse_blob_file
from journal.store.blobs import BLOBS, blob_path, lfs_blob_path
from journal.store.lfs import LfsFolder, fetched, pointer_in
from journal.upkeep.checks.facts import Reference
from journal.upkeep.checks.losses import Loss
from journal.upkeep.checks.shortening import shortened
from journal.upkeep.checks.unread import Unread
from journal.upkeep.findings import LINK_HINT, Finding


class Carried(NamedTuple):
    """Blobs that git LFS carries: sizes by sha256 of those whose bytes are here and right, and of those whose bytes
    are not here; the sha256 of those that are not what their names say.
    """

    sound: dict[str, int]
    unfetched: dict[str, int]
    bad: set[str]

    @property
    def all(self) -> set[str]:
        """The sha256 of each of them."""
        return {*self.sound, *self.unfetched, *self.bad}


class BlobsRead(NamedTuple):
    """Sizes of the sound blobs by sha256, the sha256 of bad ones, what does not belong there; and ``lfs``."""

    sound: dict[str, int]
    bad: set[str]
    findings: list[Finding]
    lfs: Carried

    @classmethod
    def nothing(cls) -> "BlobsRead":
        """Return what is read where there are no blobs."""
        return cls({}, set(), [], Carried({}, {}, set()))

    def paths(self) -> set[str]:
        """Return the paths of all blobs that are there."""
        return {*map(blob_path, (*self.sound, *self.bad)), *map(lfs_blob_path, self.lfs.all)}

    def known(self) -> set[str]:
        """Return the sha256 of all blobs that are there, whatever their names and whatever state they are in."""
        return {*self.sound, *self.bad, *self.lfs.all}


def read_blobs(files: Files, root: str, lfs_folder: LfsFolder, unread: Unread) -> BlobsRead:
    """Read every blob; what cannot be read is noted in ``unread``."""
    found = BlobsRead.nothing()
    top = files.stat(os.path.join(root, BLOBS))
    if top is not None and top.kind != "folder":
        found.findings.append(
            Finding("unsafe-path", "error", BLOBS, "is a link, or no folder; it is not followed", LINK_HINT)
        )
        return found
    for folder, outer in sorted(unread.listed(BLOBS)):
        inner = unread.listed(f"{BLOBS}/{folder}") if outer.kind == "folder" else []
        if outer.kind != "folder" and not folder.endswith(TEMPORARY_SUFFIX):
            found.findings.append(_strange(f"{BLOBS}/{folder}"))
        for name, stat in sorted(inner):
            with unread.noted(f"{BLOBS}/{folder}/{name}"):
                _read_blob(files, root, f"{folder}/{name}", stat, lfs_folder, found)
    return found


def _read_blob(files: Files, root: str, name: str, stat: FileStat, lfs_folder: LfsFolder, found: BlobsRead) -> None:
    path, named = f"{BLOBS}/{name}", parse_blob_file(name)
    if stat.kind != "file" or named is None:
        if not name.endswith(TEMPORARY_SUFFIX):
            found.findings.append(_strange(path))
    elif named.is_lfs:
        _read_carried(files, root, path, stat, named.sha256, lfs_folder, found)
    elif _is_right(files, full_path(root, path), named.sha256):
        found.sound[named.sha256] = stat.size
    else:
        found.bad.add(named.sha256)


def _read_carried(
    files: Files, root: str, path: str, stat: FileStat, sha256: str, lfs_folder: LfsFolder, found: BlobsRead
) -> None:
    pointer = pointer_in(files, root, path, stat)
    if pointer is None:
        if _is_right(files, full_path(root, path), sha256):
            found.lfs.sound[sha256] = stat.size
        else:
            found.lfs.bad.add(sha256)
        return
    here = fetched(files, lfs_folder, pointer)
    if here is not None and _is_right(files, here, sha256):
        found.lfs.sound[sha256] = pointer.bytes
        return
    found.lfs.unfetched[sha256] = pointer.bytes
    if here is not None:
        message = "git LFS's own copy of it in this clone is damaged"
        hint = "git lfs fsck puts that copy aside, then git lfs pull fetches it anew"
        found.findings.append(Finding("lfs-copy-damaged", "warning", path, message, hint))


def _is_right(files: Files, path: str, sha256: str) -> bool:
    return digest_of(pieces_of(files, path)) == sha256


def _strange(path: str) -> Finding:
    hint = "nothing in it counts: if it is wanted, keep it somewhere else"
    return Finding("strange-file", "warning", path, "is no blob, by its name or its kind", hint)


def blob_losses(references: Iterable[Reference], blobs: BlobsRead, unread: Unread) -> Iterator[Loss]:
    """Yield a loss for each line whose blob is missing or not what its name says."""
    for ref in references:
        path = blob_path(ref.sha256)
        if blobs.sound.get(ref.sha256) == ref.size or unread.hides(path):
            continue
        is_there = ref.sha256 in blobs.bad or ref.sha256 in blobs.sound
        code = "blob-damaged" if is_there else "blob-missing"
        what = "is not what its name says" if is_there else "is missing"
        who = f"event {event_id(ref.seq, ref.lane)}" if ref.seq else f"a line of {ref.path}"
        low, high = (ref.seq, ref.seq) if ref.seq else (0, -1)
        yield Loss(
            code, ref.path, ref.offset, ref.length, ref.lane, low, high, f"{path}, to which {who} refers, {what}"
        )


def blob_findings(references: Iterable[Reference], blobs: BlobsRead) -> Iterator[Finding]:
    """Yield what does not belong, bad blobs that no line refers to, and those whose bytes are not here."""
    yield from blobs.findings
    wanted = {ref.sha256 for ref in references}
    for sha256 in sorted(blobs.bad - wanted):
        message = "is not what its name says; nothing here refers to it"
        yield Finding("blob-damaged", "warning", blob_path(sha256), message, "journal doctor --fix puts it aside")
    hint = "journal doctor --fix puts it right as far as it can; putting the right bytes again mends it"
    for sha256 in sorted(blobs.lfs.bad):
        yield Finding("blob-damaged", "warning", lfs_blob_path(sha256), "is not what its name says", hint)
    message, hint = (
        "its bytes are with git LFS, and not here; nothing but reading it needs them",
        "git lfs pull fetches them",
    )
    unfetched = (lfs_blob_path(sha256) for sha256 in sorted(blobs.lfs.unfetched))
    yield from shortened(Finding("blob-not-fetched", "info", path, message, hint) for path in unfetched)
