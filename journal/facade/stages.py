"""Standing beside the store of another tool: bringing it in, and the stages."""

import os
from typing import TYPE_CHECKING

from journal.arguments import checks_arguments
from journal.facade.base import Base

if TYPE_CHECKING:
    from journal.upkeep.stages.model import Brainclaw, StageChange, StageReport


@checks_arguments()
class Stages(Base):
    """The methods of ``Journal`` that deal with an old store beside it."""

    def migrate_brainclaw(
        self,
        path: str | os.PathLike[str],
        *,
        dry_run: bool = False,
        deleted: bool = False,
        actor: str | None = None,
    ) -> "Brainclaw":
        """Bring in what a brainclaw store holds and the journal does not; nothing in it is changed.

        ``deleted``: an entity whose document is gone is deleted; else it is kept and listed. Raises RefusedError for a
        folder that is not below the one that holds the journal.
        """
        from journal.upkeep.migrating.brainclaw import migrate_brainclaw

        return migrate_brainclaw(
            self._engine,
            os.fspath(path),
            dry_run=dry_run,
            deleted=deleted,
            actor=actor or self._actor,
            progress=self._engine.options.progress,
        )

    def stage_report(self) -> "StageReport":
        """Return the stage of the old store beside the journal, and how its documents stand."""
        from journal.upkeep.stages.standing import stage_report

        return stage_report(self._engine, self._engine.options.progress)

    def change_stage(
        self,
        stage: str,
        *,
        dry_run: bool = False,
        deleted: bool = False,
        actor: str | None = None,
    ) -> "StageChange":
        """Bring the old store to a stage: "off", "dual" or "primary"; the same stage again brings all up to date.

        Raises PromotionRefusedError for "primary" while anything differs.
        """
        from journal.upkeep.stages.changing import change_stage

        return change_stage(
            self._engine,
            stage,
            dry_run=dry_run,
            deleted=deleted,
            actor=actor or self._actor,
            progress=self._engine.options.progress,
        )
