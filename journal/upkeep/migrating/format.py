"""Moving a store up to the newest format, in one commit that git can revert.

A step says which of the store's own files it writes, made of the store as it is. It takes no file away, and changes
none of the truth: a path of the truth has one content for ever.

Crash argument: what is not committed yet is committed first, as it is. Then the files of the steps are written, each
whole and synced, ``journal.toml`` last: until then the store is of the earlier format. After a kill before that the
migration is run again, and writes the same; after a kill behind it the store is of the later format, and the next
commit holds the migration and nothing else from before it.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from journal.disk.files import write_whole
from journal.disk.folders import checked, full_path
from journal.format.limits import FORMAT
from journal.store.config import read_config
from journal.store.engine import Engine
from journal.store.layout import CONFIG_FILE
from journal.upkeep.commit import commit
from journal.upkeep.place import place_of

_FORMAT_LINES = re.compile(rb"^[ \t]*format[ \t]*=.*$(?:\n[ \t]*needs[ \t]*=.*$)?", re.MULTILINE)


class Step(NamedTuple):
    """From one format to the next: the first version of git-journal that reads that, and the files it writes."""

    needs: str
    files: Callable[[Engine], Mapping[str, bytes]]


STEPS: dict[int, Step] = {}
"""What leads from a format to the next. Format 1 is the first and the newest, so there is none yet."""


@dataclass(frozen=True, slots=True)
class FormatMigrated:
    """What was done, or would be: from which format to which, the files of the store, and the commit."""

    before: int
    after: int
    files: tuple[str, ...] = ()
    commit: str | None = None


def migrate_format(engine: Engine, *, dry_run: bool = False) -> FormatMigrated:
    """Move a store up to the newest format; nothing is done where it has that.

    Raises GitError where the store is not in git, which is what keeps the way back.
    """
    with engine.locked():
        before = read_config(engine.files, engine.root).format
        steps = [STEPS[format] for format in range(before, FORMAT)]
        if not steps:
            return FormatMigrated(before, FORMAT)
        place_of(engine)
        files = {path: content for step in steps for path, content in step.files(engine).items()}
        files[CONFIG_FILE] = _config(engine, steps[-1].needs)
        if dry_run:
            return FormatMigrated(before, FORMAT, tuple(files))
        commit(engine, None, author=None, verify=True)
        for path, content in files.items():
            full = checked(engine.files, engine.root, full_path(engine.root, path))
            write_whole(engine.files, full, content, durable=True)
        made = commit(engine, f"journal: format {FORMAT}", author=None, verify=True)
        return FormatMigrated(before, FORMAT, tuple(files), made.commit if made is not None else None)


def _config(engine: Engine, needs: str) -> bytes:
    """Return ``journal.toml`` with the newest format, and the version that it needs; all else as it is."""
    text = engine.files.read(os.path.join(engine.root, CONFIG_FILE))
    return _FORMAT_LINES.sub(b'format = %d\nneeds = "%s"' % (FORMAT, needs.encode()), text, count=1)
