"""What a backend has to do for the journal to keep its promises on it.

Inherit and say what the backend is::

    from journal.conformance.suite import BackendConformance

    class TestMyBackend(BackendConformance):
        @pytest.fixture
        def backend(self):
            return MyBackend()          # an empty one for each test

``root`` is where the store is to stand; override that fixture too where the default will not do. So it is with
``another``, a backend on the same store as another process has it: where several processes may have one, make it anew.
"""

import gzip
import os
import threading
from collections.abc import Callable, Iterator

import pytest

from journal import ABSENT, Conflict, DamagedError, ExpectationError, Fold, Journal, LockTimeoutError
from journal.conformance.disk import DiskConformance
from journal.disk.backend import Backend

_DOCUMENT = {"title": "Größe 1⁄2 🚢", "n": 1, "tags": ["a", None, True, 1.5]}


class BackendConformance(DiskConformance):
    """The tests of a backend: its files, its lock, and a whole journal on it."""

    @pytest.fixture
    def backend(self) -> Backend:
        """Return the backend to be tested, empty."""
        raise pytest.UsageError("override the fixture: return a backend of yours, an empty one for each test")

    @pytest.fixture
    def root(self) -> str:
        """Return the folder that the store is to be in, below one that is there or can be made."""
        return os.path.join(os.sep, "journal", ".journal")

    # -- entities and transactions --------------------------------------------------------------

    def test_an_entity_comes_back_as_it_was_put(self, backend: Backend, root: str) -> None:
        """Writing, reading, deleting and looking back."""
        with Journal.on(backend, root, actor="ana") as journal:
            assert journal.get("plan", "p") is None
            journal.put("plan", "p", _DOCUMENT, action="create")
            journal.put("plan", "p", set={"n": 2})
            found = journal.get("plan", "p")
            assert found is not None
            assert (found.rev, found.data) == (2, {**_DOCUMENT, "n": 2})
            journal.delete("plan", "p")
            assert journal.get("plan", "p") is None
            events = journal.history("plan", "p")
            assert [event.action for event in events] == ["create", "update", "delete"]
            assert {event.actor for event in events} == {"ana"}

    def test_a_payload_too_long_for_a_line_comes_back(self, backend: Backend, root: str) -> None:
        """It is kept as a blob."""
        with Journal.on(backend, root) as journal:
            journal.put("plan", "p", {"text": "é" * 100_000})
        with Journal.on(backend, root) as journal:
            found = journal.get("plan", "p")
            assert found is not None
            assert found.data == {"text": "é" * 100_000}

    def test_a_transaction_is_all_or_nothing(self, backend: Backend, root: str) -> None:
        """Also where a part of it finds its expectation not met."""
        with Journal.on(backend, root) as journal:
            with journal.transaction() as together:
                together.put("plan", "a", {"n": 1})
                together.kv.put("k", 1)
            failing = journal.transaction()
            failing.put("plan", "b", {"n": 1})
            failing.put("plan", "a", {"n": 2}, expect_rev=7)
            with pytest.raises(ExpectationError), failing:
                pass
            assert [(entity.id, entity.data) for entity in journal.list("plan")] == [("a", {"n": 1})]
            assert journal.kv.get("k") == 1

    def test_compare_and_set_has_one_winner(self, backend: Backend, another: Backend, root: str) -> None:
        """Several handles in several threads count together, and lose nothing."""
        handles = [Journal.on(made, root) for made in (backend, another, backend)]
        handles[0].kv.put("n", 0)

        def count(journal: Journal) -> None:
            for _ in range(10):
                seen = journal.kv.get("n")
                while isinstance(found := journal.kv.cas("n", expected=seen, value=seen + 1), Conflict):
                    seen = found.actual

        _together(count, handles)
        assert handles[1].kv.get("n") == 30
        for journal in handles:
            journal.close()

    def test_a_put_with_an_expectation_that_is_not_met_is_a_conflict(self, backend: Backend, root: str) -> None:
        """By rev and by heads."""
        with Journal.on(backend, root) as journal:
            first = journal.put("plan", "p", {"n": 1})
            assert not isinstance(first, Conflict)
            assert isinstance(journal.put("plan", "p", {"n": 2}, expect_rev=0), Conflict)
            assert not isinstance(journal.put("plan", "p", {"n": 2}, expect_event=first.event), Conflict)
            assert isinstance(journal.put("plan", "p", {"n": 3}, expect_event=first.event), Conflict)

    def test_a_write_is_seen_by_every_handle_at_once(self, backend: Backend, another: Backend, root: str) -> None:
        """No reader is stale, whoever wrote."""
        with Journal.on(backend, root) as one, Journal.on(another, root) as other:
            for number in range(20):
                writer, reader = (one, other) if number % 2 else (other, one)
                writer.put("plan", "p", {"n": number})
                found = reader.get("plan", "p")
                assert found is not None
                assert found.data == {"n": number}

    # -- opening again --------------------------------------------------------------------------

    def test_a_writer_that_was_killed_has_lost_nothing(self, backend: Backend, another: Backend, root: str) -> None:
        """Handles that were never closed stand for processes that ended."""
        for number in range(4):
            journal = Journal.on(backend if number % 2 else another, root)
            journal.put("plan", f"p{number}", {"n": number})
            journal.kv.put("last", number)
        with Journal.on(backend, root) as journal:
            assert [entity.id for entity in journal.list("plan")] == ["p0", "p1", "p2", "p3"]
            assert journal.kv.get("last") == 3

    def test_the_files_alone_give_the_state(self, backend: Backend, root: str) -> None:
        """Everything local and derived may be lost; what is built anew is the same."""
        with Journal.on(backend, root) as journal:
            for number in range(30):
                journal.put("plan", f"p{number % 7}", {"n": number})
            journal.delete("plan", "p3")
            before = journal.list(), journal.list(deleted=True)
        _remove_below(backend, os.path.join(root, "local"))
        _remove_below(backend, os.path.join(root, "entities"))
        with Journal.on(backend, root) as journal:
            assert (journal.list(), journal.list(deleted=True)) == before
            assert journal.doctor(verify=True).ok

    def test_an_open_journal_goes_on_where_what_is_local_is_lost(self, backend: Backend, root: str) -> None:
        """The lock file too: ``git clean -fdx`` takes it all."""
        with Journal.on(backend, root) as journal:
            journal.put("plan", "a", {"n": 1})
            _remove_below(backend, os.path.join(root, "local"))
            backend.files.remove_folder(os.path.join(root, "local"))
            journal.put("plan", "b", {"n": 2})
            assert [entity.id for entity in journal.list()] == ["a", "b"]

    def test_a_torn_end_is_no_event(self, backend: Backend, root: str) -> None:
        """What an interrupted append leaves behind is passed over, and the next write goes on after it."""
        with Journal.on(backend, root) as journal:
            journal.put("plan", "p", {"n": 1})
        folder = os.path.join(root, "segments")
        ((name, _),) = backend.files.list(folder)
        torn = backend.files.open_append(os.path.join(folder, name), create=False)
        torn.write(b'{"kind":"entity","seq":2,"ts"')
        torn.close()
        with Journal.on(backend, root) as journal:
            journal.put("plan", "p", {"n": 2})
            assert [event.data for event in journal.history("plan", "p")] == [{"n": 1}, {"n": 2}]

    # -- the facets -----------------------------------------------------------------------------

    def test_keys_and_values(self, backend: Backend, root: str) -> None:
        """Put, create, swap, list by prefix, delete; and keys of this place alone, which expire."""
        with Journal.on(backend, root) as journal:
            kv = journal.kv
            assert kv.create("stock/a", 4) == 4
            assert isinstance(kv.create("stock/a", 5), Conflict)
            assert kv.cas("stock/a", expected=4, value=3) == 3
            kv.put("stock/b", None)
            kv.put("other", [1])
            assert kv.list("stock/") == {"stock/a": 3, "stock/b": None}
            assert kv.delete("stock/a")
            assert kv.get("stock/a", ABSENT) is ABSENT
            assert kv.local.create("lease", "ana", ttl_seconds=1000) == "ana"
            assert isinstance(kv.local.create("lease", "ben", ttl_seconds=1000), Conflict)
            assert kv.local.cas("lease", expected="ana", value=ABSENT) is ABSENT
            kv.local.put("short", 1, ttl_seconds=1e-9)
            assert kv.local.list() == {}

    def test_streams(self, backend: Backend, root: str) -> None:
        """Append with an expectation and with a key, read by position, and in a transaction with a key's value."""
        with Journal.on(backend, root) as journal:
            journal.append("order/1", "Placed", {"sum": 3}, expect="none", key="req-1")
            journal.append("order/1", "Placed", {"sum": 3}, key="req-1")
            assert isinstance(journal.append("order/1", "Paid", expect=0), Conflict)
            with journal.transaction() as together:
                together.append("order/1", "Paid", expect=1)
                together.kv.put("paid", 1)
        with Journal.on(backend, root) as journal:
            assert [(event.position, event.event) for event in journal.read("order/1")] == [(1, "Placed"), (2, "Paid")]
            assert [event.event for event in journal.read("order/1", start=2)] == ["Paid"]
            assert journal.kv.get("paid") == 1

    def test_reading_on_from_a_token_and_truncating(self, backend: Backend, another: Backend, root: str) -> None:
        """A token that one handle gave goes on in another; what is truncated is hidden, and positions stay."""
        with Journal.on(backend, root) as journal:
            token = journal.position()
            journal.append_batch("s", [("E", {"n": number}) for number in range(5)])
            journal.truncate("s", through=3)
        with Journal.on(another, root) as journal:
            assert [event.position for event in journal.read("s", since=token)] == [4, 5]
            assert [event.event for event in journal.read_all(since=token) if event.kind == "event"] == ["E"] * 5
            assert [(line.name, line.length, line.first) for line in journal.streams()] == [("s", 5, 4)]

    def test_a_cursor_goes_on_where_it_stopped(self, backend: Backend, another: Backend, root: str) -> None:
        """What was acknowledged does not come again; what a consumer had that ended does."""
        with Journal.on(backend, root) as journal:
            journal.append_batch("s", [("E", {"n": number}) for number in range(4)])
            with journal.subscribe("mail") as consumer:
                for delivery in consumer.take(2):
                    delivery.ack()
                consumer.take()
        with Journal.on(another, root) as journal, journal.subscribe("mail") as consumer:
            assert [(delivery.event.data or {})["n"] for delivery in consumer.take(9)] == [2, 3]

    def test_what_streams_come_to(self, backend: Backend, root: str) -> None:
        """A fold, its snapshot and a view say the same, also when the snapshot is gone on from."""
        total = Fold("total", 0, lambda value, event: value + event.data["n"])
        with Journal.on(backend, root) as journal:
            journal.append_batch("s", [("E", {"n": number}) for number in range(5)])
            assert journal.snapshot(total, "s").value == 10
            view = journal.view(total, "s")
            journal.append("s", "E", {"n": 5})
            assert (view.read(), journal.fold(total, "s").value) == (15, 15)
        with Journal.on(backend, root) as journal:
            assert journal.fold(total, "s").value == 15

    def test_blobs(self, backend: Backend, root: str) -> None:
        """Bytes come back whole, or not at all."""
        data = bytes(range(256)) * 9000
        with Journal.on(backend, root) as journal:
            ref = journal.blobs.put(data, mime="image/png")
            assert journal.blobs.put(data, mime="image/png") == ref
        with Journal.on(backend, root) as journal:
            assert journal.blobs.get(ref) == data
            assert [blob.sha256 for blob in journal.blobs.list()] == [ref["sha256"]]
            path = os.path.join(root, "blobs", ref["sha256"][:2], ref["sha256"])
            backend.files.overwrite(path, b"\1")
            with pytest.raises(DamagedError):
                journal.blobs.get(ref)

    # -- looking after it -----------------------------------------------------------------------

    def test_a_checkpoint_and_compaction_change_nothing_that_is_read(self, backend: Backend, root: str) -> None:
        """Events stay readable from packs, and a rebuild from the checkpoint gives the same."""
        with Journal.on(backend, root) as journal:
            for number in range(40):
                journal.put("plan", f"p{number % 3}", {"n": number, "text": "x" * 200})
            journal.checkpoint()
            journal.put("plan", "p0", {"n": 99})
            journal.compact()
            journal.put("plan", "p1", {"n": 100})
            journal.compact()
            before = journal.list(), journal.history("plan", "p0")
        _remove_below(backend, os.path.join(root, "local"))
        with Journal.on(backend, root) as journal:
            assert (journal.list(), journal.history("plan", "p0")) == before
            assert journal.doctor(verify=True).ok

    def test_what_is_redacted_is_in_no_file(self, backend: Backend, root: str) -> None:
        """Segments, packs, checkpoints and blobs are written anew without it, and the rest is as it was."""
        with Journal.on(backend, root) as journal:
            journal.put("user", "u", {"name": "ana", "phone": "0170-555"})
            journal.checkpoint()
            journal.put("user", "u", {"name": "ana", "phone": "0170-556"})
            journal.redact(type="user", id="u", field="phone", reason="asked for")
            assert b"0170-55" not in b"".join(_read_below(backend, root))
            assert [event.data for event in journal.history("user", "u")] == [
                {"name": "ana", "phone": "[redacted]"},
                {"name": "ana", "phone": "[redacted]"},
            ]
            assert journal.doctor(verify=True).ok

    def test_the_writer_lock_keeps_others_out_and_readers_in(
        self, backend: Backend, another: Backend, root: str
    ) -> None:
        """A write waits for its turn, and says so when it does not come; a read never waits."""
        with Journal.on(backend, root) as journal:
            journal.put("plan", "p", {"n": 1})
            with Journal.on(another, root, lock_timeout_seconds=0.05) as other:
                lock = backend.lock(os.path.join(root, "local", "lock"))
                with lock.held(5):
                    found = other.get("plan", "p")
                    assert found is not None
                    assert found.data == {"n": 1}
                    with pytest.raises(LockTimeoutError):
                        other.put("plan", "p", {"n": 2})
                lock.close()
                assert not isinstance(other.put("plan", "p", {"n": 2}), Conflict)


def _together(count: Callable[[Journal], None], handles: list[Journal]) -> None:
    threads = [threading.Thread(target=count, args=(handle,)) for handle in handles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def _read_below(backend: Backend, folder: str) -> Iterator[bytes]:
    """Yield the bytes of every file; those of a gzipped one as they were before."""
    for name, stat in backend.files.list(folder):
        path = os.path.join(folder, name)
        if stat.kind == "folder":
            yield from _read_below(backend, path)
        else:
            data = backend.files.read(path)
            yield gzip.decompress(data) if name.endswith(".gz") else data


def _remove_below(backend: Backend, folder: str) -> None:
    for name, stat in backend.files.list(folder):
        path = os.path.join(folder, name)
        if stat.kind == "folder":
            _remove_below(backend, path)
            backend.files.remove_folder(path)
        else:
            backend.files.remove(path)
