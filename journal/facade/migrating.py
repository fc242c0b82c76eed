"""Bringing in what other kinds of stores hold (docs/migrate.md)."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from journal.arguments import checks_arguments
from journal.facade.base import Base

if TYPE_CHECKING:
    from journal.upkeep.migrating.earlier import Run
    from journal.upkeep.migrating.model import Migration
    from journal.upkeep.migrating.reading import Rules
    from journal.upkeep.migrating.running import Wishes


@checks_arguments()
class Migrating(Base):
    """The methods of ``Journal`` that migrate. None of them changes a source; each can be run again."""

    def migrate_folder(
        self,
        patterns: str | Sequence[str],
        *,
        base: str | os.PathLike[str] = ".",
        rules: "Rules | None" = None,
        dry_run: bool = False,
        force: bool = False,
        actor: str | None = None,
    ) -> "Migration":
        """Bring in the JSON files below ``base`` whose paths match a pattern such as ``{type}/{id}.json``.

        ``rules``: how documents become entities; without them each pattern has to have ``{type}``. ``dry_run``: only
        tell what would be done. ``force``: the source wins where an entity was changed here too. Raises UsageError, and
        NotFoundError where there is nothing to bring in.
        """
        from journal.upkeep.migrating.reading import Rules
        from journal.upkeep.migrating.running import migrate
        from journal.upkeep.migrating.sources import folder_source

        texts = [patterns] if isinstance(patterns, str) else list(patterns)
        source = folder_source(self._engine, os.fspath(base), texts, rules or Rules())
        return migrate(self._engine, source, self._wishes(dry_run, force, actor))

    def migrate_jsonl(
        self,
        path: str | os.PathLike[str],
        *,
        rules: "Rules | None" = None,
        dry_run: bool = False,
        force: bool = False,
        actor: str | None = None,
    ) -> "Migration":
        """Bring in a file of JSON Lines, gzipped or not, one entity in each. The rest is as in ``migrate_folder``."""
        from journal.upkeep.migrating.reading import Rules
        from journal.upkeep.migrating.running import migrate
        from journal.upkeep.migrating.sources import jsonl_source

        source = jsonl_source(os.fspath(path), rules or Rules())
        return migrate(self._engine, source, self._wishes(dry_run, force, actor))

    def migrate_git_history(
        self,
        patterns: str | Sequence[str],
        *,
        repository: str | os.PathLike[str] = ".",
        revision: str = "HEAD",
        every_commit: bool = False,
        rules: "Rules | None" = None,
        dry_run: bool = False,
        force: bool = False,
        actor: str | None = None,
    ) -> "Migration":
        """Bring in the history that git has of files: each commit that changed some, with its author and its time.

        Patterns begin in the folder ``repository``. The commits up to ``revision`` are followed along first parents, or
        all of them with ``every_commit``. The rest is as in ``migrate_folder``. Raises GitError where there is no
        history, or a part of it is missing.
        """
        from journal.upkeep.migrating.reading import Rules
        from journal.upkeep.migrating.running import migrate
        from journal.upkeep.migrating.sources import history_source

        texts = [patterns] if isinstance(patterns, str) else list(patterns)
        source = history_source(
            self._engine,
            os.fspath(repository),
            texts,
            rules or Rules(),
            revision=revision,
            every_commit=every_commit,
        )
        return migrate(self._engine, source, self._wishes(dry_run, force, actor))

    def migrate_sqlite(
        self,
        path: str | os.PathLike[str],
        query: str,
        *,
        json: Sequence[str] = (),
        base64: bool = False,
        omit_null: bool = False,
        rules: "Rules | None" = None,
        dry_run: bool = False,
        force: bool = False,
        actor: str | None = None,
    ) -> "Migration":
        """Bring in the rows that a query gives on a SQLite database, which is opened for reading only.

        ``json``: the columns whose text is JSON. ``base64``: bytes are brought in as Base64 text; without it a row that
        has some is left out, and told. ``omit_null``: a NULL makes no field. The rest is as in ``migrate_folder``.
        Raises RefusedError where SQLite refuses.
        """
        from journal.upkeep.migrating.reading import Rules
        from journal.upkeep.migrating.running import migrate
        from journal.upkeep.migrating.sources import sqlite_source
        from journal.upkeep.migrating.tables import Columns

        columns = Columns(tuple(json), base64, omit_null)
        source = sqlite_source(os.fspath(path), query, rules or Rules(), columns)
        return migrate(self._engine, source, self._wishes(dry_run, force, actor))

    def undo_migration(
        self, run: str | None = None, *, dry_run: bool = False, force: bool = False, actor: str | None = None
    ) -> "Migration":
        """Take back what one run of a migration wrote, by new events. Raises NotFoundError where there is no such run.

        ``run``: its name; None is the latest one that was not taken back. Fields that people have changed since stay as
        they are, and are told, unless ``force``.
        """
        from journal.upkeep.migrating.undoing import undo

        return undo(self._engine, run, self._wishes(dry_run, force, actor))

    def migration_runs(self) -> "list[Run]":
        """Return the runs of migrations, oldest first."""
        from journal.upkeep.migrating.undoing import list_runs

        return list_runs(self._engine)

    def _wishes(self, dry_run: bool, force: bool, actor: str | None) -> "Wishes":
        from journal.upkeep.migrating.running import Wishes

        return Wishes(dry_run, force, actor or self._actor, self._engine.options.progress)
