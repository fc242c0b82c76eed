"""From what a caller asks to the records of one transaction: decisions only, nothing is written here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from journal.errors import NotFoundError, RefusedError, UsageError
from journal.format import names, values
from journal.format.limits import SUMMARY_CHARACTERS_MAX
from journal.format.record import DELETE, EventTexts
from journal.format.reserved import KV_TYPE, check_document, check_entity_type
from journal.format.segment import Vector
from journal.index.streams import length_of
from journal.index.view import Key, View
from journal.projections.paths import ID_FIELD
from journal.state.delta import difference, named
from journal.state.entity import Change, EntityState, Past, Payload, apply
from journal.state.value import value
from journal.store.expectation import ANYTHING, Conflict, Expectation, heads_of
from journal.store.schemas import refuse_unfit
from journal.store.streams.appending import Append, check_stream, texts_of, unmet

if TYPE_CHECKING:
    from journal.schemas.checking import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Write an entity: all of it (``data``), or fields of it (``set``, ``unset``, ``merge``).

    ``records_same``: make an event even where nothing differs, as an import does. ``lift``: what fields are set on,
    made of what is stored; it raises RefusedError where that cannot be lifted.
    """

    type: str
    id: str
    data: Payload | None = None
    set: Payload = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    merge: Payload | None = None
    action: str | None = None
    summary: str | None = None
    actor: str | None = None
    ts: str | None = None
    expect: Expectation = ANYTHING
    records_same: bool = False
    lift: Callable[[Payload], Payload] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Write a tombstone. ``missing``: what becomes of it where nothing is there: NotFoundError, a record, nothing."""

    type: str
    id: str
    summary: str | None = None
    actor: str | None = None
    ts: str | None = None
    expect: Expectation = ANYTHING
    missing: Literal["refuse", "record", "pass"] = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Say something of the journal itself."""

    note: str
    data: Payload
    summary: str | None = None
    actor: str | None = None
    ts: str | None = None


Operation = Put | Delete | Append | Note


class Draft(NamedTuple):
    """One record to be written: its own fields in order, its payload's text, the state it leads to."""

    kind: str
    own: dict[str, Any]
    payload: bytes | None
    key: Key | None
    state: EntityState | None
    operation: Put | Delete | Note

    @property
    def size(self) -> int:
        """How many records it is."""
        return 1


class Block(NamedTuple):
    """Events to be written one behind the other in a stream; ``rev`` and ``position`` are the first one's."""

    operation: Append
    texts: EventTexts
    rev: int
    position: int

    @property
    def size(self) -> int:
        """How many records it is."""
        return len(self.texts.names)


class Written(NamedTuple):
    """A draft that became records, the first of them ``seq``.

    ``number`` of ``size``: of the first record in its transaction. ``here``: what this checkout held afterwards, where
    events were appended; ``text``: the lines, which have ``lengths`` bytes.
    """

    draft: Draft | Block
    seq: int
    lane: str
    ts: str
    writer: str
    number: int
    size: int
    here: Vector
    text: bytes
    lengths: Sequence[int]

    @property
    def single(self) -> Draft:
        """The draft, of a single record: no events were appended."""
        assert isinstance(self.draft, Draft), self.draft
        return self.draft

    @property
    def tx(self) -> tuple[int, int] | None:
        """The place of the first record in its transaction; None for one that stands alone."""
        return (self.number, self.size) if self.size > 1 else None


