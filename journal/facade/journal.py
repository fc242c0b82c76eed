"""Opening and making a store; ``Journal`` itself."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from journal.arguments import WHOLE, checks_arguments
from journal.disk.backend import Backend, FileBackend
from journal.disk.files import Files, OsFiles
from journal.errors import ClosedError, GitError, UsageError
from journal.facade.folding import Folding
from journal.facade.migrating import Migrating
from journal.facade.positions import Positions
from journal.facade.reading import Reading
from journal.facade.stages import Stages
from journal.facade.streams import Streams
from journal.facade.subscribing import Subscribing
from journal.facade.upkeep import Upkeep
from journal.facade.writing import Writing
from journal.store.engine import Engine
from journal.store.forking import mind_forks
from journal.store.layout import CONFIG_FILE, STORE_FOLDER, find_store, make_store
from journal.store.options import Options, Report

if TYPE_CHECKING:
    from journal.facade.blobs import Blobs
    from journal.facade.kv import KeyValues
    from journal.index.view import View
    from journal.state.upcasting import Upcasters
    from journal.store.config import Config


_MAKING_SECONDS = 30.0


@checks_arguments(memory__seed=WHOLE)
class Journal(Writing, Reading, Streams, Folding, Positions, Subscribing, Upkeep, Migrating, Stages):
    """An open store. Use it as a context manager. Several threads may share it; a forked child has to open its own.

    Every method that reads sees everything that any process was told is written before the call. Every method that
    writes returns once the write is durable (as far as ``durability`` asks for that), or raises, and then nothing was
    written. Only after OutcomeUnknownError may the write survive or not.
    """

    @classmethod
    def init(
        cls,
        path: str | os.PathLike[str] = ".",
        *,
        branch: str | None = None,
        fanout: Sequence[str] = (),
        lfs: bool = False,
        files: Files | None = None,
    ) -> tuple[str, bool]:
        """Make a store and return (its folder, whether anything was new).

        In a git work tree the store is the folder ``.journal`` at its top, elsewhere ``.journal`` in ``path``. A
        ``path`` that ends in ``.journal`` is the store itself. A store that exists is left as it is, but for ``lfs``.

        ``lfs``: git LFS carries large blobs from now on (docs/blobs.md). ``fanout``: types whose projections are
        spread over 256 folders. Raises UsageError where a store exists that does not spread such a type.

        ``branch``: keep the store on a git branch of its own, apart from the code. Where this repository or its remote
        has that branch already, the store is what the branch holds. Raises GitError where git refuses, OfflineError
        where the remote cannot be asked.
        """
        from journal.store.config import new_config, read_config

        alone = _alone if files is None else None  # other files are in tests alone
        files = files or OsFiles()
        root = _new_root(files, os.path.abspath(os.fspath(path)))
        if files.stat(os.path.join(root, CONFIG_FILE)) is not None:
            _refuse_fanout(read_config(files, root), root, fanout)
        config = new_config(os.urandom(16), fanout_types=tuple(fanout))
        if branch is None:
            is_new = make_store(files, root, config, alone)
        else:
            from journal.upkeep.exchange.own_branch import init_on_branch

            is_new = init_on_branch(files, root, branch, config)
        _refuse_fanout(read_config(files, root), root, fanout)
        if lfs or read_config(files, root).lfs_bytes is not None:
            from journal.store.lfs_option import switch_on

            is_new |= switch_on(files, root)
        return root, is_new

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] = ".",
        *,
        store: str | os.PathLike[str] | None = None,
        actor: str | None = None,
        durability: str | None = None,
        projections: str | None = None,
        lock_timeout_seconds: float | None = 30.0,
        progress: Report | None = None,
        upcasters: "Upcasters | None" = None,
        files: Files | None = None,
    ) -> "Journal":
        """Open the store in ``path`` or in the nearest folder above it, or the one in the folder ``store``.

        ``actor``: who writes, unless a call says otherwise. ``durability`` ("sync", "os") and ``projections`` ("eager",
        "lazy") override ``journal.toml``. ``lock_timeout_seconds``: how long a call waits for the writer lock; None is
        for ever. ``progress``: called with what is being done, how much of it is done, and of how much, where that
        takes a while. ``upcasters``: the registry to use; else an empty one is made. Raises StoreNotFoundError, and
        FormatError where the store cannot be read by this version.
        """
        backend = FileBackend(files)
        root = os.path.abspath(os.fspath(store)) if store is not None else find_store(backend.files, os.fspath(path))
        options = Options(durability, projections, lock_timeout_seconds, progress)
        engine = Engine(backend, root, options, partial(_git_has, root), cache(partial(_lfs_folder, root)))
        mind_forks(engine)
        if upcasters is not None:
            from journal.store.upcasters import Lifting

            engine.lifting = Lifting(upcasters, os.path.dirname(root))
        _attach(engine)
        engine.on_config = partial(_attach, engine)
        engine.indexing.rewrite = partial(_redact_arrivals, engine)
        return cls(engine, actor)

    @classmethod
    def on(
        cls,
        backend: Backend,
        root: str = f"/journal/{STORE_FOLDER}",
        *,
        actor: str | None = None,
        projections: str | None = None,
        lock_timeout_seconds: float | None = 30.0,
    ) -> "Journal":
        """Open the store that a backend holds in the folder ``root``; where there is none, make it first.

        The parent folder of ``root`` is made too. The rest is as in ``open``. Methods that need git raise GitError.
        """
        from journal.store.config import new_config

        if backend.files.stat(root) is None:
            parent = os.path.dirname(root)
            if backend.files.stat(parent) is None:
                backend.files.make_folder(parent)
            make_store(backend.files, root, new_config(backend.random(16)))
        options = Options(None, projections, lock_timeout_seconds, None)
        return cls(Engine(backend, root, options), actor)

    @classmethod
    def memory(cls, *, actor: str | None = None, seed: int | None = None) -> "Journal":
        """Make a store in memory and open it, for tests. It is gone when this object is.

        With a ``seed``, from which ids and times are made, the same calls make the same store, byte for byte.
        """
        from journal.disk.memory import MemoryBackend

        return cls.on(MemoryBackend(seed=seed), actor=actor)

    def __repr__(self) -> str:
        """Return where the store is, and whether it was closed."""
        where = self.root if self._opened.backend.is_on_disk else f"{self.root}, not on a disk"
        try:
            self._opened.check_open()
        except ClosedError:
            where += ", closed"
        return f"<Journal {where}>"

    @property
    def root(self) -> str:
        """The store's folder."""
        return self._opened.root

    @cached_property
    def kv(self) -> "KeyValues":
        """Keys and their values: ``journal.kv.put(key, value)``."""
        from journal.facade.kv import KeyValues

        return KeyValues(self._engine, self._actor)

    @cached_property
    def blobs(self) -> "Blobs":
        """The blobs: bytes in files of their own, to which payloads refer."""
        from journal.facade.blobs import Blobs

        return Blobs(self._engine)

    def close(self) -> None:
        """Close the store. Index and projections are brought up to date first, if nobody has to be waited for."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _attach(engine: Engine) -> None:
    """Have the files of an old store follow, where the configuration says so."""
    if engine.config.old_store is not None:
        from journal.upkeep.stages.mirror import attach

        attach(engine)


def _redact_arrivals(engine: Engine, view: "View") -> bool:
    """Have old copies of what is redacted, that a merge has brought, written anew."""
    from journal.upkeep.redacting.arrival import redact_arrivals

    return redact_arrivals(engine, view)


def _new_root(files: Files, folder: str) -> str:
    """Return where a store that is made in a folder stands. Raises GitError in a bare repository."""
    from journal.disk.gitdir import find_git, is_bare_around

    if os.path.basename(folder) == STORE_FOLDER:
        return folder
    git = find_git(files, folder)
    if git is None and is_bare_around(files, folder):
        raise GitError("this is a bare repository: a store is in a work tree", path=folder, hint="make it in a clone")
    top = git.work_tree if git else folder
    return top if os.path.basename(top) == STORE_FOLDER else os.path.join(top, STORE_FOLDER)


@contextmanager
def _alone(local: str) -> Iterator[None]:
    """Hold a store's lock while it is made."""
    from journal.store.home import LOCK_FILE

    lock = FileBackend().lock(os.path.join(local, LOCK_FILE))
    try:
        with lock.held(_MAKING_SECONDS):
            yield
    finally:
        lock.close()


def _refuse_fanout(config: "Config", root: str, types: Sequence[str]) -> None:
    """Refuse what a store that is there does not do: its configuration is the people's, and is not edited here."""
    from journal.store.config import quoted

    missing = [type for type in types if not config.fanout(type)]
    if missing:
        lines = "; ".join(f"[types.{quoted(type)}] fanout = true" for type in missing)
        raise UsageError(
            "there is a store already, and it keeps these types in one folder each",
            path=os.path.join(root, CONFIG_FILE),
            hint=f"set it in this file, the option below its table: {lines}; the next command moves the files",
        )


def _git_has(root: str, text: bytes) -> bool:
    """Tell whether the git repository around a store has a file of these bytes; False where it cannot be asked."""
    from journal.git.status import has_file

    return has_file(os.path.dirname(root), text)


def _lfs_folder(root: str) -> str | None:
    """Return where git LFS keeps bytes for the repository that a store is in; None where there is none to ask."""
    from journal.git.lfs_objects import lfs_folder
    from journal.upkeep.place import repository_of

    try:
        repository = repository_of(root)
        return None if repository is None else lfs_folder(repository)
    except (GitError, OSError):
        return None
