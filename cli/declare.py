"""How a verb of the command line is declared: plain values, from which everything else is made.

The click tree, the short cut around it, the help, the reference and the man pages all read these, so
that they cannot disagree. Nothing here imports click: loading it costs more than reading an entity.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

FLAG, TEXT, INTEGER, NUMBER = "flag", "text", "integer", "number"
PATH, INPUT = "path", "input"
"""Texts too: the path of a file or a folder; what may be a literal, ``@FILE``, or ``-`` for stdin."""

COMPLETE_VARIABLE = "_JOURNAL_COMPLETE"
"""What a shell sets when it asks for completions."""

COMMON_STATUSES = {
    0: "done",
    1: "failed",
    2: "the call makes no sense",
    3: "no store, entity, event or file of that name",
    130: "interrupted",
}
"""What any verb may end with; a verb's own ``statuses`` say more."""

ALL_STATUSES = {
    0: "done",
    1: "failed",
    2: "usage: the call makes no sense",
    3: "not found: no store, entity, event or file of that name",
    4: "an expectation was not met (compare-and-set, --expect-event, --expect-rev, revert over later changes)",
    5: "the writer lock was not free within --lock-timeout",
    6: "the input was refused; nothing was written",
    7: "git refused or failed; events that were acknowledged are not affected",
    8: "the outcome is unknown: a sync failed, the write may or may not survive",
    20: "findings: doctor found something, or damage may affect this very answer",
    130: "interrupted",
}
"""Every exit status, for the reference."""

WRITE_STATUSES = {
    5: ALL_STATUSES[5],
    6: ALL_STATUSES[6],
    8: ALL_STATUSES[8],
}
GIT_STATUSES = {
    5: ALL_STATUSES[5],
    7: ALL_STATUSES[7],
    20: "the bytes of a new blob for git LFS are damaged; nothing was committed or staged",
}
READ_STATUSES = {20: "damage may affect this answer, which is printed all the same, or be why nothing was found"}
LOST_STATUSES = {20: "damage may be why it was not found; nothing was written"}
"""Of a verb that changes something which is there: see ``Session.run``."""


def is_word(text: str) -> bool:
    """Tell whether a word is an argument and no option: `-` stands for stdin, and `-5` is a number."""
    return text[:1] != "-" or text == "-" or text[1].isdigit()


class Argument(NamedTuple):
    """A positional argument. ``kind``: TEXT, PATH or INPUT.

    ``complete``: what the shell offers: type, id, key, stream or cursor.
    """

    name: str
    help: str
    required: bool = True
    many: bool = False
    complete: str | None = None
    choices: tuple[str, ...] = ()
    metavar: str | None = None
    kind: str = TEXT

    @property
    def word(self) -> str:
        """How a message names it."""
        return self.metavar or self.name.upper()


class Option(NamedTuple):
    """An option; ``names`` with their dashes, the long one first.

    ``kind``: FLAG, TEXT, PATH, INPUT, INTEGER or NUMBER.
    """

    names: tuple[str, ...]
    help: str
    kind: str = TEXT
    many: bool = False
    metavar: str | None = None
    complete: str | None = None

    @property
    def key(self) -> str:
        """The name under which its value is handed on."""
        name = self.names[0].lstrip("-").replace("-", "_")
        return "from_" if name == "from" else name  # no parameter of Python's can be named so

    @property
    def word(self) -> str:
        """How a message names it."""
        return " / ".join(self.names)


class Verb(NamedTuple):
    """One verb: ``run(session, **values)`` does it and may return an exit status.

    ``text`` is the help below the summary; ``examples`` are pairs of a command line and what it does;
    ``statuses`` says what exit statuses mean for this verb beyond the common ones; ``names``: the keys here of what the
    library names otherwise; ``has_json``: whether its answer can be JSON.
    """

    name: str
    summary: str
    run: "Callable[..., int | None]"
    text: str = ""
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()
    statuses: dict[int, str] = {}  # noqa: RUF012 - never changed
    writes: bool = False
    has_json: bool = True
    names: dict[str, str] = {}  # noqa: RUF012 - never changed

    def all_options(self) -> tuple[Option, ...]:
        """Return its own options and those that it shares with others."""
        actor = (ACTOR,) if self.writes else ()
        json = JSON if self.has_json else JSON_ERRORS
        return (*self.options, *actor, json, *STORE_OPTIONS, *TALK_OPTIONS)


class Call(NamedTuple):
    """A parsed command line: which verb, its values, and the settings that all verbs share."""

    verb: Verb
    values: dict[str, Any]
    settings: dict[str, Any]


ACTOR = Option(("--actor",), "Who writes; else $JOURNAL_ACTOR, else git's user.name.", metavar="NAME")
JSON = Option(("--json",), "Print JSON: one document, or one a line where there may be many.", FLAG)
JSON_ERRORS = Option(("--json",), "Print errors as JSON; what this prints is none.", FLAG)
"""For a verb whose answer is bytes or text."""
STORE_OPTIONS = (
    Option(("--directory", "-C"), "Run as if started in DIR.", PATH, metavar="DIR"),
    Option(("--store",), "The store's folder itself; else $JOURNAL_STORE, else found upwards.", PATH, metavar="DIR"),
    Option(("--lock-timeout",), "How long to wait for the writer lock (30).", NUMBER, metavar="SECONDS"),
)
TALK_OPTIONS = (
    Option(("--quiet", "-q"), "Say nothing but the answer itself, and errors.", FLAG),
    Option(("--color",), "Colour even where the output is no terminal.", FLAG),
    Option(("--no-color",), "No colour; so does a non-empty $NO_COLOR.", FLAG),
)
SHARED_OPTIONS = (ACTOR, JSON, *STORE_OPTIONS, *TALK_OPTIONS)
"""What may also stand before the verb."""
SHARED_KEYS = frozenset(option.key for option in SHARED_OPTIONS)

AS_WRITTEN = Option(("--as-written",), "Payloads as they were written, not lifted by upcasters.", FLAG)
TYPE = Argument("type", "The entity's type.", complete="type")
ID = Argument("id", "The entity's id.", complete="id")
EVENT = Argument("event", "An event, SEQ or SEQ@LANE.")
