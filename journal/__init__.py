"""A journal of structured state that lives in a git repository. The public surface; see docs/api.md."""

TYPE_CHECKING = False  # as the checkers know it: nothing is loaded before the command line heeds Ctrl-C
if TYPE_CHECKING:
    from typing import Any

    from journal.errors import (
        ClosedError,
        DamagedError,
        ExpectationError,
        FormatError,
        GapError,
        GitError,
        JournalError,
        LockTimeoutError,
        NewerFormatError,
        NotAppliedError,
        NotFetchedError,
        NotFoundError,
        OfflineError,
        OutcomeUnknownError,
        PromotionRefusedError,
        RefusedError,
        StoreNotFoundError,
        UnsafePathError,
        UsageError,
    )
    from journal.facade.asynchronous import AsyncDelivery, AsyncJournal, AsyncSubscription
    from journal.facade.journal import Journal
    from journal.facade.transaction import Transaction
    from journal.folds.fold import Fold, FoldState
    from journal.folds.view import MaterializedView, ViewStatus
    from journal.state.entity import ABSENT
    from journal.state.upcasting import Upcasters
    from journal.store.conflicts import FieldConflict
    from journal.store.events import Event, ReadEvent, StreamEvent
    from journal.store.expectation import Conflict
    from journal.store.history import Blame
    from journal.store.model import Entity
    from journal.store.positions import Gaps
    from journal.store.query import Condition
    from journal.store.streams.catalogue import Stream
    from journal.subscriptions.cursors import Cursors
    from journal.subscriptions.hub import Hub
    from journal.subscriptions.model import CursorStatus, Delivery, ParkedEvent
    from journal.subscriptions.subscription import Subscription
    from journal.upkeep.comparing.model import Comparison, EntityDifference, FieldDifference
    from journal.upkeep.migrating.model import Migration
    from journal.upkeep.migrating.reading import Rules

_HOMES = {
    "AsyncDelivery": "journal.facade.asynchronous",
    "AsyncJournal": "journal.facade.asynchronous",
    "AsyncSubscription": "journal.facade.asynchronous",
    "Journal": "journal.facade.journal",
    "Transaction": "journal.facade.transaction",
    "ABSENT": "journal.state.entity",
    "Blame": "journal.store.history",
    "Comparison": "journal.upkeep.comparing.model",
    "Conflict": "journal.store.expectation",
    "Entity": "journal.store.model",
    "EntityDifference": "journal.upkeep.comparing.model",
    "Event": "journal.store.events",
    "FieldConflict": "journal.store.conflicts",
    "Upcasters": "journal.state.upcasting",
    "FieldDifference": "journal.upkeep.comparing.model",
    "Fold": "journal.folds.fold",
    "FoldState": "journal.folds.fold",
    "MaterializedView": "journal.folds.view",
    "ViewStatus": "journal.folds.view",
    "Gaps": "journal.store.positions",
    "ReadEvent": "journal.store.events",
    "Stream": "journal.store.streams.catalogue",
    "StreamEvent": "journal.store.events",
    "Condition": "journal.store.query",
    "Migration": "journal.upkeep.migrating.model",
    "Rules": "journal.upkeep.migrating.reading",
    "CursorStatus": "journal.subscriptions.model",
    "Cursors": "journal.subscriptions.cursors",
    "Delivery": "journal.subscriptions.model",
    "Hub": "journal.subscriptions.hub",
    "ParkedEvent": "journal.subscriptions.model",
    "Subscription": "journal.subscriptions.subscription",
}

__all__ = [
    "ABSENT",
    "AsyncDelivery",
    "AsyncJournal",
    "AsyncSubscription",
    "Blame",
    "ClosedError",
    "Comparison",
    "Condition",
    "Conflict",
    "CursorStatus",
    "Cursors",
    "DamagedError",
    "Delivery",
    "Entity",
    "EntityDifference",
    "Event",
    "ExpectationError",
    "FieldConflict",
    "FieldDifference",
    "Fold",
    "FoldState",
    "FormatError",
    "GapError",
    "Gaps",
    "GitError",
    "Hub",
    "Journal",
    "JournalError",
    "LockTimeoutError",
    "MaterializedView",
    "Migration",
    "NewerFormatError",
    "NotAppliedError",
    "NotFetchedError",
    "NotFoundError",
    "OfflineError",
    "OutcomeUnknownError",
    "ParkedEvent",
    "PromotionRefusedError",
    "ReadEvent",
    "RefusedError",
    "Rules",
    "StoreNotFoundError",
    "Stream",
    "StreamEvent",
    "Subscription",
    "Transaction",
    "UnsafePathError",
    "Upcasters",
    "UsageError",
    "ViewStatus",
]


def __getattr__(name: str) -> "Any":
    """Load a public name when it is first used: start-up time is the latency of the command line."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    found = getattr(importlib.import_module(_HOMES.get(name, "journal.errors")), name)
    globals()[name] = found
    return found
