"""``diff``: from what a person named to what differs."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from journal.git.revisions import find_commit, merge_base
from journal.git.tree_files import Contents
from journal.index.view import View
from journal.store.damage import damage_note
from journal.store.engine import Engine
from journal.store.history import find_event
from journal.store.looking_back import look_back
from journal.upkeep.comparing.commits import CommitSide, commit_side
from journal.upkeep.comparing.differences import differences
from journal.upkeep.comparing.model import Comparison
from journal.upkeep.comparing.range import Range, is_event, parse_range
from journal.upkeep.comparing.sides import EventSide, Side
from journal.upkeep.place import Place, place_of


def compare(engine: Engine, sides: tuple[str, ...], type: str | None) -> Comparison:
    """Compare two sides, named as in ``range``, or one and the present.

    Raises UsageError, NotFoundError (an event, a commit, or the store in it), GitError, FormatError.
    """
    asked = parse_range(sides)
    return look_back(engine, lambda present: _compare(engine, present, asked, type))


def _compare(engine: Engine, present: View, asked: Range, type: str | None) -> Comparison:
    with _sides(engine, present, asked) as (old, new):
        found = tuple(differences(old, new, type))
        notes = [damage_note(view, None) for view in {id(side.view): side.view for side in (old, new)}.values()]
        return Comparison(old.name, new.name, found, next(filter(None, notes), None))


@contextmanager
def _sides(engine: Engine, present: View, asked: Range) -> Iterator[tuple[Side, Side]]:
    with ExitStack() as held:
        commits = _Commits(engine, present, held)
        new_text = asked.new
        old_text = commits.base(asked) if asked.from_base else asked.old
        old = _side(present, commits, old_text, None)
        near = old if isinstance(old, CommitSide) else None
        new = Side(present, None) if new_text is None else _side(present, commits, new_text, near)
        yield old, new


def _side(present: View, commits: "_Commits", text: str, near: CommitSide | None) -> Side:
    if is_event(text):
        place = find_event(present, text)
        return EventSide(present, (place.seq, place.lane))
    return commits.side(text, near)


class _Commits:
    """Finds commits, and lets go of what it opened for them at the end."""

    def __init__(self, engine: Engine, present: View, held: ExitStack) -> None:
        self._engine, self._present, self._held = engine, present, held
        self._opened: tuple[Place, Contents] | None = None

    def base(self, asked: Range) -> str:
        """Return the commit where the two sides of a range went apart."""
        repository = self._place()[0].repository
        return merge_base(repository, find_commit(repository, asked.old), find_commit(repository, asked.new or "HEAD"))

    def side(self, revision: str, near: CommitSide | None) -> CommitSide:
        """Return the state of the store in a commit."""
        place, contents = self._place()
        found = commit_side(self._engine, place, contents, find_commit(place.repository, revision), near, self._present)
        self._held.callback(found.view.index.close)
        return found

    def _place(self) -> tuple[Place, Contents]:
        if self._opened is None:
            place = place_of(self._engine)
            self._opened = place, Contents(place.repository)
            self._held.callback(self._opened[1].close)
        return self._opened
