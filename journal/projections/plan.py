"""What to do with one projection: a decision table, apart from the doing. Pure.

A file that a machine wrote, here or in any clone, may be overwritten; one that a person edited is never
lost. How a machine's file is told: by its stat and hash as this checkout wrote it, as the rendering of
any event of its entity or the beginning of one, as a canonical mixture of values that events assigned, or as
what a merge or a power cut leaves (conflict markers, nothing, zeros).

========  =================  ============  =======
wanted    found              written by    so
========  =================  ============  =======
a file    nothing            -             write
a file    the same bytes     any           adopt
a file    other bytes        a machine     write
a file    other bytes        a person      edited
nothing   nothing            -             forget
nothing   a file             a machine     remove
nothing   a file             a person      edited
any       a link, a folder   -             strange
========  =================  ============  =======
"""

import codecs
from collections.abc import Callable
from enum import Enum

from journal.disk.files import FileStat
from journal.index.rows import PrintedFacts


class Step(Enum):
    """What to do with one projection."""

    KEEP = "keep"
    ADOPT = "adopt"
    WRITE = "write"
    REMOVE = "remove"
    FORGET = "forget"
    EDITED = "edited"
    STRANGE = "strange"


def is_as_printed(printed: PrintedFacts | None, found: FileStat | None) -> bool:
    """Tell whether a file is, by its stat, the one that was written here last."""
    if printed is None or found is None:
        return False
    return (printed.size, printed.mtime_ns, printed.inode) == (found.size, found.mtime_ns, found.inode)


def decide(
    wanted: bytes | None,
    found: FileStat | None,
    printed: PrintedFacts | None,
    digest: Callable[[bytes], bytes],
    content: Callable[[], bytes],
    is_machine_made: Callable[[bytes], bool],
) -> Step:
    """Return the step; ``content`` and ``is_machine_made`` are asked only where the stat does not tell."""
    if found is None:
        return Step.FORGET if wanted is None else Step.WRITE
    if found.kind != "file":
        return Step.STRANGE
    overwrite = Step.REMOVE if wanted is None else Step.WRITE
    if is_as_printed(printed, found):
        is_current = wanted is not None and printed is not None and digest(wanted) == printed.hash
        return Step.KEEP if is_current else overwrite
    text = content()
    if text == wanted:
        return Step.ADOPT
    ours = printed is not None and digest(text) == printed.hash
    is_torn = wanted is not None and wanted.startswith(text)
    return overwrite if ours or is_torn or is_wreck(text) or is_machine_made(text) else Step.EDITED


def is_wreck(text: bytes) -> bool:
    """Tell whether a file is what a merge or a power cut leaves, and no person (whose editor may save UTF-16)."""
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    return not text or b"\0" in text or any(line.startswith((b"<<<<<<< ", b">>>>>>> ")) for line in text.split(b"\n"))
