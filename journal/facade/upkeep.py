"""Looking after a store: imports, checks, checkpoints, compaction, commits."""

import os
from typing import TYPE_CHECKING, Any

from journal.arguments import TEXT, checks_arguments
from journal.facade.base import Base
from journal.store.options import Report as ProgressReport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from journal.git.commit import CommitResult
    from journal.hooks.running import Said
    from journal.upkeep.compact import Compaction
    from journal.upkeep.edits.absorbing import Absorbed
    from journal.upkeep.edits.putback import Restored
    from journal.upkeep.exchange.sync import SyncResult
    from journal.upkeep.findings import Report
    from journal.upkeep.importing import ImportResult
    from journal.upkeep.migrating.format import FormatMigrated
    from journal.upkeep.migrating.payloads import LiftedPayloads
    from journal.upkeep.redacting.redact import Redaction
    from journal.upkeep.status import Status


@checks_arguments(redact__value=TEXT)
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
        """Make events of the projections that a person edited, added or removed, in one transaction.

        ``paths``: files or folders, relative to the working directory; without any all projections are looked at. A
        removed file deletes its entity only if it is named, or with ``deleted``. ``dry_run``: only tell what would be
        done. Raises RefusedError for a file that cannot be read, with line and column, and ExpectationError where
        somebody has written the same field meanwhile, unless ``force``. Then nothing was written.
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
        """Write projections that were edited or removed anew, as the events say. The edits go to ``local/parked/``.

        ``paths`` as in ``absorb``. A file that is new is moved there only if it is named.
        """
        from journal.upkeep.edits.putback import restore

        return restore(self._engine, [os.fspath(path) for path in paths], dry_run=dry_run)

    def import_trace(self, path: str | os.PathLike[str], *, progress: ProgressReport | None = None) -> "ImportResult":
        """Import an event trace from a file (docs/cli.md). Lines that an earlier run has imported are passed over."""
        from journal.upkeep.importing import import_trace

        return import_trace(self._engine, os.fspath(path), progress)

    def damage_note(self, type: str | None = None, id: str | None = None) -> str | None:
        """Return what to tell a reader whose answer damage may affect; None where none does.

        ``type`` and ``id``: the entity that the answer is about; else it is about everything. An entity is not affected
        where the writer of one of its heads had still seen what is lost, since a head has the whole document.
        """
        with self._engine.reading() as view:
            if not view.damage:
                return None
        from journal.store.damage import damage_note
        from journal.store.looking_back import look_back

        key = None if type is None or id is None else (type, id)
        return look_back(self._engine, lambda view: damage_note(view, key))

    def status(self) -> "Status":
        """Return the state of the store: watermark, live segments, what is not committed, hand edits, conflicts."""
        from journal.upkeep.status import status

        return status(self._engine)

    def stats(self) -> dict[str, Any]:
        """Return sizes and counts of the store, and of each type."""
        from journal.upkeep.status import stats

        return stats(self._engine)

    def doctor(self, *, verify: bool = False, fix: bool = False, accept_loss: bool = False) -> "Report":
        """Check the store and return what was found.

        ``verify``: build everything that is derived anew, and compare. ``fix``: repair what can be repaired.
        ``accept_loss``: with ``fix``, note what is lost for good, so that it is not told as an error any more.
        """
        from journal.upkeep.doctor import examine

        return examine(self._engine, verify=verify, fix=fix, accept_loss=accept_loss, actor=self._actor)

    def run_hook(self, name: str, arguments: "Sequence[str]" = (), *, pushed: str = "") -> "Said":
        """Do the journal's part of a hook of git. Return what to tell the user, and whether git has to stop.

        ``pushed``: what git gives the hook pre-push on its standard input. Afterwards this journal is closed.
        """
        from journal.hooks.running import run_hook

        return run_hook(self._engine, name, arguments, pushed)

    def migrate_payloads(
        self, type: str, *, to: int | None = None, dry_run: bool = False, actor: str | None = None
    ) -> "LiftedPayloads":
        """Write the entities of a type anew whose payloads have an old schema version, as upcasters lift them.

        ``to``: the version to lift them to; else the newest. Entities with open conflicts are left as they are, and
        told. Raises UsageError where no upcaster is registered for the type.
        """
        from journal.upkeep.migrating.payloads import migrate_payloads

        return migrate_payloads(self._engine, type, to=to, dry_run=dry_run, actor=actor or self._actor)

    def migrate_format(self, *, dry_run: bool = False) -> "FormatMigrated":
        """Move the store up to the newest format, in one commit. Raises GitError where it is not in git."""
        from journal.upkeep.migrating.format import migrate_format

        return migrate_format(self._engine, dry_run=dry_run)

    def checkpoint(self) -> str:
        """Write a checkpoint of the present state and return its name."""
        from journal.upkeep.checkpoint import write_checkpoint

        return write_checkpoint(self._engine, self._actor)

    def compact(self, *, dry_run: bool = False, commit: bool = False, verify: bool = True) -> "Compaction":
        """Pack old segments that two checkpoints cover, and remove those that a pack holds and git has.

        Removing waits until the pack was committed. ``commit``: commit after each step, so that one call does both;
        ``verify=False`` passes over git's hooks then. ``dry_run``: only tell what would be done. Raises DamagedError
        while there is damage that nobody accepted, LockTimeoutError where another compaction of this work tree takes
        too long, and GitError.
        """
        from journal.upkeep.compact import compact, foresee

        if dry_run:
            return foresee(self._engine)
        return compact(self._engine, self._actor, commits=commit, verify=verify)

    def compact_if_due(
        self,
        say: "Callable[[str], object] | None" = None,
        *,
        verify: bool = True,
        share: "Callable[[], object] | None" = None,
    ) -> "Compaction | None":
        """Compact and commit if the live part has outgrown what ``journal.toml`` allows; return None if it has not.

        ``say``: called with what goes wrong with the store, the disk or git. That is never raised: the next call tries
        again. ``share``: called after something was committed.
        """
        from journal.upkeep.compaction_due import compact_if_due

        return compact_if_due(self._engine, self._actor, say, share, verify=verify)

    def redact(
        self,
        *,
        type: str | None = None,
        id: str | None = None,
        field: str | None = None,
        event: str | None = None,
        value: str | None = None,
        reason: str,
        dry_run: bool = False,
        commit: bool = True,
        actor: str | None = None,
    ) -> "Redaction":
        """Remove a value from the store for good: a whole entity, a field of it, an event's data, or a text.

        Name one of: ``type`` and ``id``, maybe with ``field``; ``event``; ``value``, a text that is removed wherever it
        stands. The ``reason`` and the actor are written down, the value never. What was removed cannot be brought back;
        ``dry_run`` only tells what that would be. In git the result is committed, unless ``commit`` is False. Raises
        RefusedError, GitError, DamagedError, NotFoundError or UsageError, and then nothing was changed.
        """
        from journal.upkeep.redacting.redact import redact, selection_of

        selection = selection_of(self._engine, type, id, field, event, value)
        return redact(self._engine, selection, reason, actor or self._actor, dry_run=dry_run, commits=commit)

    def commit(
        self, message: str | None = None, *, author: str | None = None, verify: bool = True, compact: bool = True
    ) -> "CommitResult | None":
        """Commit the store's files, and nothing else, to git; None where git has them all already.

        Afterwards the store is compacted if that is due, unless ``compact`` is False; that never fails this call.
        """
        from journal.upkeep.commit import commit

        done = commit(self._engine, message, author=author, verify=verify)
        if compact:
            self.compact_if_due(verify=verify)
        return done

    def sync(
        self,
        remote: str | None = None,
        *,
        timeout_seconds: float = 60.0,
        verify: bool = True,
        compact: bool = True,
    ) -> "SyncResult":
        """Exchange the checked-out branch with a remote: commit, fetch, merge and push, again until the push succeeds.

        ``remote``: its name; None is the upstream of the branch. Raises OfflineError where the remote cannot be
        reached, and GitError where a person has to decide something. What was committed by then stays, and nothing is
        lost. Afterwards the store is compacted if that is due, and the result is exchanged too, unless ``compact`` is
        False. What goes wrong with that never fails this call.
        """
        from journal.upkeep.exchange.sync import sync

        def exchange() -> "SyncResult":
            return sync(self._engine, remote, timeout_seconds=timeout_seconds, verify=verify)

        done = exchange()
        if compact:
            self.compact_if_due(verify=verify, share=exchange)
        return done

    def stage(self) -> int:
        """Add the store's files to git's index, as ``git add`` would; return how many differ from what it had."""
        from journal.upkeep.commit import stage

        return stage(self._engine)
