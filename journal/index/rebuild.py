"""Building the index from the truth alone: checkpoints, joined, and the tail that they do not cover.

Memory is bounded by the entities: a file is read when the total order reaches it, and left when its
records are applied. Places of events are not noted (``catchup.list_events`` does, when history is
first asked for), and a file that the checkpoints cover whole is not even read.
"""

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from journal.errors import FormatError
from journal.format.checkpoint import decode_entities, decode_header, decompress_lines
from journal.format.lines import BadLineError
from journal.format.names import parse_pack_file, parse_segment_file
from journal.format.segment import Vector
from journal.index.applying import Applier
from journal.index.bounds import Bounds, BoundsOf, limits_of, with_limit
from journal.index.checkpoints import is_checkpoint_whole
from journal.index.comparing import path_of
from journal.index.flushing import write_overlay
from journal.index.loading import load_pieces, no_collections
from journal.index.redacting import hear_checkpoint, redacted_form
from journal.index.redactions import Redacting, Told
from journal.index.replay import Piece, Source, in_causal_order
from journal.index.rows import DamageFacts, FileFacts, checksum_on, is_unchanged
from journal.index.view import Key, View
from journal.segments.folders import ARCHIVE, CHECKPOINTS, Listing
from journal.segments.pack import MEMBER_BYTES_MAX, last_member
from journal.segments.scan import scan
from journal.state import vector
from journal.state.entity import EntityState, join
from journal.state.redaction import Redactions

_TAIL_BYTES = 16 * 1024
"""Holds a pack's last member, mostly."""

NOTHING_REDACTED: Redactions = {}
Progress = Callable[[int, int], None]
"""Called with (files done, files in all)."""


class _Truth(NamedTuple):
    """What a rebuild reads. ``replaced``: files that are not what they were, and so are read even where covered."""

    listing: Listing
    bounds: BoundsOf
    replaced: set[Key]
    progress: Progress | None


def rebuild(
    view: View,
    listing: Listing,
    bounds: BoundsOf,
    progress: Progress | None = None,
    *,
    redactions: Redactions = NOTHING_REDACTED,
) -> None:
    """Replace all that the index holds by what the files say, in one transaction.

    ``redactions``: that are known from elsewhere, and count as well.

    Crash argument: until the transaction commits the old index stands; it is a cache in any case.
    """
    # A file that is not what it was is read even where a checkpoint covers it: what it lost is to be known.
    known = view.facts
    replaced = {key for key, stat in listing.items() if key in known and not is_unchanged(known[key], stat)}
    truth = _Truth(listing, bounds, replaced, progress)
    with view.index.writing(), no_collections():
        try:
            _build_knowing(view, truth, redactions, is_light=True)
        except BadLineError:
            # A payload that is not JSON under a right checksum: all payloads are looked at, and that one is damage.
            _build_knowing(view, truth, redactions, is_light=False)
    view.settle()


def _build_knowing(view: View, truth: _Truth, redactions: Redactions, *, is_light: bool) -> None:
    """Build, once more where a redaction was heard of after what it redacts was applied."""
    redacting = None
    if redactions:
        redacting = Redacting(dict(redactions), {}, set())
        redacting.is_changed = True
    while True:
        _build(view, truth, redacting, is_light=is_light)
        if view.redacting is None or not view.redacting.is_stale:
            return
        redacting = Redacting(view.redacting.known, {}, set())


def _build(view: View, truth: _Truth, redacting: Redacting | None, *, is_light: bool) -> None:
    view.index.empty()
    view.reload()
    view.redacting = redacting
    view.is_bare = True
    try:
        covers: Vector = {}
        told: list[Told] = []
        # The newest first: what it contains need not be read.
        for name in sorted((name for folder, name in truth.listing if folder == CHECKPOINTS), reverse=True):
            covers = _join_checkpoint(view, name, truth.listing, covers, told)
        view.covers, view.have = covers, dict(covers)
        view.top = vector.highest(covers)
        _replay(view, truth, is_light=is_light)
        if view.redacting is not None:
            view.redacting.compare(told)
        write_overlay(view)
    finally:
        view.is_bare = False


