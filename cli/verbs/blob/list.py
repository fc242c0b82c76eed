"""``journal blob list``."""

from typing import TYPE_CHECKING

from ...declare import Verb
from ...session import Session
from ...table import Column, print_table

if TYPE_CHECKING:
    from journal.store.blobs import StoredBlob


def run(session: Session) -> None:
    """List the blobs that are there."""
    found = session.journal.blobs.list()
    if session.output.is_json:
        for blob in found:
            session.output.json(blob._asdict())
        return
    columns = (Column("SHA256", 64, style="bold"), Column("BYTES", is_right=True), Column("GIT LFS"))
    rows = [[blob.sha256, f"{blob.bytes:,}", _of_lfs(blob)] for blob in found]
    has_lfs = any(blob.lfs for blob in found)
    print_table(session.output, columns[: 2 + has_lfs], [row[: 2 + has_lfs] for row in rows])
    if not found:
        session.output.note("no blobs")


def _of_lfs(blob: "StoredBlob") -> str:
    if not blob.lfs:
        return ""
    return "yes" if blob.fetched else "not fetched"


VERB = Verb(
    name="blob list",
    summary="List the blobs that are there.",
    run=run,
    text="""\
Callers' blobs, and payloads that were too long for a line. Their bytes are not read. Where git LFS carries some, a
column says so, and which of these nobody has fetched into this clone.""",
    examples=(("journal blob list", ""), ("journal blob list --json | jq -s 'map(.bytes) | add'", "how much it is")),
)
