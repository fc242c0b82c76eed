"""A hostile repository can make a read fail; it never writes outside the store, and never passes for our own memory."""

import contextlib
import gzip
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from journal import Journal
from journal.errors import FormatError, JournalError, NotAppliedError, RefusedError
from journal.format.checkpoint import CheckpointHeader, compress, encode_lines
from journal.format.limits import SEQ_MAX
from journal.format.lines import unseal
from journal.format.names import checkpoint_file, pack_file, segment_file
from journal.format.segment import Header, decode_header, encode_header
from journal.segments.scan import scan
from tests.support.ending import ends
from tests.support.stores import LANE_A, LANE_B, clone, documents, new_store, put_file, read_bytes, segments, truth

ONE = {("t", "a"): {"n": 1}}


@pytest.fixture
def root(tmp_path) -> str:
    root = new_store(tmp_path / "work")
    with Journal.open(store=root) as journal:
        journal.put("t", "a", {"n": 1})
    return root


@pytest.fixture
def outside(tmp_path) -> Path:
    """A folder that must stay as it is."""
    folder = tmp_path / "outside"
    names = ["a.json", "kv/x", "lane.json", "precious", "t/a.json"]  # as files of the store are called, too
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("precious")
    yield folder
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if not path.is_dir()}
    assert sorted(found) == names
    assert {path.read_text() for path in found.values()} == {"precious"}


def store_id(root: str) -> str:
    with Journal.open(store=root) as journal:
        return journal._engine.config.store


def sealed(fields: dict) -> bytes:
    head = json.dumps(fields, separators=(",", ":")).encode()[:-1]
    return b'%b,"crc":"%08x"}\n' % (head, zlib.crc32(head))


def record(at: int, name: str = "evil", **more) -> bytes:
    fields = {"kind": "entity", "seq": at, "ts": "2026-01-01T00:00:00Z", "writer": "w_1-a", "type": "t", "id": name}
    return sealed({**fields, "rev": 1, "action": "create", "set": ["n"], "data": {"n": at}, **more})


def put_segment(root: str, *lines: bytes, first: int = 1, lane: str = LANE_A, header: Header | None = None) -> None:
    header = header or Header(store_id(root), lane, first, sees={})
    put_file(root, f"segments/{segment_file(first, lane)}", encode_header(header) + b"".join(lines))


# Ids and paths

EVIL_IDS = [
    "../../outside/x",
    "/etc/x",
    "..",
    ".",
    "a/../../b",
    "con",
    "NUL",
    "a\\..\\b",
    "x" * 1000,
    "~root",
    "%2e%2e",
    "a:b",
    "é" * 200,
    " ",
    "a.",
]


@pytest.mark.parametrize("id", EVIL_IDS)
def test_no_id_leaves_its_folder(root, outside, id):
    with Journal.open(store=root) as journal:
        journal.put("t", id, {"n": 1})
        journal.put("$t"[1:] + id[:20] or "t", id, {"n": 2})
        journal.reconcile()
        assert journal.get("t", id).data == {"n": 1}
    below = set(Path(root).rglob("*"))
    assert all(path.resolve().is_relative_to(Path(root).resolve()) for path in below)
    assert {path.name for path in Path(root).parent.iterdir()} == {".journal"}


@pytest.mark.parametrize("id", ["", "a\0b", "a\nb", "\x1b[2J", "\ud800", "x" * 1025, 7, None])
def test_ids_that_no_file_or_terminal_should_see_are_refused(root, id):
    before = truth(root)
    with Journal.open(store=root) as journal:
        for type, name in (("t", id), (id, "a")):
            with pytest.raises(RefusedError):
                journal.put(type, name, {"n": 1})
    assert truth(root) == before


def test_reserved_types_are_refused(root):
    with Journal.open(store=root) as journal, pytest.raises(RefusedError):
        journal.put("$kv", "a", {"n": 1})


