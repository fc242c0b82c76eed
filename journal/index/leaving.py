"""Files that left the folders of the truth: what to forget, and which entities lost an event by it."""

from journal.format.names import segment_file
from journal.format.segment import Vector
from journal.index.checkpoints import remaining_covers
from journal.index.loading import NeedsRebuildError
from journal.index.rows import FileFacts, SectionFacts
from journal.index.span_table import NOTES
from journal.index.streams import forget
from journal.index.view import Key, View
from journal.segments.folders import CHECKPOINTS, SEGMENTS
from journal.state import vector


def leave(view: View, keys: list[Key]) -> set[Key]:
    """Forget files; return the entities that lost an event by it. Raises NeedsRebuildError.

    ``refuse_unlisted`` has let them pass.
    """
    left = [view.facts[key] for key in keys]
    gone = {facts.id for facts in left}
    _refuse_bare(view)
    _refuse_redactions(view, left)
    touched: set[Key] = set()
    streams: dict[tuple[int, str], set[int]] = {}
    for facts in left:
        touched |= _forget_events(view, facts, gone, streams)
    forget(view, streams)
    for facts in left:
        for lane, first, _ in view.index.parts_of_file(facts.id):
            _drop_section(view, lane, first, gone)
        view.index.drop_file(facts.id)
        del view.facts[facts.folder, facts.name], view.by_id[facts.id]
        view.doubted.pop((facts.folder, facts.name), None)
    view.damage = [item for item in view.damage if item.file not in gone]
    if any(facts.folder == CHECKPOINTS for facts in left):
        view.covers = remaining_covers(view)
    view.have = dict(vector.union(view.have_files, view.covers))
    view.top = vector.highest(view.have)
    _refuse_bare(view)
    return touched


def _refuse_bare(view: View) -> None:
    """Raise where some events are known from a checkpoint alone: which entities they touched is not to be told."""
    if not vector.is_subset(view.covers, view.have_files):
        raise NeedsRebuildError("a checkpoint covers events whose files are not here")


def refuse_unlisted(view: View, left: list[Key]) -> None:
    """Raise where files leave of which it was never noted what they hold, or not of all of them."""
    for facts in (view.facts[key] for key in left):
        if facts.folder != CHECKPOINTS and not facts.listed:
            raise NeedsRebuildError("a file left whose events were never listed")
        if facts.folder == SEGMENTS and facts.size != facts.applied:
            raise NeedsRebuildError("a file with an unclean tail left")


def _refuse_redactions(view: View, left: list[FileFacts]) -> None:
    """Raise where a file left that says what is redacted; and forget of the others what they held."""
    redacting = view.redacting
    if redacting is None:
        return
    for facts in left:
        for lane, _, spans in view.index.parts_of_file(facts.id):
            if spans and vector.intersect({lane: spans}, redacting.sources):
                raise NeedsRebuildError("a file left that says what is redacted")
        redacting.unredacted.discard((facts.folder, facts.name))
        redacting.is_changed = True


def _forget_events(view: View, facts: FileFacts, gone: set[int], streams: dict[tuple[int, str], set[int]]) -> set[Key]:
    """Forget a file's events; return the entities that lost one, and note what streams lost: (stream, lane) -> seqs."""
    touched: set[Key] = set()
    for lane, first, spans in view.index.parts_of_file(facts.id):
        lost = _lost(view, lane, first, spans, gone)
        for low, high in lost:
            touched |= view.touched(lane, low, high)
            owners = set(view.index.spans.owners(lane, low, high))
            view.index.spans.forget_events(lane, owners)
            for seq, owner in owners:
                if owner < NOTES:
                    streams.setdefault((-owner, lane), set()).add(seq)
        view.have_files = dict(vector.subtract(view.have_files, {lane: lost} if lost else {}))
    view.index.spans.forget_file(facts.id)
    return touched


def _lost(
    view: View, lane: str, first: int, spans: tuple[tuple[int, int], ...], gone: set[int]
) -> tuple[tuple[int, int], ...]:
    """Return the seqs of a part that no file that stays holds."""
    rest: Vector = {lane: spans} if spans else {}
    for holder, others in view.index.holders(lane, first):
        if holder not in gone and others:
            rest = vector.subtract(rest, {lane: others})
    return rest.get(lane, ())


def _drop_section(view: View, lane: str, first: int, gone: set[int]) -> None:
    if any(holder not in gone for holder, _ in view.index.holders(lane, first)):
        return
    if view.index.is_base(segment_file(first, lane).removesuffix(".jsonl")):
        raise NeedsRebuildError("the base of a known difference left")
    known = view.index.section_at(lane, first)
    if known is not None and known.first == first:
        _refuse_uncut(view, known)
        bridge = vector.of(lane, *known.gap)
        view.have_files = vector.subtract(view.have_files, bridge)
        view.bridges = vector.subtract(view.bridges, bridge)
    view.index.drop_section(lane, first)


def _refuse_uncut(view: View, section: SectionFacts) -> None:
    """Raise where the segment that a header cut off stays: nothing says then that its last lines do not count."""
    facts = view.facts.get((SEGMENTS, f"{section.prev_segment}.jsonl")) if section.prev_segment else None
    if facts is not None and facts.applied < facts.size:
        raise NeedsRebuildError("the header that cut a segment off left")
