"""``doctor --verify``: the same files must give the same state, byte for byte, whatever way it is built.

Three ways: the index as it stands, everything anew from checkpoints and tail, and from the events alone where they are
all here. A checkpoint that says other than its events do is in the wrong: events are the truth.
"""

from journal.index.view import View
from journal.segments.folders import CHECKPOINTS
from journal.state import vector
from journal.store.engine import Engine
from journal.store.indexing import Indexing
from journal.upkeep.checks.cache import build, gaps
from journal.upkeep.checks.comparing import differences
from journal.upkeep.checks.shortening import shortened
from journal.upkeep.checks.streams import stream_differences
from journal.upkeep.findings import Finding
from journal.upkeep.found import Look


def verify_state(engine: Engine, indexing: Indexing, live: View | None, fresh: View, found: Look) -> None:
    """Compare each entity of the index (``live``) with one built anew, and that with one built from events alone."""
    if live is not None:
        found.findings.extend(shortened(differences(live, fresh, "the files")))
        found.findings.extend(shortened(stream_differences(live, fresh)))
    checkpoints = [key for key in found.survey.listing if key[0] == CHECKPOINTS]
    if not checkpoints or not vector.is_subset(found.covers, vector.union(found.have, gaps(found.survey))):
        return
    listing = found.survey.listing
    alone = {key: stat for key, stat in listing.items() if key not in checkpoints}
    events = build(indexing, engine, alone)
    told = shortened(differences(fresh, events, "the events alone"))
    found.findings.extend(told)
    for key in checkpoints if told else []:
        one = build(indexing, engine, {**alone, key: listing[key]})
        if any(differences(one, events, "the events alone")):
            found.lying.append("/".join(key))
            hint = "the events are the truth: journal doctor --verify --fix puts the checkpoint aside"
            message = "says other than the events that it covers"
            found.findings.append(Finding("checkpoint-differs", "error", found.lying[-1], message, hint))
        one.index.close()
    events.index.close()
