"""``journal blob put``."""

import select
import sys
from typing import Any, BinaryIO, cast

from ...declare import WRITE_STATUSES, Argument, Option, Verb
from ...session import Session

_LOOK_SECONDS = 0.2


class _Stdin:
    """What is there of stdin, a piece at a time, so that Ctrl-C need not wait for a whole megabyte of a slow pipe.

    It is not even waited for in one go: a signal that comes just before the system waits is seen when that returns.
    """

    def read(self, size: int) -> bytes:
        buffer: Any = None if sys.stdin is None else sys.stdin.buffer
        raw = getattr(buffer, "raw", None)
        if raw is None or sys.platform == "win32":
            return b"" if buffer is None else bytes(buffer.read1(size))
        while not select.select([raw], [], [], _LOOK_SECONDS)[0]:
            pass
        return bytes(raw.read(size) or b"")


def run(session: Session, *, file: str, mime: str | None) -> None:
    """Keep the bytes of a file and print the reference."""
    blobs = session.journal.blobs
    stdin = cast("BinaryIO", _Stdin())
    reference = blobs.put(stdin, mime=mime) if file == "-" else blobs.put_file(file, mime=mime)
    session.output.json(reference)


VERB = Verb(
    name="blob put",
    summary="Keep the bytes of a file, and print the reference.",
    run=run,
    text="""\
Prints the reference as JSON, to be put into a payload: {"sha256": …, "bytes": …, "mime": …}. The bytes go into a file
below blobs/, named by their hash, and never into the log. The same bytes are kept once. The call returns when they
are durable; a file of any size passes through little memory. Where journal.toml says so, git LFS carries large ones.

The media type is guessed from the file's name, unless --mime says it.""",
    arguments=(Argument("file", "The file, or - for stdin."),),
    options=(Option(("--mime",), "The media type, for instance image/png.", metavar="TYPE"),),
    examples=(
        ("journal blob put invoice.pdf", "prints the reference"),
        ('journal put order o1 --set invoice="$(journal blob put invoice.pdf)"', "and refers to it"),
    ),
    statuses=WRITE_STATUSES,
    writes=True,
)
