"""The state of the store in a commit, built in memory from the truth in its tree: no checkout, nothing written.

What is redacted here counts for the commits from before that too: git has the value still, and it is not shown.
"""

from journal.errors import FormatError, NotFoundError
from journal.git.tree_files import Contents, TreeFiles
from journal.index.bounds import no_memory
from journal.index.catchup import catch_up
from journal.index.database import MEMORY, Index
from journal.index.loading import NeedsRebuildError
from journal.index.rebuild import rebuild
from journal.index.view import View
from journal.segments.folders import list_truth
from journal.state.value import Strategies
from journal.state.vector import EventId
from journal.store.config import Config, read_config
from journal.store.engine import Engine
from journal.store.events import Event
from journal.store.history import event_at
from journal.upkeep.comparing.sides import Side
from journal.upkeep.place import Place


class CommitSide(Side):
    """What the store held in a commit."""

    def __init__(self, view: View, commit: str, config: Config, present: View) -> None:
        super().__init__(view, commit)
        self.config, self._present = config, present

    def event(self, id: EventId) -> Event | None:
        """Return an event of this side, from the work tree where it is there too: its files are listed already."""
        found = self._present.places_at(*id)
        event = event_at(self._present, found[0]) if found else None
        return super().event(id) if event is None else event


def commit_side(
    engine: Engine, place: Place, contents: Contents, commit: str, near: CommitSide | None, present: View
) -> CommitSide:
    """Return the state in a commit; from that of one which is ``near``, only the difference is read.

    Raises NotFoundError where the commit has no store, FormatError for another store or a newer format, GitError for
    objects that are missing.
    """
    files = TreeFiles(contents, commit, engine.root, place.prefix)
    config = _config(files, engine, place, commit)
    listing, _ = list_truth(files, engine.root)
    if near is not None and _merges(config) == _merges(near.config):
        view = View(files, engine.root, near.view.index.private_copy(), config.strategies)
        try:
            catch_up(view, listing, no_memory)
            return CommitSide(view, commit, config, present)
        except NeedsRebuildError:
            view.index.close()
    view = View(files, engine.root, Index(MEMORY), config.strategies)
    report = engine.options.progress
    progress = None if report is None else (lambda done, of: report("read commit", done, of))
    redactions = {} if present.redacting is None else present.redacting.known
    rebuild(view, listing, no_memory, progress, redactions=redactions)
    return CommitSide(view, commit, config, present)


def _merges(config: Config) -> dict[str, Strategies]:
    return {name: options.merge for name, options in config.types.items() if options.merge}


def _config(files: TreeFiles, engine: Engine, place: Place, commit: str) -> Config:
    try:
        config = read_config(files, engine.root)
    except FileNotFoundError as error:
        raise NotFoundError(f"the commit {commit[:10]} has no store{_at(place)}") from error
    except FormatError as error:
        raise type(error)(f"in the commit {commit[:10]}: {error.message}", path=error.path, hint=error.hint) from error
    if config.store != engine.config.store:
        raise FormatError(
            f"the commit {commit[:10]} has another store{_at(place)}: {config.store}, not {engine.config.store}"
        )
    return config


def _at(place: Place) -> str:
    return f" at {place.prefix}" if place.prefix else ""
