"""The values of a migration. A *source* is what it reads; a *run* is what one call of it wrote."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from journal.index.view import Key
from journal.state.entity import Payload

LISTED_MAX = 1000
"""So many problems are listed one by one; the others are counted."""


class Document(NamedTuple):
    """An entity as a source has it; ``data`` None: the source had it, and has it no more.

    ``size``: bytes of its text. ``line``: None where the whole file is the entity.
    """

    key: Key
    data: Payload | None
    path: str
    line: int | None = None
    size: int = 0


class Problem(NamedTuple):
    """What was not brought in, and stays as it is in its source.

    ========== =====================================================================================
    code       what is the matter
    ========== =====================================================================================
    unreadable no JSON: cut off, conflict markers, a key twice, no UTF-8, too long, a damaged file; a file or folder
               that cannot be read
    no-entity  JSON, but no entity: no object, no id, an id or a value that cannot be stored
    duplicate  another document of the source has the same type and id
    link       a symbolic link: links are not followed
    overlap    the entity was changed here too, or was written here by somebody else
    vanished   a file that holds many entities is gone from a commit: they are kept
    rewritten  the history that was brought in before is not in the repository any more
    ========== =====================================================================================
    """

    code: str
    path: str
    line: int | None
    message: str
    commit: str | None = None


class Problems:
    """Problems as they come: all counted, the first ones listed."""

    def __init__(self) -> None:
        self.listed: list[Problem] = []
        self.counts: Counter[str] = Counter()
        self.overlaps: set[Key] = set()
        """Entities that were left as they are here."""

    def add(self, problem: Problem) -> None:
        """Take one in."""
        self.counts[problem.code] += 1
        if len(self.listed) < LISTED_MAX:
            self.listed.append(problem)


class Label(NamedTuple):
    """Who wrote a revision of a source, and when; None: whoever runs the migration, now."""

    commit: str | None = None
    author: str | None = None
    ts: str | None = None
    summary: str | None = None


class Revision(NamedTuple):
    """A step of a source: documents that changed together. ``offset``: how far the source is read with it."""

    documents: Sequence[Document]
    label: Label
    offset: int
    problems: Sequence[Problem] = ()


class Source(Protocol):
    """Where entities come from. It is read several times, and never written."""

    @property
    def name(self) -> str:
        """What notes and reports call it; the same in every clone, so no path of a machine."""
        ...

    def marks(self) -> dict[str, Any]:
        """Return what the notes of a run are to say of the source besides, so that a later run can go on."""
        ...

    def prepare(self, done: "Done") -> int:
        """Look how much there is to do; return how many steps ``Revision.offset`` counts. Raises NotFoundError."""
        ...

    def revisions(self) -> Iterator[Revision]:
        """Yield what is to be brought in, oldest first."""
        ...

    def final(self) -> Iterator[Document]:
        """Yield what the source says in the end, one document for each entity."""
        ...

    def close(self) -> None:
        """Let go of what was opened."""
        ...


class Done(NamedTuple):
    """How far earlier runs read a source with history: its tips in order, and how many of their commits."""

    tips: tuple[str, ...] = ()
    offset: int = 0


class Difference(NamedTuple):
    """An entity that is not what its source says, though nobody else wrote it."""

    type: str
    id: str
    fields: tuple[str, ...]
    path: str


@dataclass(slots=True)
class Migration:
    """What a migration did, or would do (``is_dry_run``).

    ``types``: type → Counter of ``create``, ``update``, ``delete``, ``same`` (nothing to do) and ``kept`` (changed here
    since, and not in the source; or an overlap). ``verified``: how many entities were compared with the source
    afterwards. ``backup``: where the files of the truth were put that git did not have before the run, None where
    nothing was written.
    """

    source: str
    is_dry_run: bool
    run: str | None = None
    types: dict[str, Counter[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    problem_counts: Counter[str] = field(default_factory=Counter)
    events: int = 0
    transactions: int = 0
    commits: int = 0
    resumed_at: int = 0
    verified: int = 0
    differences: list[Difference] = field(default_factory=list)
    backup: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether everything in the source is here now, as it is there."""
        return not self.problem_counts and not self.differences