def _join_checkpoint(view: View, name: str, listing: Listing, covers: Vector, told: list[Told]) -> Vector:
    """Join a checkpoint to what the view holds; one that does not verify costs time only.

    ``told`` gains what it covers, and what was known of redactions when it was joined.
    """
    stat = listing[CHECKPOINTS, name]
    facts = view.new_file(CHECKPOINTS, name, stat)
    data = view.files.read(path_of(view, facts))
    view.put_file(facts._replace(applied=stat.size, crc=checksum_on(0, data)))
    try:
        if not is_checkpoint_whole(view, name):
            raise BadLineError("the checkpoint does not match its name")
        lines = decompress_lines(data)
        header = decode_header(next(lines))
        hear_checkpoint(view, header, covers, name)
        told.append((header.covers, {} if view.redacting is None else dict(view.redacting.known)))
        if vector.is_subset(header.covers, covers):
            return covers
        if not covers:
            # The first one, usually the only one: its states are decoded only where the tail touches them.
            undecoded = {(form["type"], form["id"]): redacted_form(view, form) for form in decode_entities(lines)}
            view.plain_rows = {key: view.plain_row(key, form) for key, form in undecoded.items()}
            view.undecoded = undecoded
            return header.covers
        forms = (redacted_form(view, form) for form in decode_entities(lines))
        states = {(form["type"], form["id"]): view.state_of_form(form) for form in forms}
    except BadLineError as error:
        # One that was written before a redaction may refer to a blob that left with what it held.
        if view.redacting is None or (CHECKPOINTS, name) not in view.redacting.unredacted:
            view.add_damage(DamageFacts(facts.id, 0, stat.size, "", 0, -1, str(error)))
        return covers
    for key, state in _joined(view, states, covers, header.covers):
        view.put_state(key, state)
    return vector.union(covers, header.covers)


def _joined(view: View, states: dict[Key, EntityState], covers: Vector, more: Vector) -> list[tuple[Key, EntityState]]:
    # An entity that only one side has an event of: the other side has seen none of it.
    joined = []
    for key, theirs in states.items():
        mine = view.state(key)
        joined.append((key, theirs if mine is None else join(mine, covers, theirs, more)))
    return joined


def _replay(view: View, truth: _Truth, *, is_light: bool) -> None:
    keys = sorted((key for key in truth.listing if key[0] != CHECKPOINTS), key=_order)
    covered = _covered(view, keys) - truth.replaced
    limits = limits_of(view, [key for key in keys if key not in covered])
    applier = Applier(view, is_listing=False, is_light=is_light)
    done = 0
    sources = []

    def load(facts: FileFacts, limit: Bounds) -> Iterator[Piece]:
        nonlocal done
        done += 1
        if truth.progress is not None:
            truth.progress(done, len(keys) - len(covered))
        yield from load_pieces(view, facts, limit, applier)

    for key in keys:
        facts = view.new_file(*key, truth.listing[key])._replace(listed=0)
        view.put_file(facts)
        if key not in covered:
            first, lane, _ = _order(key)
            sources.append(Source(first, lane, load(facts, with_limit(truth.bounds, key[1], limits))))
    for piece, found in in_causal_order(sources, applier.opened):
        applier.apply(piece, found)
    applier.finish()


def _order(key: Key) -> tuple[int, str, str]:
    named = parse_segment_file(key[1]) or parse_pack_file(key[1])
    if named is None:
        raise FormatError("not a file of the truth", path=os.path.join(*key))
    return named.first, named.lane, key[1]


def _covered(view: View, keys: list[Key]) -> set[Key]:
    """Return the files of which the checkpoints cover all that they hold, as far as that shows unread.

    A segment ends before the lane's next file begins; where a pack ends its last member tells.
    """
    covered: set[Key] = set()
    following: dict[str, int] = {}
    for key in reversed(keys if view.covers else []):
        first, lane, _ = _order(key)
        if key[0] == ARCHIVE:
            last = _last_of_pack(view, key)
        else:
            last = following.get(lane, 0) - 1
            following[lane] = first
        if last >= first and vector.is_subset(vector.of(lane, first, last), view.covers):
            covered.add(key)
    return covered


def _last_of_pack(view: View, key: Key) -> int:
    path = os.path.join(view.root, *key)
    stat = view.files.stat(path)
    size = stat.size if stat else 0
    text = b""
    for length in (_TAIL_BYTES, MEMBER_BYTES_MAX):  # of the largest member there can be only where that is needed
        text = text or last_member(view.files.read_at(path, max(0, size - length), length))
    sections = scan(text).sections
    return sections[-1].last if sections else 0
