"""Bringing a view up to date with the files of the truth: the gap only, never the whole.

What can be new: a segment that has grown, files that came, files that left or were replaced (git did
that, or damage). The first two are folded over the index. When files leave, the entities that their
events touched are folded again from what is left. What cannot be settled that way raises
``NeedsRebuildError``, and the caller builds everything anew from checkpoints and tail.
"""

from journal.disk.files import FileStat
from journal.format.names import parse_pack_file, parse_segment_file, segment_file
from journal.format.segment import Vector
from journal.index.applying import Applier, section_name
from journal.index.bounds import Bounds, BoundsOf, limits_of, with_limit
from journal.index.checkpoints import take_checkpoint
from journal.index.comparing import Changes, compare, path_of
from journal.index.flushing import flush_overlay, write_overlay
from journal.index.leaving import leave, refuse_unlisted
from journal.index.loading import NeedsRebuildError, growth_piece, load_pieces
from journal.index.places import list_events
from journal.index.records import read_record
from journal.index.replay import Piece, Source, in_causal_order
from journal.index.view import Key, View
from journal.segments.folders import CHECKPOINTS, SEGMENTS, Listing
from journal.state import vector
from journal.state.entity import Change, Past, fold


def catch_up(view: View, listing: Listing, bounds: BoundsOf, changes: Changes | None = None) -> bool:
    """Fold the gap between the index and the files over the view; True if there was one.

    ``changes``: how the listing differs, where the caller has just seen that. Where files have left, the index is
    written (in one transaction), so the caller holds the lock or works on a private copy. Raises NeedsRebuildError.
    """
    if changes is None:
        changes = compare(view, listing)
    if changes.is_open:
        (key,) = changes.grew
        _grow(view, key, listing[key], bounds)
        return True
    if changes.left or changes.grew:
        view.renew()
    if changes.left:
        flush_overlay(view)
        before = dict(view.have)
        with view.index.writing():
            refuse_unlisted(view, changes.left)
            if not view.is_listed() and not any(folder == CHECKPOINTS for folder, _ in changes.left):
                # Else what a checkpoint covers seems to be without files, and each file that leaves asks for a rebuild.
                list_events(view)
                write_overlay(view)
                view.settle()
            touched = leave(view, changes.left)
            view.renew()
            _arrive(view, changes, listing, bounds)
            _check_holes(view, vector.subtract(before, view.have))
            list_events(view)
            write_overlay(view)
            view.settle()
            _fold_again(view, touched)
            write_overlay(view)
        view.settle()
        return True
    _arrive(view, changes, listing, bounds)
    return bool(changes.came or changes.grew)


def _grow(view: View, key: Key, stat: FileStat, bounds: BoundsOf) -> None:
    """Fold what the open segment grew by; no header follows it, and there is nothing to put in order with."""
    piece = _growth(view, key, stat, bounds(key[1]))
    applier = Applier(view)
    applier.opened(piece)
    applier.apply(piece, piece.found)
    _check_chains(view, [], applier.resolved)
    _refuse_stale(view)


def _check_holes(view: View, gone: Vector) -> None:
    """What saw an event that is gone has a hole now, whatever its entity; only a rebuild finds them all."""
    for section in view.index.sections() if gone else ():
        for lane, intervals in gone.items():
            seen = section.sees.get(lane)
            if seen and vector.intersect({lane: seen}, {lane: intervals}):
                raise NeedsRebuildError("events left that later ones have seen")


def _arrive(view: View, changes: Changes, listing: Listing, bounds: BoundsOf) -> None:
    for key in changes.came:
        if key[0] == CHECKPOINTS:
            take_checkpoint(view, key, listing[key])
    keys = [key for key in changes.came if key[0] != CHECKPOINTS]
    limits = limits_of(view, keys, changes.grew)
    applier = Applier(view)
    sources = [_source(view, key, listing[key], with_limit(bounds, key[1], limits), applier) for key in keys]
    for key in changes.grew:
        piece = _growth(view, key, listing[key], with_limit(bounds, key[1], limits))
        sources.append(Source(piece.start, piece.lane, iter([piece])))
    for piece, found in in_causal_order(sources, applier.opened):
        applier.apply(piece, found)
    _check_chains(view, keys, applier.resolved)
    _refuse_stale(view)


def _refuse_stale(view: View) -> None:
    if view.redacting is not None and view.redacting.is_stale:
        raise NeedsRebuildError("what was applied is redacted now")


def _source(view: View, key: Key, stat: FileStat, bounds: Bounds, applier: Applier) -> Source:
    named = parse_segment_file(key[1]) or parse_pack_file(key[1])
    assert named is not None, key
    facts = view.new_file(*key, stat)
    return Source(named.first, named.lane, load_pieces(view, facts, bounds, applier))


def _growth(view: View, key: Key, stat: FileStat, bounds: Bounds) -> Piece:
    facts = view.facts[key]
    named = parse_segment_file(key[1])
    assert named is not None, key
    if any(item.file == facts.id and item.offset >= facts.applied for item in view.damage):
        raise NeedsRebuildError("what was missing at a segment's end may be there now")
    data = view.files.read_at(path_of(view, facts), facts.applied, stat.size - facts.applied)
    return growth_piece(view, facts, named.first, named.lane, data, stat, bounds)


def _check_chains(view: View, came: list[Key], resolved: set[tuple[str, int]]) -> None:
    """A header that came may cut a segment that was applied further, or explain one applied without it."""
    for (lane, first), section in list(view.overlay.sections.items()):
        if section.prev_segment is not None:
            facts = view.facts.get((SEGMENTS, f"{section.prev_segment}.jsonl"))
            if facts is not None and facts.last > section.prev_seq:
                raise NeedsRebuildError("a new header cuts a segment that was applied further")
            if facts is not None and facts.last < section.prev_seq and (SEGMENTS, segment_file(first, lane)) in came:
                raise NeedsRebuildError("a new header says that a segment goes on beyond what looked like its end")
        if (lane, first) in resolved and view.index.is_base(section_name(section)):
            raise NeedsRebuildError("the base of a known difference arrived")


def _fold_again(view: View, touched: set[Key]) -> None:
    for key in sorted(touched):
        changes: list[tuple[Change, Past]] = []
        for place in view.events_of(key):
            record = read_record(view, place)
            if record is None:
                raise NeedsRebuildError("a listed event cannot be read")
            changes.append((view.change_of(record, place.lane), view.past_of((place.seq, place.lane))))
        view.put_state(key, fold(changes))