@pytest.mark.parametrize("id", ["../../../outside/precious", "/etc/passwd", "..", "", "\0", "\x1b]0;x\x07"])
def test_an_id_that_arrives_in_a_valid_record_writes_nothing_outside(root, outside, id):
    put_segment(root, record(1, id), record(2, "b", type=id or ".."))
    with Journal.open(store=root) as journal:
        found = documents(journal)
        assert found["t", "a"] == {"n": 1}
        journal.reconcile()
        journal.put("t", "a", {"n": 2})


@pytest.mark.parametrize("sha256", ["../../../outside/precious", "0" * 63, "..", 7, None, "A" * 64])
def test_a_blob_that_is_named_like_a_path_is_never_opened(root, outside, sha256):
    fields = json.loads(record(1)[: -len(',"crc":"00000000"}\n')] + b"}")
    del fields["data"]
    put_segment(root, sealed({**fields, "ref": {"sha256": sha256, "bytes": 8}}))
    with Journal.open(store=root) as journal:
        assert documents(journal) == ONE


# Links


def linked(path: str, outside: Path) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink(outside / "precious" if os.path.splitext(path)[1] or path.endswith(("lock", "tip")) else outside, path)


LINKS = [
    "segments",
    "archive",
    "checkpoints",
    "blobs",
    "entities",
    "entities/t",
    "entities/t/a.json",
    "local",
    "local/index.db",
    "local/lock",
    "local/tip",
    "local/lane.json",
    "local/home.json",
    "local/lock.queue",
    "local/lock.holder",
    "local/.gitignore",
    "local/index.db-wal",
    "journal.toml",
    f"segments/{segment_file(1, LANE_A)}",
]


USES = [
    lambda journal: list(journal.log()),
    documents,
    lambda journal: journal.put("t", "a", {"text": "x" * 70_000}),
    lambda journal: journal.put("t", "b", {"n": 1}),
    lambda journal: journal.delete("t", "b"),
    lambda journal: journal.kv.local.put("k", 1),
    lambda journal: journal.reconcile(),
    lambda journal: journal.checkpoint(),
    lambda journal: journal.doctor(fix=True),
    lambda journal: journal.put("t", "b", {"n": 3}),
    lambda journal: journal.compact(),
    lambda journal: journal.doctor(verify=True, fix=True, accept_loss=True),
]


@pytest.mark.parametrize("place", LINKS)
def test_a_link_in_the_store_is_never_written_through(root, outside, place):
    linked(os.path.join(root, place), outside)
    for use in USES:  # each on its own: one that is refused says nothing of the next
        # A clear refusal is as good; ``outside`` sees to the rest.
        with contextlib.suppress(JournalError), Journal.open(store=root) as journal:
            use(journal)


def test_a_store_that_is_a_link_is_refused(root, outside, tmp_path):
    os.symlink(root, tmp_path / ".journal")
    with pytest.raises(JournalError):
        Journal.open(tmp_path)
    with pytest.raises(JournalError):
        Journal.init(tmp_path)


def test_a_link_in_the_place_of_a_projection_is_left_and_reading_goes_on(root, outside):
    path = os.path.join(root, "entities", "t", "a.json")
    linked(path, outside)
    with Journal.open(store=root) as journal:
        assert documents(journal) == ONE
        journal.put("t", "a", {"n": 2})
        journal.reconcile()
    assert os.path.islink(path) or read_bytes(path) == b'{\n  "n": 2\n}\n'


# A memory from elsewhere


@pytest.mark.parametrize("tool", ["copytree", "checkout"])
def test_a_local_folder_from_elsewhere_never_counts(root, tmp_path, tool):
    """Whoever brings index, lane and tip along gets a new lane and an index built anew."""
    elsewhere = str(tmp_path / "copy" / ".journal")
    if tool == "copytree":
        shutil.copytree(root, elsewhere, symlinks=True)
    else:
        clone(root, tmp_path / "copy")
        for folder, _, names in os.walk(os.path.join(root, "local")):
            for name in names:
                put_file(elsewhere, f"local/{name}", read_bytes(os.path.join(folder, name)))
    before = truth(elsewhere)
    with Journal.open(store=root) as ours, Journal.open(store=elsewhere) as theirs:
        ours.put("t", "b", {"n": 1})
        theirs.put("t", "b", {"n": 2})
        assert documents(theirs) == {**ONE, ("t", "b"): {"n": 2}}
    assert all(truth(elsewhere)[path] == data for path, data in before.items())
    assert len(truth(elsewhere)) == len(before) + 1


