"""Looking after a store: imports, checks, checkpoints, compaction, commits."""

import os
from typing import TYPE_CHECKING, Any

from journal.facade.base import Base
from journal.store.engine import Report as ProgressReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from journal.git.commit import CommitResult
    from journal.hooks.running import Said
    from journal.upkeep.compact import Compaction
    from journal.upkeep.edits.absorbing import Absorbed
    from journal.upkeep.edits.putback import Restored
    from journal.upkeep.exchange.sync import SyncResult
    from journal.upkeep.findings import Report
    from journal.upkeep.importing import ImportResult
    from journal.upkeep.status import Status


class Upkeep(Base):
    """The methods of ``Journal`` that look after the store."""

    def reconcile(self) -> int:
        """Bring index and all projections up to date now; return how many projections were written or removed."""
        from journal.upkeep.reconcile import reconcile

        return reconcile(self._engine)

    def absorb(
        self,
        paths: "Sequence[str | os.PathLike[str]]" = (),
        *,
        deleted: bool = False,
        force: bool = False,
        dry_run: bool = False,
        summary: str | None = None,
        actor: str | None = None,
    ) -> "list[Absorbed]":
        """Make events of projections that a person edited, added or removed: all of them, as one transaction, or none.

        ``paths``: files or folders, relative to the working directory; none means everything. A removed file counts
        only if it is named, or with ``deleted``. Raises RefusedError for a file that cannot be read, with line and
        column, and ExpectationError where the journal has changed the same field meanwhile, unless ``force``.
        """
        from journal.upkeep.edits.absorbing import absorb

        return absorb(
            self._engine,
            [os.fspath(path) for path in paths],
            deleted=deleted,
            force=force,
            dry_run=dry_run,
            summary=summary,
            actor=actor or self._actor,
        )

    def restore(self, paths: "Sequence[str | os.PathLike[str]]" = (), *, dry_run: bool = False) -> "list[Restored]":
        """Put edited and removed projections back as the events say; the edits are kept in ``local/parked/``.

        ``paths`` as in ``absorb``. A new file is moved there only if it is named.
        """
        from journal.upkeep.edits.putback import restore

        return restore(self._engine, [os.fspath(path) for path in paths], dry_run=dry_run)

    def import_trace(self, path: str | os.PathLike[str], *, progress: ProgressReport | None = None) -> "ImportResult":
        """Import an event trace, resuming where an earlier run of the same source stopped."""
        from journal.upkeep.importing import import_trace

        return import_trace(self._engine, os.fspath(path), progress)

    def damage_note(self, type: str | None = None, id: str | None = None) -> str | None:
        """Return what to tell a reader of an answer that damage may affect; None where it cannot.

        An entity is not affected where its head saw, or follows, all that was lost.
        """
        with self._engine.reading() as view:
            if not view.damage:
                return None
        from journal.store.damage import damage_note
        from journal.store.looking_back import look_back

        key = None if type is None or id is None else (type, id)
        return look_back(self._engine, lambda view: damage_note(view, key))

    def status(self) -> "Status":
        """Return where the store stands: watermark, live segments, uncommitted, hand edits, conflicts."""
        from journal.upkeep.status import status

        return status(self._engine)

    def stats(self) -> dict[str, Any]:
        """Return sizes and counts, by type."""
        from journal.upkeep.status import stats

        return stats(self._engine)

    def doctor(self, *, verify: bool = False, fix: bool = False, accept_loss: bool = False) -> "Report":
        """Check the store; ``verify`` rebuilds everything and compares, ``fix`` repairs what can be repaired."""
        from journal.upkeep.doctor import examine

        return examine(self._engine, verify=verify, fix=fix, accept_loss=accept_loss)

    def run_hook(self, name: str, arguments: "Sequence[str]" = (), *, pushed: str = "") -> "Said":
        """Do the journal's part of a hook of git; return what to say, and whether git is not to go on.

        ``pushed`` is what git gives to pre-push to read. Afterwards this journal is closed.
        """
        from journal.hooks.running import run_hook

        return run_hook(self._engine, name, arguments, pushed)

    def checkpoint(self) -> str:
        """Write a checkpoint of the present state and return its name."""
        from journal.upkeep.checkpoint import write_checkpoint

        return write_checkpoint(self._engine, self._actor)

    def compact(self, *, dry_run: bool = False) -> "Compaction":
        """Pack closed segments that two checkpoints cover; remove what an earlier run packed and git has."""
        from journal.upkeep.compact import compact

        return compact(self._engine, self._actor, dry_run=dry_run)

    def commit(
        self, message: str | None = None, *, author: str | None = None, verify: bool = True
    ) -> "CommitResult | None":
        """Commit the store's files, and nothing else, to git; None where git has them all already."""
        from journal.upkeep.commit import commit

        return commit(self._engine, message, author=author, verify=verify)

    def sync(self, remote: str | None = None, *, timeout_seconds: float = 60.0, verify: bool = True) -> "SyncResult":
        """Exchange the checked-out branch with a remote: commit, fetch, merge, push, again until it lands.

        ``remote``: its name; None takes the branch's upstream. Raises OfflineError where the remote cannot be
        reached, GitError where something needs a decision. What was committed by then stays, and nothing is lost.
        """
        from journal.upkeep.exchange.sync import sync

        return sync(self._engine, remote, timeout_seconds=timeout_seconds, verify=verify)

    def stage(self) -> int:
        """Add the store's files to git's index; return how many changed."""
        from journal.upkeep.commit import stage

        return stage(self._engine)
