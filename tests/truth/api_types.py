"""The public interface as a caller uses it. Type-checked under ``mypy --strict`` (test_docs.py), never run."""

from collections.abc import Iterator, Sequence
from typing import Any, assert_type

from journal import (
    AsyncDelivery,
    AsyncJournal,
    Blame,
    Condition,
    Conflict,
    CursorStatus,
    Delivery,
    Entity,
    EntityDifference,
    Event,
    ExpectationError,
    FieldConflict,
    Fold,
    FoldState,
    Journal,
    JournalError,
    LockTimeoutError,
    MaterializedView,
    ReadEvent,
    Stream,
    StreamEvent,
    Transaction,
)


def show_progress(what: str, done: int, of: int) -> None:
    """Take what ``progress`` is called with."""


def open_and_close() -> None:
    """Opening."""
    root, is_new = Journal.init(".", fanout=["issue"])
    assert_type(root, str)
    assert_type(is_new, bool)
    with Journal.open(root, actor="ana", durability="os", lock_timeout_seconds=None, progress=show_progress) as journal:
        assert_type(journal, Journal)
        assert_type(journal.root, str)


def write(journal: Journal) -> None:
    """Writing."""
    written = journal.put("plan", "pln_1", {"title": "Ship it", "tags": ["a"], "priority": 1}, expect_rev=0)
    assert_type(written, Entity | Conflict)
    if isinstance(written, Conflict):
        assert_type(written.heads, tuple[str, ...])
        return
    assert_type(written.event, str)
    assert_type(written.data, dict[str, Any] | None)
    journal.put("plan", "pln_1", set={"status": "done"}, unset=["tags"], expect_event=written.event)
    journal.put("plan", "pln_1", merge={"status": "done"}, expect_event=("1@k3f9x2a7b4c5d", "2@p0q7w8e9r1t2y"))
    assert_type(journal.new("plan", {"title": "Paint"}), Entity)
    assert_type(journal.mutate("plan", "pln_1", lambda data: {**data, "status": "done"}), Entity)
    assert_type(journal.delete("plan", "pln_1", summary="No longer"), Entity | Conflict)
    assert_type(journal.revert("3", force=True), list[Event])
    assert_type(journal.resolve("plan", "pln_1", "status", take="4711@k3f9x2a7b4c5d"), Entity)
    with journal.transaction(summary="Split") as transaction:
        assert_type(transaction, Transaction)
        transaction.put("plan", "a", {"title": "A"})
        transaction.delete("plan", "b")
    assert_type(transaction.events, list[Event])


def read(journal: Journal) -> None:
    """Reading and looking back."""
    assert_type(journal.get("plan", "pln_1", rev=1), Entity | None)
    assert_type(journal.list("plan", where={"status": "open", "owner.name": "ana"}, sort="-title"), list[Entity])
    journal.list(where=["priority<2", Condition(("title",), "~=", "Ship")], limit=3)
    assert_type(journal.conflicts("plan"), list[FieldConflict])
    assert_type(journal.history("plan", "pln_1"), list[Event])
    assert_type(journal.blame("plan", "pln_1"), list[Blame])
    assert_type(journal.show("4711"), Event)
    assert_type(journal.diff("main", "feature", type="plan").entities, tuple[EntityDifference, ...])
    assert_type(journal.log(since="2d", reverse=True), Iterator[Event])
    assert_type(journal.follow(), Iterator[Event])
    with journal.subscribe("feed", types=["plan"], on_gap=lambda gaps: None) as feed:
        assert_type(feed.take(5, wait_seconds=None), list[Delivery])
        for delivery in feed:
            delivery.retry(ValueError())
    assert_type(journal.cursors.status("feed"), CursorStatus)
    journal.hub.on(lambda event: None)()


async def follow(journal: AsyncJournal) -> None:
    """Following with asyncio."""
    assert_type(await journal.get("plan", "pln_1"), Entity | None)
    async with await journal.subscribe("feed") as feed:
        async for delivery in feed:
            assert_type(delivery, AsyncDelivery)
            await delivery.ack()


def stream(journal: Journal) -> None:
    """Streams."""
    written = journal.append("order/42", "OrderPlaced", {"sum": 30}, expect=3, key="req-9", meta={"correlation": "c"})
    assert_type(written, StreamEvent | Conflict)
    if isinstance(written, StreamEvent):
        assert_type(written.position, int)
        assert_type(written.token, str)
        assert_type((written.stream, written.event, written.rev), tuple[str, str, int])
        assert_type(written.data, dict[str, Any])
    batch = journal.append_batch("order/42", [("OrderPaid", {}), {"event": "OrderShipped"}], expect="exists")
    assert_type(batch, Sequence[StreamEvent] | Conflict)
    with journal.transaction() as transaction:
        transaction.append("order/42", "OrderClosed", expect="exists")
    assert_type(journal.read("order/42", last=3, where=lambda event: event.position > 1), Iterator[StreamEvent])
    assert_type(journal.read_all(since=journal.position()), Iterator[ReadEvent])
    assert_type(journal.streams(), list[Stream])
    fold = Fold("length", 0, lambda value, event: value + 1)
    assert_type(journal.fold(fold, ["order/42", "order/43"]), FoldState[int])
    assert_type(journal.view(fold, "order/42"), MaterializedView[int])
    assert_type(journal.view(fold, "order/42", refresh="append").read(), int)
    assert_type(journal.truncate("order/42", through=2), Stream)
    assert_type(journal.gaps().gone, dict[str, tuple[tuple[int, int], ...]])


def look_after(journal: Journal) -> None:
    """Looking after it."""
    assert_type(journal.status().uncommitted, tuple[str, ...] | None)
    assert_type(journal.checkpoint(), str)
    assert_type(journal.compact(dry_run=True).packs, tuple[str, ...])
    assert_type(journal.doctor(verify=True).ok, bool)
    assert_type(journal.import_trace("trace.jsonl").events, int)
    assert_type(journal.stage(), int)
    committed = journal.commit("Plans", verify=False)
    if committed is not None:
        assert_type(committed.commit, str)


def fail(journal: Journal) -> int:
    """Errors."""
    try:
        journal.checkpoint()
    except (LockTimeoutError, ExpectationError) as error:
        assert_type(error.hint, str | None)
    except JournalError as error:
        assert_type(error.code, str)
        return error.exit_status
    return 0
