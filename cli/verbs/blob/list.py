"""``journal blob list``."""

from ...declare import Verb
from ...session import Session
from ...table import Column, print_table


def run(session: Session) -> None:
    """List the blobs that are there."""
    found = session.journal.blobs.list()
    if session.output.is_json:
        for blob in found:
            session.output.json({"sha256": blob.sha256, "bytes": blob.bytes})
        return
    columns = (Column("SHA256", 64, style="bold"), Column("BYTES", is_right=True))
    print_table(session.output, columns, [[blob.sha256, f"{blob.bytes:,}"] for blob in found])
    if not found:
        session.output.note("no blobs")


VERB = Verb(
    name="blob list",
    summary="List the blobs that are there.",
    run=run,
    text="Callers' blobs, and payloads that were too long for a line. Their bytes are not read.",
    examples=(("journal blob list", ""), ("journal blob list --json | jq -s 'map(.bytes) | add'", "how much it is")),
)
