"""Blobs that the present state refers to, and that are not here."""

from collections.abc import Iterator

from journal.disk.folders import full_path
from journal.format import values
from journal.format.names import parse_blob_file
from journal.format.references import references_in
from journal.index.view import View
from journal.store.blobs import BLOBS, blob_path, parked_blobs
from journal.store.lfs import pointer_in
from journal.upkeep.checks.blobs import BlobsRead
from journal.upkeep.findings import Finding


def attached_findings(view: View, blobs: BlobsRead) -> Iterator[Finding]:
    """Yield a finding for each blob that an entity or a key refers to in its payload, and that is missing."""
    wanted: dict[str, str] = {}
    for row in view.index.entities(None):
        if row.data is not None and '"sha256"' in row.data:
            for reference in references_in(values.decode(row.data)):
                wanted.setdefault(reference["sha256"], f"{row.type} {row.id}")
    aside = _bytes_aside(view) if wanted else {}
    for sha256 in sorted(wanted.keys() - blobs.known()):
        path = blob_path(sha256)
        hint = f"git log --all -- '*{path}*' names the commits that had it: git restore --source takes it from one"
        if sha256 in aside:
            hint = f"it was put aside while nothing used it: journal blob put {aside[sha256]} puts it back"
        yield Finding("reference-missing", "warning", path, f"{wanted[sha256]} refers to it, and it is not here", hint)


def _bytes_aside(view: View) -> dict[str, str]:
    """Return where the bytes of blobs are that were put aside; of some only the pointer may be."""
    found: dict[str, str] = {}
    for path, aside in parked_blobs(view.files, view.root):
        named = parse_blob_file(path.removeprefix(f"{BLOBS}/"))
        stat = view.files.stat(full_path(view.root, aside))
        if named is None or stat is None:
            continue
        if not named.is_lfs or pointer_in(view.files, view.root, aside, stat, named.sha256) is None:
            found[named.sha256] = aside
    return found