def test_an_index_that_lies_is_not_believed_in_another_place(root, tmp_path):
    """A committed index.db with other contents than the truth."""
    import sqlite3

    database = sqlite3.connect(os.path.join(root, "local", "index.db"))
    database.execute("UPDATE entities SET data = '{\"n\":666}'")
    database.commit()
    database.close()
    elsewhere = str(tmp_path / "checkout" / ".journal")
    shutil.copytree(root, elsewhere)
    with Journal.open(store=elsewhere) as journal:
        assert documents(journal) == ONE


@pytest.mark.parametrize("name", ["index.db", "index.db-wal", "tip", "lane.json", "home.json"])
@pytest.mark.parametrize(
    "content", [b"", b"\0" * 4096, b"SQLite format 3\0" + b"\xff" * 5000, b"{}", b"[]" * 50_000, b"[" * 100_000]
)
def test_rubbish_in_local_costs_nothing(root, name, content):
    with open(os.path.join(root, "local", name), "wb") as file:
        file.write(content)
    with Journal.open(store=root) as journal:
        assert documents(journal) == ONE
        journal.put("t", "b", {"n": 2})
        assert documents(journal) == {**ONE, ("t", "b"): {"n": 2}}


def patiently(act):
    """Call again where the index turns out to be broken, as the hint says."""
    for _ in range(3):
        try:
            return act()
        except JournalError as error:
            if not error.message.startswith("the index is broken"):
                raise
    raise AssertionError("it stays broken")


@pytest.mark.parametrize("page", range(1, 40, 3))
def test_an_index_with_a_broken_page_is_built_anew(root, page):
    path = os.path.join(root, "local", "index.db")
    with Journal.open(store=root) as journal:
        for number in range(30):
            journal.put("t", f"x{number}", {"n": number})
        expected = documents(journal)
    with open(path, "r+b") as file:
        size = os.path.getsize(path)
        file.seek(page * 4096 % size)
        file.write(b"\xa5" * 4096)
    with Journal.open(store=root) as journal:
        assert patiently(lambda: documents(journal)) == expected
        assert len(patiently(lambda: list(journal.log()))) == len(expected)
        wrote = patiently(lambda: journal.put("t", "later", {}))
        assert wrote.rev == 1
        assert len(patiently(lambda: journal.history("t", "later"))) == 1
        assert patiently(lambda: documents(journal)) == {**expected, ("t", "later"): {}}


# Bombs, and lines beyond all bounds


def bomb(size: int) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b"[" * (1 << 20)
    return b"".join([*(deflate.compress(piece) for _ in range(size >> 20)), deflate.flush()])


def memory_peak(act) -> int:
    import tracemalloc

    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_gzip_bomb_as_a_pack_is_damage(root):
    data = bomb(200 << 20)
    put_file(root, f"archive/{pack_file(1, LANE_A, data)}", data)

    def look() -> None:
        with Journal.open(store=root) as journal:
            assert documents(journal) == ONE
            assert journal.damage_note() is not None

    assert memory_peak(look) < 30 << 20


def test_a_gzip_bomb_as_a_checkpoint_is_damage(root):
    data = bomb(200 << 20)
    put_file(root, f"checkpoints/{checkpoint_file(9, data)}", data)
    with Journal.open(store=root) as journal:
        assert documents(journal) == ONE
    with Journal.open(store=root) as journal:
        journal.put("t", "a", {"n": 2})
    shutil.rmtree(os.path.join(root, "local"))
    with Journal.open(store=root) as journal:
        assert documents(journal) == {("t", "a"): {"n": 2}}


