"""Keys and values of this work tree alone, which may expire: leases, heartbeats, caches.

They are files of their own below ``local/kv/``, one for each key, and no part of the truth: no event says them, no
commit carries them, and the journal's lock is not taken. One file per key, and not SQLite, since a read is then one
small read without a lock and without a library to load, a heartbeat rewrites one small file, and the power
cuts of the simulated disk cover it.

**Expiry.** A key with a time to live notes when it ends by both clocks. In the same run of the machine the one that
nobody sets decides, so that a lease neither ends early nor goes on because somebody corrected the time. After a restart
the other one has to do. A key that has expired is not there, to any reader, from that moment on; its file is removed
by a later write, at most once a minute.

**Crash argument.** A write replaces the file whole, by one rename: a reader finds the value before or the one after,
and a killed writer leaves one of them. Every file ends in a checksum: what a power cut left empty or torn counts as no
value, so a value that was not asked to be ``durable`` may be lost then, and never wrong. What cannot be read is an
error and no absence, or a lease would have two holders. Compare-and-set is exact
because who writes holds ``local/kv.lock``, which the system frees when its holder dies.

**Whose.** A copied folder or a restored backup brings files that nobody here wrote. They count no more than anything
else in ``local/`` (``store/home.py``): nothing is read until this work tree has made the folder its own, which
removes them.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from journal.arguments import checks_arguments
from journal.disk.clock import Clock
from journal.disk.files import write_whole
from journal.disk.folders import checked, ensure_folder
from journal.errors import NotAppliedError, RefusedError, UsageError
from journal.format import values
from journal.format.limits import LINE_BYTES_MAX
from journal.format.lines import BadLineError, seal, unseal
from journal.format.names import check_id, encode_name, is_id
from journal.format.reserved import KV_TYPE
from journal.state.entity import ABSENT
from journal.state.value import is_same
from journal.store.engine import Engine
from journal.store.expectation import Conflict
from journal.store.home import KV_FOLDER, is_made_here
from journal.store.kv import check_expected
from journal.store.layout import LOCAL

_LOCK_FILE = "kv.lock"
_REAPED_FILE = "kv.reaped"
_REAP_SECONDS = 60.0
_Entry = dict[str, Any]
_List = list


@checks_arguments()
class LocalValues:
    """The keys of this work tree alone, as ``journal.kv.local``. Calls as of ``journal.kv``, and a time to live.

    ``ttl_seconds``: how long a value lasts from this write on; None: until it is deleted. ``durable``: wait until it
    survives a power cut; else it may be gone after one. Safe for threads and processes.
    """

    def __init__(self, engine: Engine, clock: Clock | None = None) -> None:
        self._engine, self._files, self._clock = engine, engine.files, clock or engine.backend.clock
        self._folder = os.path.join(engine.local, KV_FOLDER)
        self._is_ours = False

    def __repr__(self) -> str:
        """Return whose they are."""
        return f"<LocalValues of {self._engine.root}>"

    # -- reading --------------------------------------------------------------------------------

    def get(self, key: str, default: Any = None) -> Any:
        """Return what a key holds, ``default`` where there is no such key or it has expired. Takes no lock."""
        found = self._value(key)
        return default if found is ABSENT else found

    def has(self, key: str) -> bool:
        """Tell whether there is such a key that has not expired."""
        return self._value(key) is not ABSENT

    def keys(self, prefix: str = "") -> _List[str]:
        """Return the keys that begin with ``prefix`` and have not expired, in order."""
        return _List(self.list(prefix))

    def list(self, prefix: str = "") -> dict[str, Any]:
        """Return keys and values, as ``keys`` chooses and orders them. Reads every key of this scope."""
        if not self._counts():
            return {}
        entries = (self._live(path) for path in self._paths())
        found = {entry["key"]: entry["value"] for entry in entries if entry is not None}
        return {key: found[key] for key in sorted(found) if key.startswith(prefix)}

    def _value(self, key: str) -> Any:
        if not self._counts() or not is_id(key):
            return ABSENT
        entry = self._live(self._path(key))
        return ABSENT if entry is None or entry["key"] != key else entry["value"]

    def _counts(self) -> bool:
        self._engine.check_open()
        self._is_ours = self._is_ours or is_made_here(self._files, self._engine.local)
        return self._is_ours

    def _path(self, key: str) -> str:
        check_id(key, what="key")
        path = os.path.join(self._folder, f"{encode_name(key)}.json")
        return checked(self._files, self._engine.root, path)

    def _paths(self) -> Iterator[str]:
        checked(self._files, self._engine.root, os.path.join(self._folder, "x"))
        listed = self._files.list(self._folder)
        return (os.path.join(self._folder, name) for name, stat in listed if stat.kind == "file" and _is_entry(name))

    def _live(self, path: str) -> _Entry | None:
        """Return what a file says; None where it is gone, says nothing whole, or has expired.

        Raises OSError where the system does not give it, as for want of descriptors: a lease may well be held then.
        """
        try:
            entry = unseal(self._files.read_at(path, 0, LINE_BYTES_MAX + 1))
        except (FileNotFoundError, NotADirectoryError, BadLineError):
            return None
        return None if "value" not in entry or "key" not in entry or self._has_expired(entry) else entry

    def _has_expired(self, entry: _Entry) -> bool:
        if "ends" not in entry:
            return False
        if entry.get("boot") == self._clock.boot():
            return bool(self._clock.uptime() >= entry.get("ends_uptime", 0))
        return bool(self._clock.now() >= entry["ends"])

    # -- writing --------------------------------------------------------------------------------

    def put(self, key: str, value: Any, *, ttl_seconds: float | None = None, durable: bool = False) -> Any:
        """Make a key hold a value, and return it."""
        if value is ABSENT:
            raise UsageError("ABSENT is no value that a key can hold", hint="delete the key")
        with self._writing():
            self._write(key, value, ttl_seconds, durable=durable)
        return value

    def create(self, key: str, value: Any, *, ttl_seconds: float | None = None, durable: bool = False) -> Any:
        """Make a key that is not there or has expired; return its value, or a Conflict, and nothing was written."""
        return self.cas(key, expected=ABSENT, value=value, ttl_seconds=ttl_seconds, durable=durable)

    def cas(
        self, key: str, *, expected: Any, value: Any, ttl_seconds: float | None = None, durable: bool = False
    ) -> Any:
        """Compare and set, as ``KeyValues.cas``. A lease is taken, renewed and given back with it.

        The value names the owner: take it with ABSENT as ``expected``, renew it with the owner as both, and give it
        back with ABSENT as ``value``. Let each holder have a name of its own, so that it never renews another's lease.
        """
        check_expected(expected)
        with self._writing():
            actual = self._value(key)
            if not is_same(expected, actual):
                return Conflict(KV_TYPE, key, expected, actual)
            if value is not ABSENT:
                self._write(key, value, ttl_seconds, durable=durable)
            elif actual is not ABSENT:
                self._files.remove(self._path(key))
        return value

    def delete(self, key: str) -> bool:
        """Let a key go; tell whether it was there."""
        with self._writing():
            was_there = self._value(key) is not ABSENT
            self._files.remove(self._path(key))
        return was_there

    def _write(self, key: str, value: Any, ttl_seconds: float | None, *, durable: bool) -> None:
        entry: _Entry = {"key": key, "value": values.fragment(values.encode(value))}
        if ttl_seconds is not None:
            clock = self._clock
            entry |= {"ends": clock.now() + ttl_seconds, "ends_uptime": clock.uptime() + ttl_seconds}
            entry["boot"] = clock.boot()
        try:
            line = seal(entry)
        except RefusedError as error:
            raise RefusedError(
                f"a local value, with its key, has at most {LINE_BYTES_MAX:,} bytes", hint="a blob has room"
            ) from error
        path = self._path(key)
        ensure_folder(self._files, self._engine.root, f"{LOCAL}/{KV_FOLDER}", durable=durable)
        write_whole(self._files, path, line, durable=durable)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the lock of these keys. Raises LockTimeoutError, and NotAppliedError where the disk refuses."""
        self._is_ours = False  # looked at again: ``local/`` may have been removed meanwhile
        if not self._counts():
            with self._engine.locked():
                pass  # whoever takes the writer lock makes the folder this work tree's own
        timeout, path = self._engine.options.lock_timeout_seconds, os.path.join(self._engine.local, _LOCK_FILE)
        with contextlib.closing(self._engine.backend.lock(path)) as lock, lock.held(timeout):
            try:
                self._reap()
                yield
            except OSError as error:
                why = f"the disk refused: {error.strerror or error}; nothing was applied"
                raise NotAppliedError(why, path=error.filename) from error

    def _reap(self) -> None:
        """Remove the files of what has expired, now and then."""
        stamp = os.path.join(self._engine.local, _REAPED_FILE)
        found = self._files.stat(stamp)
        if found is not None and 0 <= self._clock.now() - found.mtime_ns / 1e9 < _REAP_SECONDS:
            return
        write_whole(self._files, stamp, b"", durable=False)
        for path in self._paths():
            with contextlib.suppress(OSError):  # what cannot be read just now stays, and stops no write of another key
                if self._live(path) is None:
                    self._files.remove(path)


def _is_entry(name: str) -> bool:
    return name.endswith(".json")