class Batch:
    """Turns operations into drafts, each seeing what those before it did."""

    def __init__(
        self, view: View, lane: str, first_seq: int, past: Past, schema_of: "Callable[[str], Schema | None]"
    ) -> None:
        """Take what is there; ``schema_of`` tells what refuses documents of a type, and is asked once for each."""
        self._view, self._lane, self._past = view, lane, past
        self._schema_of = schema_of
        self._schemas: dict[str, Schema | None] = {}
        self._seq = first_seq
        self._states: dict[Key, EntityState | None] = {}
        self._lengths: dict[str, tuple[int, int]] = {}
        self.drafts: list[Draft | Block] = []

    def state(self, key: Key) -> EntityState | None:
        """Return an entity's state as this batch has left it."""
        return self._states[key] if key in self._states else self._view.state(key)

    def add(self, operations: Sequence[Operation]) -> Conflict | None:
        """Take operations in; a Conflict where an expectation is not met, and then nothing may be written."""
        for operation in operations:
            conflict = self._add(operation)
            if conflict is not None:
                return conflict
        return None

    def _add(self, operation: Operation) -> Conflict | None:
        check_texts(operation)
        if isinstance(operation, Note):
            own = {"note": operation.note}
            self._draft("note", own, values.encode_payload(operation.data), None, None, operation)
            return None
        if isinstance(operation, Append):
            return self._append(operation)
        key = checked_key(operation)
        state = self.state(key)
        conflict = operation.expect.check(key, state, self._view.strategies(key[0]))
        if conflict is not None:
            # Heads of this transaction itself will never be there.
            return replace(conflict, heads=heads_of(self._view.state(key)))
        if isinstance(operation, Delete):
            self._delete(operation, key, state)
        else:
            self._put(operation, key, state)
        return None

    def _append(self, operation: Append) -> Conflict | None:
        known = self._lengths.get(operation.stream)
        if known is None:
            check_stream(operation.stream)
            known = length_of(self._view, operation.stream)
        length, rev = known
        conflict = unmet(operation, length)
        if conflict is not None:
            return conflict
        texts = texts_of(operation.events)
        size = len(texts.names)
        self._lengths[operation.stream] = length + size, rev + size
        self.drafts.append(Block(operation, texts, rev + 1, length + 1))
        self._seq += size
        return None

    def _delete(self, operation: Delete, key: Key, state: EntityState | None) -> None:
        if (state is None or state.is_deleted) and operation.missing != "record":
            if operation.missing == "pass":
                return
            raise NotFoundError(f"there is no {key[0]} {key[1]!r} to delete")
        rev = (state.rev if state else 0) + 1
        own = {"type": key[0], "id": key[1], "rev": rev, "action": DELETE}
        change = Change((self._seq, self._lane), rev, None, (), ())
        self._draft("entity", own, None, key, apply(state, change, self._past), operation)

    def _put(self, operation: Put, key: Key, state: EntityState | None) -> None:
        before = value(state, self._view.strategies(key[0])) if state is not None else None
        after = _after(operation, before)
        payload, image = checked_document(key[0], after)
        set_names, unset_names = difference(before, after, state)
        if operation.data is None or (key[0] == KV_TYPE and state is not None and len(state.heads) > 1):
            asked = (*operation.set, *(operation.merge or ()), *(operation.data or ()))
            set_names, unset_names = named(asked, operation.unset, (set_names, unset_names))
        if before is not None and not set_names and not unset_names and not operation.records_same:
            return
        rev = (state.rev if state else 0) + 1
        action = operation.action or ("create" if before is None else "update")
        if action == DELETE:
            raise UsageError("the action 'delete' is what makes a tombstone: use delete")
        own: dict[str, Any] = {"type": key[0], "id": key[1], "rev": rev, "action": action, "set": set_names}
        if unset_names:
            own["unset"] = unset_names
        self._refuse_unfit(key, image)
        change = Change((self._seq, self._lane), rev, image, set_names, unset_names)
        self._draft("entity", own, payload, key, apply(state, change, self._past), operation)

    def _refuse_unfit(self, key: Key, document: Payload) -> None:
        """Raise RefusedError for a document that does not fit its type's schema."""
        type, id = key
        if type not in self._schemas:
            self._schemas[type] = self._schema_of(type)
        schema = self._schemas[type]
        if schema is not None:
            refuse_unfit(schema, type, id, document)

    def _draft(
        self,
        kind: str,
        own: dict[str, Any],
        payload: bytes | None,
        key: Key | None,
        state: EntityState | None,
        operation: Put | Delete | Note,
    ) -> None:
        self.drafts.append(Draft(kind, own, payload, key, state, operation))
        if key is not None:
            self._states[key] = state
        self._seq += 1


def _after(operation: Put, before: Payload | None) -> Payload:
    if operation.data is not None:
        if operation.set or operation.unset or operation.merge is not None:
            raise UsageError("a whole document and single fields exclude each other")
        if not isinstance(operation.data, dict):
            values.encode_payload(operation.data)
        return operation.data
    after = dict(before or {}) if operation.lift is None or before is None else dict(operation.lift(before))
    if operation.merge is not None:
        values.encode_payload(operation.merge)
        after.update(operation.merge)
    after.update(operation.set)
    both = [name for name in operation.unset if name in operation.set or name in (operation.merge or {})]
    if both:
        raise UsageError(f"the field {both[0]!r} is both set and unset")
    for name in operation.unset:
        after.pop(name, None)
    return after


def checked_key(operation: Put | Delete) -> Key:
    """Return whose event it is to be. Raises RefusedError for what no entity is called."""
    check_entity_type(operation.type)
    names.check_id(operation.id, what="key" if operation.type == KV_TYPE else "id")
    return operation.type, operation.id


def checked_document(type: str, document: Any) -> tuple[bytes, Payload]:
    """Return the stored text of an entity's document, and what it says.

    Raises RefusedError for one that no entity of its type has.
    """
    payload, image = values.stored_payload(document)
    if ID_FIELD in document:
        raise RefusedError(f"the field {ID_FIELD!r} is reserved")
    check_document(type, document)
    return payload, image


def check_texts(operation: Operation) -> None:
    """Raise RefusedError for an actor, a summary or an action that no line may have."""
    texts = {"actor": operation.actor, "summary": operation.summary, "action": getattr(operation, "action", None)}
    for what, text in texts.items():
        if text is None:
            continue
        names.check_id(text, what=what)
        if what == "summary" and len(text) > SUMMARY_CHARACTERS_MAX:
            raise RefusedError(f"the summary has {len(text)} characters; at most {SUMMARY_CHARACTERS_MAX} are allowed")