def test_a_gigantic_line_is_one_lost_line(root):
    put_segment(root, record(1, "b"), b'{"kind":"entity",' + b" " * (50 << 20) + b"\n", record(3, "c"))
    with Journal.open(store=root) as journal:
        assert documents(journal) == {**ONE, ("t", "b"): {"n": 1}, ("t", "c"): {"n": 3}}
        assert journal.damage_note() is not None


@pytest.mark.parametrize("depth", [101, 1000, 60_000])
def test_a_deep_payload_with_a_right_checksum_is_one_lost_line(root, depth):
    nested = b'"data":{"n":' + b"[" * depth + b"]" * depth + b"}"
    deep = record(2, data=0).replace(b'"data":0', nested)
    assert len(deep) > depth
    head = deep[: -len(',"crc":"00000000"}\n')]
    put_segment(root, record(1, "b"), b'%b,"crc":"%08x"}\n' % (head, zlib.crc32(head)), record(3, "c"))
    with Journal.open(store=root) as journal:
        assert documents(journal) == {**ONE, ("t", "b"): {"n": 1}, ("t", "c"): {"n": 3}}


WRONG = [
    {"seq": -1},
    {"seq": 0},
    {"seq": 2**60},
    {"seq": "2"},
    {"seq": 2.0},
    {"seq": True},
    {"rev": 0},
    {"rev": None},
    {"rev": 2**70},
    {"type": 7},
    {"type": ""},
    {"id": ["a"]},
    {"data": []},
    {"data": None},
    {"data": "x"},
    {"set": "n"},
    {"set": [1]},
    {"set": {"n": 1}},
    {"unset": 7},
    {"action": None},
    {"action": "delete"},
    {"tx": [2, 1]},
    {"tx": [1, 10**9]},
    {"tx": "x"},
    {"kind": "entity2"},
    {"kind": None},
    {"ts": 7},
    {"writer": None},
    {"actor": 7},
    {"summary": []},
    {"ref": {}},
    {"ref": {"sha256": "0" * 64, "bytes": -1}},
    {"ref": {"sha256": "0" * 64, "bytes": 10**12}},
    {"data": {"$journal_id": "x"}},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_record_of_wrong_types_with_a_right_checksum_costs_at_most_itself(root, wrong):
    put_segment(root, record(1, "b"), record(2, "x", **wrong), record(3, "c"))
    for _ in range(2):
        with Journal.open(store=root) as journal:
            found = documents(journal)
            assert found["t", "a"] == {"n": 1}
            assert found["t", "b"] == {"n": 1}
            assert found["t", "c"] == {"n": 3}
            list(journal.log())
            journal.reconcile()
            journal.put("t", "d", {"n": 4})
        shutil.rmtree(os.path.join(root, "local"))


@pytest.mark.parametrize(("seq", "rev"), [(SEQ_MAX, 1), (SEQ_MAX - 1, 1), (2, SEQ_MAX)])
def test_no_line_that_no_reader_takes_is_written_behind_the_greatest_numbers(root, seq, rev):
    """An event may say the greatest seq, or rev, there is. What is acknowledged beside it is there all the same."""
    put_segment(root, record(seq, "x", rev=rev), first=seq)
    written = {}
    for name in ("x", "d", "x", "e"):
        with Journal.open(store=root) as journal:
            with contextlib.suppress(NotAppliedError):
                written["t", name] = journal.put("t", name, {"n": seq + len(name) + len(written)}).data
            with contextlib.suppress(NotAppliedError):
                journal.append("s", "E", {})
    shutil.rmtree(os.path.join(root, "local"))
    with Journal.open(store=root) as journal:
        assert documents(journal).items() >= written.items()
        list(journal.log())
        assert not journal.doctor().findings


def test_very_many_headers_cost_their_number_and_not_its_square(root):
    store = store_id(root)

    def calls(count: int) -> int:
        headers = [Header(store, LANE_A, number, sees={}) for number in range(2, 2 + count)]
        text = b"".join(map(encode_header, headers))
        made = 0

        def note(frame, event, argument):
            nonlocal made
            made += event == "call"

        sys.setprofile(note)
        try:
            results = scan(text), scan(text + b"x\n")
        finally:
            sys.setprofile(None)
        assert [len(result.sections) for result in results] == [count, count]
        return made

    assert calls(800) < 9 * calls(100)


HEADERS = [
    {"sees": {LANE_B: [[1, 10**9]]}, "first": 1},
    {"sees": {LANE_B: [[1, 2**53]]}, "first": 2},
    {"sees": {"../x": [[1, 1]]}},
    {"sees": {LANE_B: [[2, 1]]}},
    {"sees": {LANE_B: [[1, 1], [2, 2]]}},
    {"sees": []},
    {"sees": {"ref": {"sha256": "../x", "bytes": 1}}},
    {"format": "1"},
    {"lane": LANE_B},
    {"lane": "../../../../x"},
    {"first": 10**15},
    {"first": 0},
    {"store": 7},
    {"prev": {"segment": "../../x", "bytes": 1, "seq": 1}},
    {"prev": {"segment": segment_file(1, LANE_A)[:-6], "bytes": 1, "seq": 1}},
    {"prev": 7},
    {"sees": None},
    {"sees": {f"{n:0>13}": [[1, 1]] for n in range(3000)}, "first": 2},
]


@pytest.mark.parametrize("wrong", HEADERS, ids=lambda wrong: str(wrong)[:60])
def test_a_strange_header_with_a_right_checksum_harms_nothing_else(root, wrong):
    fields = {"kind": "segment", "format": 1, "store": store_id(root), "lane": LANE_A, "first": 1, "sees": {}, **wrong}
    lines = [sealed(fields), record(max(1, min(fields["first"], 2**53 - 10)), "b")]
    put_file(root, f"segments/{segment_file(1, LANE_A)}", b"".join(lines))
    for _ in range(2):
        with Journal.open(store=root) as journal:
            assert documents(journal)["t", "a"] == {"n": 1}
            list(journal.log())
            journal.put("t", "d", {"n": 4})
            assert journal.get("t", "d").data == {"n": 4}
        shutil.rmtree(os.path.join(root, "local"))


def test_a_header_of_the_future_cannot_hide_what_comes_later(root):
    """It claims to have seen events that nobody has written yet: they are not in its past."""
    lane = next(name for name in os.listdir(os.path.join(root, "segments"))).split("-")[1][:13]
    header = Header(store_id(root), LANE_A, 1000, sees={lane: ((1, 999),)})
    put_segment(root, record(1000, "a"), first=1000, header=header)
    with Journal.open(store=root) as journal:
        journal.put("t", "a", {"n": 5})
        assert journal.get("t", "a").data == {"n": 5}
    shutil.rmtree(os.path.join(root, "local"))
    with Journal.open(store=root) as journal:
        assert journal.get("t", "a").data == {"n": 5}


@pytest.mark.parametrize(
    ("paths", "events"),
    [(["/data" + "/" * 200_000], 1), ([f"/data/{number:05}" for number in range(8_000)], 6_000)],
    ids=["deep", "many"],
)
def test_a_redaction_of_very_many_places_ends_soon(root, paths, events):
    redacted = [{"paths": paths, "events": [f"{number}@{LANE_A}" for number in range(1, 1 + events)]}]
    fields = {"kind": "note", "seq": 2, "ts": "", "writer": "w", "note": "redaction", "data": {"redacted": redacted}}
    put_segment(root, record(1, "b"), sealed(fields))
    with ends(), Journal.open(store=root) as journal:
        assert documents(journal)["t", "a"] == {"n": 1}


DEEP_TOML = {
    "arrays": "x = " + "[" * 10_000,
    "tables": "x = " + "{a=" * 10_000,
    "a name": "[" + ".".join("a" * 50_000) + "]",
    "a quoted name": "[" + ".".join(['"a"'] * 50_000) + "]",
    "an integer": "x = " + "9" * 5_000,
    "a comment": "#" * (1 << 20),
}


@pytest.mark.parametrize("text", DEEP_TOML.values(), ids=DEEP_TOML)
def test_a_configuration_that_is_deep_or_huge_is_refused_as_what_cannot_be_read(root, text):
    with open(os.path.join(root, "journal.toml"), "a") as file:
        file.write(f"\n{text}\n")
    with pytest.raises(FormatError, match="cannot be read"):
        Journal.open(store=root)


PIPES = ["journal.toml", "entities/t/a.json", "local/home.json", "local/lane.json", "local/tip", "local/lock.holder"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
@pytest.mark.parametrize("place", [*PIPES, "segments", "local/lock", "schemas/t.json"])
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(root, place):
    path = os.path.join(root, place)
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.exists(path):
        os.unlink(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.mkfifo(path)
    program = (
        "import sys; from journal import Journal; from journal.errors import JournalError\n"
        "for act in (lambda j: j.get('t', 'a'), lambda j: j.put('t', 'a', {'n': 2}), lambda j: j.doctor()):\n"
        "    try:\n"
        "        with Journal.open(store=sys.argv[1]) as journal: act(journal)\n"
        "    except JournalError: pass\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, root], capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_segments_of_another_store_are_told(root, tmp_path):
    other = new_store(tmp_path / "other")
    with Journal.open(store=other) as journal:
        journal.put("t", "foreign", {"n": 1})
    for path, data in truth(other).items():
        put_file(root, path, data)
    with Journal.open(store=root) as journal:
        assert documents(journal)["t", "a"] == {"n": 1}
        journal.put("t", "b", {})
        report = journal.doctor()
        assert any("store" in f"{finding.code} {finding}" for finding in report.findings)


@pytest.mark.parametrize(
    "entities",
    [
        [{"type": "t", "id": "../../../outside/precious", "rev": 1, "heads": [f"1@{LANE_A}"], "data": {}}],
        [{"type": "t", "id": "a", "rev": 0, "heads": [f"1@{LANE_A}"], "data": {}}],
        [{"type": "t", "id": "a", "rev": 1, "heads": [], "images": []}],
        [{"type": "t", "id": "a", "rev": 1, "heads": ["x"], "data": {}}],
        [{"type": "t", "id": "a", "rev": 1, "heads": [f"1@{LANE_A}"], "data": 7}],
        [{"type": "t", "id": "a", "rev": 1, "heads": [f"1@{LANE_A}"], "ref": {"sha256": "../x", "bytes": 1}}],
        [{"type": "t", "id": "a", "rev": 1, "heads": [f"1@{LANE_A}"], "ref": 7}],
        [{"type": "t", "id": "a", "rev": 1, "heads": [f"1@{LANE_A}"], "data": {}, "set": {f"1@{LANE_A}": 7}}],
        [{"type": "t", "id": "a", "rev": 1, "heads": [f"1@{LANE_A}"], "data": {}, "holes": {"heads": 7, "fields": 7}}],
        [{"type": "t", "id": "b"}, {"type": "t", "id": "a"}],
    ],
    ids=lambda entities: str(entities)[:70],
)
def test_a_checkpoint_of_lies_with_a_right_name_writes_nothing_outside(root, outside, entities):
    header = CheckpointHeader(store_id(root), 1, {LANE_A: ((1, 1),)}, 1, {})
    data = compress(encode_lines(header, entities))
    put_file(root, f"checkpoints/{checkpoint_file(1, data)}", data)
    for _ in range(2):
        with Journal.open(store=root) as journal:
            try:
                journal.list()
                journal.reconcile()
                journal.put("t", "d", {"n": 4})
                assert journal.get("t", "d").data == {"n": 4}
            except JournalError:
                pass  # what it says makes no sense: that may be said
        shutil.rmtree(os.path.join(root, "local"))


def test_trailing_bytes_and_truncated_gzip_are_damage(root):
    whole = gzip.compress(b"x\n")
    for data in (whole[:-4], whole + b"more", b"", b"\x1f\x8b"):
        put_file(root, f"archive/{pack_file(1, LANE_A, data)}", data)
        put_file(root, f"checkpoints/{checkpoint_file(1, data)}", data)
    with Journal.open(store=root) as journal:
        assert documents(journal) == ONE


def test_a_pack_whose_name_is_not_that_of_its_bytes_changes_nothing_that_is_there(root):
    data = gzip.compress(b"".join([encode_header(Header(store_id(root), LANE_A, 1, sees={})), record(1, "b")]))
    name = pack_file(1, LANE_A, b"other bytes")
    assert hashlib.sha256(data).hexdigest()[:16] not in name
    put_file(root, f"archive/{name}", data)
    with Journal.open(store=root) as journal:
        assert documents(journal)["t", "a"] == {"n": 1}


# Very many lanes


def many_lanes(root: str, count: int) -> None:
    store = store_id(root)
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    lanes = ("".join(letters).rjust(13, "0") for letters in itertools.product(alphabet, repeat=4))
    for number, lane in zip(range(count), lanes, strict=False):
        data = encode_header(Header(store, lane, 1, sees={})) + record(1, f"m{number}")
        with open(os.path.join(root, "segments", segment_file(1, lane)), "wb") as file:
            file.write(data)


def calls_of(root: str, count: int) -> int:
    """Add lanes, read and write, and return how many calls of Python functions that took: no clock, no luck."""
    calls = 0

    def note(frame, event, argument):
        nonlocal calls
        calls += event == "call"

    many_lanes(root, count)
    sys.setprofile(note)
    try:
        with Journal.open(store=root) as journal:
            assert len(journal.list("t", limit=None)) == count + 1
            journal.put("t", "a", {"n": 2})
        with Journal.open(store=root) as journal:
            assert journal.get("t", "a").data == {"n": 2}
    finally:
        sys.setprofile(None)
    return calls


def test_many_lanes_cost_their_number_and_not_its_square(tmp_path):
    roots = [new_store(tmp_path / name) for name in ("few", "many")]
    for root in roots:
        with Journal.open(store=root) as journal:
            journal.put("t", "a", {"n": 1})
    few, many = calls_of(roots[0], 200), calls_of(roots[1], 800)
    assert many < 5 * few


def lanes_open_and_write(root: str, count: int) -> None:
    many_lanes(root, count)
    with Journal.open(store=root) as journal:
        assert len(journal.list("t", limit=None)) == count + 1
        for number in range(4):
            journal.put("t", "a", {"n": number})
    assert max(map(os.path.getsize, segments(root))) < 1 << 20
    with Journal.open(store=root) as journal:
        assert journal.get("t", "a").data == {"n": 3}


def test_two_thousand_lanes_open_and_write(root):
    lanes_open_and_write(root, 2_000)


def test_a_difference_of_what_was_seen_that_no_line_could_hold_goes_to_a_blob_whole(root, monkeypatch):
    monkeypatch.setattr("journal.store.lanes.SEES_INLINE_BYTES_MAX", 4_000)
    many_lanes(root, 300)
    with Journal.open(store=root) as journal:
        journal.put("t", "a", {"n": 2})
        newest = journal.get("t", "a").event
    (mine,) = [path for path in segments(root) if newest.split("@")[1] in path and b'"n":2' in read_bytes(path)]
    header = decode_header(unseal(read_bytes(mine).split(b"\n")[0] + b"\n"))
    assert header.previous is not None
    assert header.sees_ref is not None
    shutil.rmtree(os.path.join(root, "local"))
    with Journal.open(store=root) as journal:
        assert journal.get("t", "a").event == newest
        assert not list(journal.conflicts())


@pytest.mark.soak
def test_fifty_thousand_lanes_open_and_write(root):
    lanes_open_and_write(root, 50_000)
