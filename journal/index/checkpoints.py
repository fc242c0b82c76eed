"""Checkpoints as catch-up meets them: what they cover, and whether their bytes are what their name promises."""

import hashlib
import os

from journal.disk.files import FileStat
from journal.format.checkpoint import CheckpointHeader, decode_header, decompress_lines
from journal.format.lines import BadLineError
from journal.format.names import parse_checkpoint_file
from journal.format.segment import Vector
from journal.index.comparing import path_of
from journal.index.loading import NeedsRebuildError
from journal.index.redacting import hear_checkpoint
from journal.index.rows import DamageFacts, checksum_on
from journal.index.view import Key, View
from journal.segments.folders import CHECKPOINTS
from journal.state import vector


def read_checkpoint_header(view: View, name: str) -> CheckpointHeader:
    """Return a checkpoint's header. Raises BadLineError."""
    data = view.files.read(os.path.join(view.root, CHECKPOINTS, name))
    return decode_header(next(decompress_lines(data)))


def is_checkpoint_whole(view: View, name: str) -> bool:
    """Tell whether a checkpoint's bytes are those that its name promises."""
    named = parse_checkpoint_file(name)
    data = view.files.read(os.path.join(view.root, CHECKPOINTS, name))
    return named is not None and hashlib.sha256(data).hexdigest().startswith(named.digest)


def take_checkpoint(view: View, key: Key, stat: FileStat) -> None:
    """Note a checkpoint that came. Raises NeedsRebuildError where it knows more than the files here."""
    facts = view.new_file(*key, stat)
    path = path_of(view, facts)
    view.put_file(facts._replace(applied=stat.size, crc=checksum_on(0, view.files.read(path))))
    try:
        if not is_checkpoint_whole(view, key[1]):
            raise BadLineError("the checkpoint does not match its name")
        header = read_checkpoint_header(view, key[1])
        covers = header.covers
        hear_checkpoint(view, header, view.have, key[1])
    except BadLineError as error:
        view.add_damage(DamageFacts(facts.id, 0, stat.size, "", 0, -1, str(error)))
        return
    if not vector.is_subset(covers, view.have):
        raise NeedsRebuildError("a checkpoint covers events that are not here")
    view.covers = vector.union(view.covers, covers)


def remaining_covers(view: View) -> Vector:
    """Return what the checkpoints that are here cover together."""
    covers: Vector = {}
    for folder, name in view.facts:
        if folder == CHECKPOINTS and is_checkpoint_whole(view, name):
            covers = vector.union(covers, read_checkpoint_header(view, name).covers)
    return covers
