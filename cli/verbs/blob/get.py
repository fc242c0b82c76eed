"""``journal blob get``."""

import sys

from journal.errors import UsageError

from ...blobs import BLOB, blob_of
from ...declare import PATH, Option, Verb
from ...output import is_terminal
from ...session import Session


def run(session: Session, *, blob: str, output: str | None) -> None:
    """Print or save the bytes of a blob."""
    from journal.store.blobs import CHUNK_BYTES

    named = blob_of(blob)
    if output not in (None, "-"):
        session.journal.blobs.save(named, output)
        return
    if is_terminal(sys.stdout):
        raise UsageError("bytes are not printed to a terminal", hint="--output FILE saves them; a pipe takes them")
    with session.journal.blobs.open(named) as file:
        while chunk := file.read(CHUNK_BYTES):
            session.output.raw(chunk)


VERB = Verb(
    name="blob get",
    summary="Print the bytes of a blob, or save them to a file.",
    run=run,
    text="""\
The bytes are compared with the blob's name while they are read. Where they are not what it says the status is 20, and
the end is never printed; with --output nothing is written then.""",
    arguments=(BLOB,),
    options=(
        Option(
            ("--output", "-o"), "Save them to this file, whole or not at all; - is stdout.", metavar="FILE", kind=PATH
        ),
    ),
    examples=(
        ("journal blob get 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 -o test.txt", ""),
        ("journal get order o1 | jq -c .invoice | journal blob get - -o invoice.pdf", "by its reference"),
    ),
    statuses={
        3: "there is no such blob, or git LFS has its bytes and nobody has fetched them",
        20: "the bytes are not what the blob's name says",
    },
    has_json=False,
)
