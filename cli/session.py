"""What a verb works with: the settings of this call, the journal, the output."""

import gc
import os
from typing import TYPE_CHECKING, Any, Self

from journal.errors import DamagedError, NotFoundError, UsageError

from .declare import Call
from .output import Output

if TYPE_CHECKING:
    from journal import Journal

    from .progress import Bar

DAMAGED = 20


class Session:
    """One call of one verb. A context manager: closes the journal, which brings projections up to date."""

    def __init__(self, call: Call) -> None:
        settings = call.settings
        if settings.get("color") and settings.get("no_color"):
            raise UsageError("--color and --no-color exclude each other")
        for key in ("actor", "store", "directory"):
            if settings.get(key) == "":
                raise UsageError(f"--{key} is given nothing", hint="a variable of the shell that is not set is empty")
        color = True if settings.get("color") else False if settings.get("no_color") else None
        self.verb = call.verb
        self.output = Output(is_json=bool(settings.get("json")), is_quiet=bool(settings.get("quiet")), color=color)
        self.status = 0
        """What the call ends with, if the verb says nothing else."""
        self.is_complete = False
        """Whether what was asked for is done, so that from now on only the answer can be lost."""
        self._settings = settings
        self._journal: Journal | None = None
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        folder = self._settings.get("directory")
        if folder:
            try:
                os.chdir(folder)
            except OSError as error:
                raise NotFoundError(f"cannot go to the folder: {error.strerror}", path=folder) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.end()
        if self._journal is not None:
            self._journal.close()

    def run(self, values: dict[str, Any]) -> int | None:
        """Run the verb. What it does not find may be what damage has cost: then that is the answer."""
        try:
            return self.verb.run(self, **values)
        except NotFoundError as error:
            is_affected = DAMAGED in self.verb.statuses and not values.get("local")
            lost = self._journal.damage_note() if is_affected and self._journal is not None else None
            if lost is None:
                raise
            raise DamagedError(f"{error.message}; but {lost}", hint="journal doctor tells what is damaged") from error

    @property
    def store(self) -> str | None:
        """The store's folder, where it was named."""
        return self._settings.get("store") or os.environ.get("JOURNAL_STORE") or None

    @property
    def journal(self) -> "Journal":
        """The journal, opened when it is first needed."""
        if self._journal is None:
            from journal import Journal

            gc.enable()
            timeout = self._settings.get("lock_timeout")
            self._journal = Journal.open(
                ".",
                store=self.store,
                actor=self.actor() if self.verb.writes else None,
                lock_timeout_seconds=30.0 if timeout is None else timeout,
                progress=self.progress,
            )
        return self._journal

    def actor(self) -> str | None:
        """Return who writes: as told, else by the environment, else git's user."""
        named = self._settings.get("actor")
        if named is None and (told := os.environ.get("JOURNAL_ACTOR")):
            from .typed import text_in_utf8

            named = text_in_utf8(told, "$JOURNAL_ACTOR")
        if named is not None:
            return str(named)
        from .actor import git_user

        return git_user(self.store or ".")

    def progress(self, what: str, done: int, of: int) -> None:
        """Show how far something long is."""
        if self._bar is None:
            from .progress import Bar

            self._bar = Bar(is_silent=self.output.is_quiet)
        self._bar.show(what, done, of)

    def check_damage(self, type: str | None = None, id: str | None = None) -> None:
        """After an answer: say where damage may affect it, and let the call end with status 20."""
        message = self.journal.damage_note(type, id)
        if message is not None:
            self.output.flush()
            self.output.warn("damaged", message)
            self.status = DAMAGED
