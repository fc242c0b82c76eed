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
        """Import an event trace, and go on behind the lines that an earlier run has imported."""
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

        return examine(self._engine, verify=verify, fix=fix, accept_loss=accept_loss, actor=self._actor)

    def run_hook(self, name: str, arguments: "Sequence[str]" = (), *, pushed: str = "") -> "Said":
        """Do the journal's part of a hook of git; return what to say, and whether git is not to go on.

        ``pushed`` is what git gives to pre-push to read. Afterwards this journal is closed.
        """
        from journal.hooks.running import run_hook

        return run_hook(self._engine, name, arguments, pushed)

    def migrate_payloads(
        self, type: str, *, to: int | None = None, dry_run: bool = False, actor: str | None = None
    ) -> "LiftedPayloads":
        """Write payloads of old schema versions anew, lifted by upcasters to version ``to``, or to the newest.

        Entities with open conflicts are left, and told. Raises UsageError where no upcaster of the type is registered.
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
        """Pack closed segments that two checkpoints cover; remove what packs hold and git has.

        ``commit``: commit each step, so that one call does both; ``verify=False`` does not run git's hooks then.
        ``dry_run`` only tells what would be done. Raises DamagedError while there is damage that nobody accepted,
        LockTimeoutError where another compaction of this work tree takes too long, GitError.
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
        """Compact, and commit that, if the live part has passed a limit of ``journal.toml``; None if it has not.

        What goes wrong with the store, the disk or git is told to ``say`` and not raised: the next time does it.
        ``share`` is called once something was committed.
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
        """Take a value out of the store: of an entity (``type``, ``id``) or its field, of an event, or wherever it is.

        ``reason`` and who does it are written down, never the value. In git it is committed, unless ``commit`` is
        False. Nothing can bring back what was taken out; ``dry_run`` tells what that would be. Raises RefusedError,
        GitError, DamagedError, NotFoundError or UsageError, with nothing changed.
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
        """Exchange the checked-out branch with a remote: commit, fetch, merge, push, again until it lands.

        ``remote``: its name; None takes the branch's upstream. Raises OfflineError where the remote cannot be
        reached, GitError where something needs a decision. What was committed by then stays, and nothing is lost.
        Afterwards the store is compacted if that is due, and that is exchanged, unless ``compact`` is False; what goes
        wrong with it never fails this call.
        """
        from journal.upkeep.exchange.sync import sync

        def exchange() -> "SyncResult":
            return sync(self._engine, remote, timeout_seconds=timeout_seconds, verify=verify)

        done = exchange()
        if compact:
            self.compact_if_due(verify=verify, share=exchange)
        return done

    def stage(self) -> int:
        """Add the store's files to git's index; return how many changed."""
        from journal.upkeep.commit import stage

        return stage(self._engine)
