"""``journal blob put``."""

from typing import BinaryIO, cast

from ...declare import PATH, WRITE_STATUSES, Argument, Option, Verb
from ...inputs import Stdin
from ...session import Session


def run(session: Session, *, file: str, mime: str | None) -> None:
    """Keep the bytes of a file and print the reference."""
    blobs = session.journal.blobs
    stdin = cast("BinaryIO", Stdin())
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
    arguments=(Argument("file", "The file, or - for stdin.", kind=PATH),),
    options=(Option(("--mime",), "The media type, for instance image/png.", metavar="TYPE"),),
    examples=(
        ("journal blob put invoice.pdf", "prints the reference"),
        ('journal put order o1 --set invoice="$(journal blob put invoice.pdf)"', "and refers to it"),
    ),
    statuses=WRITE_STATUSES,
    writes=True,
)
