"""``journal blob verify``."""

from journal.errors import DamagedError, NotFetchedError, NotFoundError

from ...blobs import BLOB, blob_of
from ...declare import Verb
from ...session import Session

_FINDINGS = 20


def run(session: Session, *, blob: tuple[str, ...]) -> int:
    """Read blobs through and say which are not what their names say."""
    blobs = session.journal.blobs
    names = [blob_of(name) for name in blob] or [stored.sha256 for stored in blobs.list()]
    bad = unfetched = 0
    for name in names:
        sha256 = name if isinstance(name, str) else name["sha256"]
        try:
            blobs.verify(name)
            found = "ok"
        except NotFetchedError:
            found = "not-fetched"
        except NotFoundError:
            found = "missing"
        except DamagedError:
            found = "damaged"
        bad += found in ("missing", "damaged")
        unfetched += found == "not-fetched"
        if session.output.is_json:
            session.output.json({"sha256": sha256, "found": found})
        elif found != "ok":
            session.output.line(f"{sha256}  {found}")
    all_of_them = "1 blob" if len(names) == 1 else f"{len(names):,} blobs"
    with_lfs = f"; {unfetched:,} with git LFS and not fetched" if unfetched else ""
    session.output.note(f"checked {all_of_them}: {bad:,} not as they should be{with_lfs}")
    return _FINDINGS if bad else 0


VERB = Verb(
    name="blob verify",
    summary="Read blobs through, and say which are not what their names say.",
    run=run,
    text="""\
All of them, or those that are named. journal doctor does so too, and knows which are needed. One whose bytes only git
LFS has is not damaged; it cannot be looked at here.""",
    arguments=(BLOB._replace(required=False, many=True),),
    examples=(("journal blob verify", ""), ("journal blob verify --json", "a line for each")),
    statuses={20: "a blob is missing or damaged"},
)
