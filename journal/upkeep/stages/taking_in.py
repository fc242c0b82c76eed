"""Documents of the old store become events of the journal.

While the stage is ``off`` the document is the truth: the entity becomes what it says. In ``dual`` and ``primary``
somebody changed a file that the journal writes: what they changed, against the version that they saw, becomes an
event; what the journal changed meanwhile in other fields stays.

Crash argument: each document is compared with the state under the lock, in the transaction that its event goes into. A
run that was cut off finds the rest to do, and nothing to do for what is there.
"""

from collections.abc import Callable, Sequence

from journal.format import values
from journal.index.view import View
from journal.projections.absorbing import edit_of, nearest
from journal.store.batch import Delete, Note, Operation, Put
from journal.store.engine import Engine
from journal.upkeep.stages.comparing import SNAPSHOT, left_at, value_now, versions_of
from journal.upkeep.stages.deciding import Standing
from journal.upkeep.stages.old_store import Document, OldStore

_AT_ONCE = 256
_BYTES_AT_ONCE = 1 << 20


def take_in(
    engine: Engine,
    old: OldStore,
    standings: Sequence[Standing],
    stage: str,
    *,
    actor: str | None,
    first: Note | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Under the lock: make events of documents that differ ("changed", "new") or are gone ("missing"); count them.

    ``first``: a note that goes into the first transaction, also where that holds nothing else.
    """
    count = done = 0
    for part in _parts(old, standings) or ([[]] if first is not None else []):
        note = [first] if first is not None else []

        def operations(view: View, part: Sequence[Standing] = part, note: Sequence[Note] = note) -> list[Operation]:
            found = [_operation(engine, view, item, old.documents.get(item.key), stage, actor) for item in part]
            return [*note, *(operation for operation in found if operation is not None)]

        count += len(engine.write(operations)[0]) - len(note)
        first, done = None, done + len(part)
        if progress is not None:
            progress(done, len(standings))
    return count


def _parts(old: OldStore, standings: Sequence[Standing]) -> list[list[Standing]]:
    parts: list[list[Standing]] = []
    size = 0
    for item in standings:
        document = old.documents.get(item.key)
        length = len(document.text) if document is not None else 0
        if not parts or size + length > _BYTES_AT_ONCE or len(parts[-1]) >= _AT_ONCE:
            parts.append([])
            size = 0
        parts[-1].append(item)
        size += length
    return parts


def _operation(
    engine: Engine, view: View, item: Standing, document: Document | None, stage: str, actor: str | None
) -> Operation | None:
    type, id = item.key
    now = value_now(view, item.key)
    if document is None:
        summary = "its document was removed"
        return None if now is None else Delete(type=type, id=id, summary=summary, actor=actor)
    if now is not None and values.is_same(now, document.data):
        return None
    if now is None:
        return Put(type=type, id=id, data=document.data, action=SNAPSHOT, actor=actor, records_same=True)
    summary = f"as its document says: {document.path}"[:500]
    if stage == "off":
        return Put(type=type, id=id, data=document.data, summary=summary, actor=actor)
    edit = edit_of(_seen_by_editor(engine, view, item, document), document.data, now)
    if not (edit.set or edit.unset):
        return None
    return Put(type=type, id=id, set=edit.set, unset=edit.unset, summary=summary, actor=actor)


def _seen_by_editor(engine: Engine, view: View, item: Standing, document: Document) -> "dict[str, object] | None":
    left = left_at(view.index, item.key)
    engine.indexing.list_events()
    versions = list(versions_of(view, item.key))
    known = [image for seq, image in versions if left is not None and seq == left.seq]
    return known[-1] if known else nearest(document.data, (image for _, image in versions))
