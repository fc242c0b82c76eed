"""``journal merge-driver``: git runs it, people need not."""

from ..declare import ALL_STATUSES, PATH, Argument, Verb
from ..session import Session


def run(session: Session, *, ancestor: str, ours: str, theirs: str, path: str) -> None:
    """Merge three versions of a projection."""
    from journal.upkeep.merging import merge_files

    merge_files(ancestor, ours, theirs, path)


VERB = Verb(
    name="merge-driver",
    summary="Merge three versions of a projection; git runs this.",
    run=run,
    text="""\
Merges as JSON, field by field, and writes the result over OURS. Git runs it where its setting `merge.journal.driver`
says so, with %O %A %B %P. It needs no store; what the events say is written by the next command that reads.""",
    arguments=(
        Argument("ancestor", "The file with the common ancestor's version, empty if there is none.", kind=PATH),
        Argument("ours", "The file with our version, which the result replaces.", kind=PATH),
        Argument("theirs", "The file with their version.", kind=PATH),
        Argument("path", "The path of the projection in the work tree.", kind=PATH),
    ),
    examples=(("journal merge-driver .merge_1 .merge_2 .merge_3 .journal/entities/plan/p1.json", "what git runs"),),
    statuses={6: ALL_STATUSES[6] + ": a side is no JSON object, and git reports a conflict"},
    has_json=False,
)
