"""Writing the old store's files after the journal: each mutation is in the truth first, and then in its document.

The journal's projections are printed in one place (``store.printing``), whatever made the change: a put, a merge that
git brought, a resolved conflict, an import. There the mirror is called with the entities that changed.

Crash argument: the event is durable before the mirror is called, and the index has not yet noted that the change was
followed. So after a kill or a power cut the index replays the gap, and the mirror is called for the same entities
again. A document is replaced whole and synced before the index remembers how it was left; so what is remembered is
never ahead of the file. Where the index knows nothing (it was rebuilt), or a file could not be written, every document
is looked at once. Nothing here can fail the mutation: what cannot be written lags, and ``doctor`` tells.
"""

import contextlib
import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from journal.disk.files import write_whole
from journal.disk.folders import checked, ensure_folder, full_path
from journal.errors import JournalError, UnsafePathError
from journal.index.view import Key, View
from journal.store.config import OldStoreOptions
from journal.store.engine import Engine
from journal.upkeep.stages.comparing import (
    is_ours,
    left_at,
    live_keys,
    memory_name,
    memory_of,
    place_of,
    unmerged_document,
    value_now,
)
from journal.upkeep.stages.deciding import Standing, Word, decide
from journal.upkeep.stages.layout import folder_of
from journal.upkeep.stages.old_store import (
    Document,
    OldStore,
    Unreadable,
    read_old_store,
    read_one,
    remove_leftovers,
)
from journal.upkeep.stages.place import base_of, may_write
from journal.upkeep.stages.splicing import Style, spliced, style_from, style_of, style_text, written

Rows = list[tuple[str, Any]]
"""What the index is to remember: (name, value)."""

_NONE: Mapping[Key, bytes] = MappingProxyType({})
_SWEPT = "old-store"
"""The index's name for: every document was looked at since the index was made; holds kind of stage and path."""
_ANY_STYLE = "old-store style"
"""Under which the index remembers a style for folders that have no document yet."""


class Mirror:
    """Keeps the documents of one old store as the journal says."""

    def __init__(self, engine: Engine, options: OldStoreOptions) -> None:
        self._engine, self._files, self.options = engine, engine.files, options
        self.base = base_of(engine, options)

    def follow(self, view: View, keys: Iterable[Key]) -> Rows:
        """Under the lock: write the documents of these entities; return what the index is to remember of them.

        Nothing, while this checkout may not write them: another process may have been told so, or told otherwise, since
        the journal was opened here.
        """
        try:
            if not may_write(self._engine, self.options):
                return []
            is_swept = view.index.meta(_SWEPT) == self._mark()
            if not is_swept:
                rows, _ = self.sweep(view)
                return rows
            rows = []
            for key in keys:
                if key[0].startswith("$"):
                    continue
                rows += self._bring_up_to_date(view, key, self._document(view, key))[1]
        except (OSError, JournalError):
            return [(_SWEPT, None)]
        return rows

    def sweep(self, view: View, settled: Mapping[Key, bytes] = _NONE) -> tuple[Rows, list[Standing]]:
        """Under the lock: look at every document, write what lags; return what to remember, and how each stands then.

        ``settled``: what somebody wrote and is kept elsewhere by now; a document that still holds it is written over,
        and one that was removed (b"") is written again.
        """
        old = read_old_store(self._files, self.base)
        remove_leftovers(self._files, old)
        rows: Rows = [(_SWEPT, self._mark()), *_styles_in(old)]
        standings = []
        for key in sorted(live_keys(view) | old.documents.keys()):
            document = old.documents.get(key)
            found = document if document is not None else self._document(view, key)
            text = document.text if document is not None else b""
            standing, more = self._bring_up_to_date(view, key, found, is_settled=settled.get(key) == text)
            standings.append(standing)
            rows += more
        return rows, standings

    def text_for(self, view: View, key: Key, path: str, document: Document | None) -> bytes | None:
        """Return the bytes that a document should have; None where it should not be."""
        now = value_now(view, key)
        if now is None:
            return None
        return spliced(document.text, now) if document is not None else written(now, self._style_near(view, path))

    def is_folder(self, path: str) -> bool:
        """Tell whether the old store has this folder."""
        found = self._files.stat(full_path(self.base, path))
        return found is not None and found.kind == "folder"

    def _mark(self) -> str:
        return f"{self.options.stage} {self.options.path}"

    def _document(self, view: View, key: Key) -> "Document | Unreadable | str | None":
        """Return what stands in an entity's place; the path alone where nothing does, None where there is no place."""
        path = place_of(key, left_at(view.index, key), folder_of(key[0], self.is_folder))
        if path is None:
            return None
        full = checked(self._files, self.base, full_path(self.base, path))
        if self._files.stat(full) is None:
            return path
        found = read_one(self._files, self.base, path)
        if isinstance(found, Document) and found.key != key:
            return Unreadable(path, "is another entity's")
        return found

    def _bring_up_to_date(
        self, view: View, key: Key, found: "Document | Unreadable | str | None", *, is_settled: bool = False
    ) -> tuple[Standing, Rows]:
        unmerged = None
        if isinstance(found, Unreadable):
            unmerged = unmerged_document(view, key, found, self._list_places)
            found = unmerged or found
        if found is None or isinstance(found, Unreadable):
            return Standing("unplaced" if found is None else "unreadable", key, found and found.path), []
        path = found if isinstance(found, str) else found.path
        document = None if isinstance(found, str) else found
        left = left_at(view.index, key)
        word: Word = "lagging"
        if unmerged is None:
            word = decide(
                value_now(view, key),
                document.data if document is not None else None,
                was_there=left is not None and not is_settled,
                is_ours=lambda: is_settled or is_ours(view, key, document, left, self._list_places),
                stage=self.options.stage,
            )
        rows: Rows = []
        if word == "lagging":
            document, word = self._write(view, key, path, document), "same"
        if word == "same":
            row = view.row(key)
            memory = None if document is None or row is None else memory_of(document, row.seq)
            rows = [(memory_name(key), memory)]
        return Standing(word, key, path), rows

    def _list_places(self) -> None:
        self._engine.indexing.list_events()

    def _write(self, view: View, key: Key, path: str, document: Document | None) -> Document | None:
        full = checked(self._files, self.base, full_path(self.base, path))
        text = self.text_for(view, key, path, document)
        if text is None:
            self._files.remove(full)
            self._files.sync_folder(os.path.dirname(full))
            return None
        ensure_folder(self._files, self.base, path.rpartition("/")[0], durable=True)
        write_whole(self._files, full, text, durable=True)
        now = value_now(view, key)
        assert now is not None
        return Document(path, key, now, text)

    def _style_near(self, view: View, path: str) -> Style:
        """Return how the documents beside a new one are written, as the last sweep saw them."""
        known = view.index.meta(_style_name(path)) or view.index.meta(_ANY_STYLE)
        return style_from(known) if known else Style()


def _styles_in(old: OldStore) -> Rows:
    """Return what the index is to remember of how the documents in each folder are written."""
    found = {_style_name(item.path): style_text(style_of(item.text)) for item in old.documents.values()}
    anywhere = [(_ANY_STYLE, text) for text in list(found.values())[-1:]]
    return [*found.items(), *anywhere]


def _style_name(path: str) -> str:
    return f"old-store style {path.rpartition('/')[0]}"


def attach(engine: Engine) -> None:
    """Let old files follow what the journal writes, if the stage says so."""
    options = engine.config.old_store
    engine.printing.follower = None
    if options is not None and options.stage != "off":
        with contextlib.suppress(UnsafePathError):  # doctor tells of it
            engine.printing.follower = Mirror(engine, options).follow
