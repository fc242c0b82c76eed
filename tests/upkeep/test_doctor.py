"""Goal: each way of breaking a store is named, repaired where it can be, and nothing else is touched.

Method: a table of breakages over copies of two small real stores, one in git with all committed, one without git.
"""

import gzip
import os
import re
import sqlite3

import pytest
from doctor_table import PAGE, row, rows_of_page
from doctored import Store, copy_of, fill, make_template

from journal import Journal
from journal.errors import UsageError
from journal.format.checkpoint import compress, decompress_lines
from journal.format.lines import seal
from journal.format.names import checkpoint_file, parse_pack_file, segment_file
from journal.format.pointer import Pointer, encode_pointer
from journal.index.rows import EntityRow, row_sum, state_sum
from journal.store.blobs import lfs_blob_path
from journal.upkeep import doctor, looking
from journal.upkeep.findings import Finding, Report
from tests.support.reads import ReadMeter
from tests.support.stores import new_store

LANE = "0123456789abc"


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("templates")
    return {
        "git": make_template(folder / "git", with_git=True),
        "plain": make_template(folder / "plain", with_git=False),
    }


# -- breakages: each takes a store -----------------------------------------------------------------------------


def segment_of_the_middle(store):
    return store.files("segments")[3]


def byte_in_a_segment(store):
    store.flip(segment_of_the_middle(store))


def byte_in_a_header(store):
    store.flip(segment_of_the_middle(store), 40)


def byte_in_the_last_record(store):
    path = store.files("segments")[-1]
    store.flip(path, len(store.read(path)) - 40)


def byte_in_a_pack(store):
    store.flip(store.files("archive")[0])


def byte_in_the_gzip_header_of_a_pack(store):
    store.flip(store.files("archive")[0], 9)


def byte_in_a_checkpoint(store):
    store.flip(store.files("checkpoints")[0])


def checkpoint_lies(store):
    path = store.files("checkpoints")[-1]
    lines = list(decompress_lines(store.read(path)))
    data = compress(line.replace(b'"stage":"two"', b'"stage":"lie"') for line in lines)
    store.remove(path)
    store.write(f"checkpoints/{checkpoint_file(int(path.split('/')[1][:12]), data)}", data)


def byte_in_a_blob(store):
    store.flip(store.blob())


def line_is_gone(store):
    path = segment_of_the_middle(store)
    lines = store.read(path).split(b"\n")
    store.write(path, b"\n".join(lines[:4] + lines[5:]))


def segment_is_cut(store):
    path = segment_of_the_middle(store)
    store.write(path, store.read(path)[:-700])


def early_version_of_a_segment_that_is_packed(store):
    (pack,) = store.files("archive")
    lines = gzip.decompress(store.read(pack)).splitlines(keepends=True)
    named = parse_pack_file(os.path.basename(pack))
    store.write(f"segments/{segment_file(named.first, named.lane)}", b"".join(lines[:4]))


def segment_is_gone(store):
    store.remove(segment_of_the_middle(store))


def pack_is_gone(store):
    store.remove(store.files("archive")[0])


def checkpoint_is_gone(store):
    store.remove(store.files("checkpoints")[0])


def blob_is_gone(store):
    store.remove(store.blob())


def blob_and_local_are_gone(store):
    blob_is_gone(store)
    store.remove("local")


def blob_and_all_copies_are_gone(store):
    blob_and_local_are_gone(store)
    store.remove("entities/doc")


def conflict_markers(store):
    path = segment_of_the_middle(store)
    lines = store.read(path).split(b"\n")
    lines[3:3] = [b"<<<<<<< HEAD"]
    lines[6:6] = [b"=======", lines[5], b">>>>>>> theirs"]
    store.write(path, b"\n".join(lines))


def line_ends(store):
    path = segment_of_the_middle(store)
    store.write(path, store.read(path).replace(b"\n", b"\r\n"))


def torn_tail(store):
    path = store.files("segments")[-1]
    store.write(path, store.read(path) + b'{"kind":"entity","se')


def two_records_of_one_id(store):
    path = segment_of_the_middle(store)
    line = store.read(path).split(b"\n")[1]
    fields = {"kind": "note", "seq": int(line.split(b'"seq":')[1].split(b",")[0]), "ts": "t", "writer": "w"}
    store.write(path, store.read(path) + seal({**fields, "note": "genesis", "data": {}}))


def renamed_segment(store):
    path = segment_of_the_middle(store)
    store.write(path.replace("/0", "/1"), store.read(path))
    store.remove(path)


def _segment(store, **header):
    fields = {"kind": "segment", "format": 1, "store": "st_00000000", "lane": LANE, "first": 900, "sees": {}, **header}
    record = {"kind": "note", "seq": 900, "ts": "t", "writer": "w", "note": "genesis", "data": {}}
    store.write(f"segments/{segment_file(900, LANE)}", seal(fields) + seal(record))


def segment_of_another_store(store):
    _segment(store)


def segment_of_a_later_format(store):
    _segment(store, format=2)


def header_without_lane(store):
    _segment(store, lane=7)


def link_among_segments(store):
    os.symlink("/etc/hostname", store.path(f"segments/{segment_file(901, LANE)}"))


def strange_name(store):
    store.write("segments/000000000001 (copy).jsonl", b"x")


def blobs_of_another_name(store):
    store.write("blobs/zz/readme.txt", b"x")


def _blob_for_git_lfs(store):
    """Let the store have one, committed where there is git, on a machine where git LFS is set up."""
    text = store.read("journal.toml")
    store.write("journal.toml", text.replace(b"[options]\n", b"[options]\nlfs_bytes = 2048\n"))
    is_in_git = os.path.isdir(os.path.join(store.folder, ".git"))
    if is_in_git:
        store.git("config", "filter.lfs.clean", "git-lfs clean -- %f")
    with store.open() as journal:
        path = lfs_blob_path(journal.blobs.put(b"invoice" * 1000)["sha256"])
        if is_in_git:
            journal.commit("a blob")
    return path


def byte_in_a_blob_for_git_lfs(store):
    store.flip(_blob_for_git_lfs(store))


def byte_in_a_blob_of_which_git_lfs_has_no_copy(store):
    byte_in_a_blob_for_git_lfs(store)
    store.remove("../.git/lfs")


def blob_for_git_lfs_is_not_fetched(store):
    path = _blob_for_git_lfs(store)
    size = len(store.read(path))
    store.write(path, encode_pointer(Pointer(path.rpartition("/")[2].removesuffix(".lfs"), size)))
    store.remove("../.git/lfs")


def copy_of_git_lfs_is_damaged(store):
    path = _blob_for_git_lfs(store)
    data = store.read(path)
    sha256 = path.rpartition("/")[2].removesuffix(".lfs")
    store.write(path, encode_pointer(Pointer(sha256, len(data))))
    store.write(f"../.git/lfs/objects/{sha256[:2]}/{sha256[2:4]}/{sha256}", b"x" + data[1:])


def rule_for_git_lfs_is_gone(store):
    _blob_for_git_lfs(store)
    lines = store.read(".gitattributes").splitlines(keepends=True)
    store.write(".gitattributes", b"".join(line for line in lines if b"filter=lfs" not in line))


def bytes_of_a_blob_for_git_lfs_are_in_git(store):
    path = _blob_for_git_lfs(store)
    without = ("-c", "filter.lfs.clean=cat", "-c", "filter.lfs.process=", "-c", "filter.lfs.required=false")
    store.git(*without, "add", "--renormalize", f".journal/{path}")
    store.git(*without, "commit", "-qm", "bytes")


def index_is_garbage(store):
    for name in ("index.db-wal", "index.db-shm"):
        if os.path.exists(store.path(f"local/{name}")):
            store.remove(f"local/{name}")
    store.write("local/index.db", b"SQLite format 3\0" + b"\xff" * 9000)


def index_lies(store):
    database = sqlite3.connect(store.path("local/index.db"))
    with database:
        columns = "type, name, rev, seq, lane, conflicts, data, state"
        *facts, state = database.execute(f"SELECT {columns} FROM entities WHERE name = 'p1'").fetchone()
        lie = EntityRow(*facts)._replace(data='{"number":99}')
        said = lie.data, row_sum(lie), state_sum(lie.data, state)
        database.execute("UPDATE entities SET data = ?, row_sum = ?, state_sum = ? WHERE name = 'p1'", said)
    database.close()


def value_in_the_index(store):
    _change_index(store, "UPDATE entities SET data = '{\"number\":99}' WHERE name = 'p1'")


def index_has_a_state_that_is_no_json(store):
    _change_index(store, "UPDATE entities SET state = '{' WHERE name = 'p1'")


def index_has_a_text_that_is_no_text(store):
    _change_index(store, "UPDATE entities SET data = CAST(x'7bff7d' AS TEXT) WHERE name = 'p1'")


def index_lacks_events(store):
    _change_index(store, "UPDATE meta SET value = '{}' WHERE key IN ('have_files', 'covers')")


def _change_index(store, statement):
    database = sqlite3.connect(store.path("local/index.db"))
    with database:
        database.execute(statement)
    database.close()


def local_is_gone(store):
    store.remove("local")


def local_is_of_another_work_tree(store):
    data = store.read("local/lock")
    store.remove("local/lock")
    store.write("local/lock", data)


def projections_are_gone(store):
    store.remove("entities")


def projection_is_gone(store):
    store.remove("entities/plan/p1.json")


def projection_is_of_an_earlier_state(store):
    store.write("entities/plan/p1.json", b'{\n  "number": 1,\n  "stage": "one"\n}\n')


def projection_has_markers(store):
    store.write("entities/plan/p1.json", b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x\n")


def projection_is_edited(store):
    store.write("entities/plan/p1.json", b'{\n  "number": 7777\n}\n')


def projection_of_a_deleted_entity(store):
    store.write("entities/plan/only-one.json", b'{\n  "stage": "one"\n}\n')


def projection_is_a_link(store):
    store.remove("entities/plan/p1.json")
    os.symlink("/etc/hostname", store.path("entities/plan/p1.json"))


def folder_of_projections_is_a_link(store):
    store.remove("entities/plan")
    os.symlink("/etc", store.path("entities/plan"))


def projection_is_a_folder(store):
    store.remove("entities/plan/p1.json")
    store.write("entities/plan/p1.json/inner", b"x")


def file_of_a_person(store):
    store.write("entities/plan/mine.json", b'{"a": 1}')


def file_of_a_name_that_is_no_entitys(store):
    store.write("entities/plan/a b.json", b'{"a": 1}')


def file_of_no_kind(store):
    store.write("entities/notes.txt", b"hello")


def leftover(store):
    store.write("entities/plan/p1.json.7ffffff0-00aabbcc.journal-tmp", b"x")
    store.write("segments/x.7ffffff0-00aabbcc.journal-tmp", b"x")


def ignore_file_is_gone(store):
    store.remove(".gitignore")


def ignore_file_lacks_a_rule(store):
    store.write(".gitignore", b"/local/\n")


def attributes_are_of_an_older_version(store):
    store.write(".gitattributes", b"* -text\nsegments/*.jsonl merge=union")


def readme_is_gone(store):
    store.remove("README.md")


def attributes_are_gone_and_git_converts(store):
    store.remove(".gitattributes")
    store.git("config", "core.autocrlf", "true")


def filter_of_the_users_meets_the_store(store):
    with open(os.path.join(store.folder, ".gitattributes"), "w") as file:
        file.write("*.jsonl filter=upper\n*.json ident\n")
    store.git("config", "filter.upper.clean", "tr a-z A-Z")


def local_is_not_ignored(store):
    store.remove(".gitignore")
    store.remove("local/.gitignore")


def local_is_tracked(store):
    store.git("add", "-f", ".journal/local/lock")


def store_is_ignored(store):
    with open(os.path.join(store.folder, ".gitignore"), "w") as file:
        file.write(".journal/\n")


def user_ignores_gzip(store):
    with open(os.path.join(store.folder, ".gitignore"), "w") as file:
        file.write("*.gz\n*.json\n")


# -- the tables ------------------------------------------------------------------------------------------------

# (breakage, codes that are no information, codes of them that --fix leaves)
IN_GIT = [
    (byte_in_a_segment, {"damaged", "truth-changed"}, set()),
    (byte_in_a_header, {"damaged", "truth-changed"}, set()),
    (byte_in_the_last_record, {"damaged", "truth-changed"}, set()),
    (byte_in_a_pack, {"damaged", "truth-changed"}, set()),
    (byte_in_the_gzip_header_of_a_pack, {"damaged", "truth-changed"}, set()),
    (byte_in_a_checkpoint, {"checkpoint-damaged", "truth-changed"}, set()),
    (checkpoint_lies, {"checkpoint-differs", "state-differs"}, set()),
    (byte_in_a_blob, {"blob-damaged"}, set()),
    (byte_in_a_blob_for_git_lfs, {"blob-damaged"}, set()),
    (byte_in_a_blob_of_which_git_lfs_has_no_copy, {"blob-damaged"}, set()),
    (blob_for_git_lfs_is_not_fetched, set(), set()),
    (copy_of_git_lfs_is_damaged, {"lfs-copy-damaged"}, {"lfs-copy-damaged"}),
    (bytes_of_a_blob_for_git_lfs_are_in_git, set(), set()),
    (line_is_gone, {"damaged", "truth-changed"}, set()),
    (segment_is_cut, {"damaged", "truth-changed"}, set()),
    (early_version_of_a_segment_that_is_packed, set(), set()),
    (segment_is_gone, {"truth-missing"}, set()),
    (pack_is_gone, {"truth-missing"}, set()),
    (checkpoint_is_gone, set(), set()),
    (blob_is_gone, {"truth-missing", "blob-missing"}, set()),
    (conflict_markers, {"conflict-markers", "truth-changed"}, set()),
    (line_ends, {"line-endings", "truth-changed"}, set()),
    (torn_tail, set(), set()),
    (two_records_of_one_id, {"duplicate-id"}, {"duplicate-id"}),
    (renamed_segment, {"misnamed"}, {"misnamed"}),
    (segment_of_another_store, {"foreign-store"}, {"foreign-store"}),
    (segment_of_a_later_format, {"newer-format"}, {"newer-format"}),
    (header_without_lane, {"bad-header"}, {"bad-header"}),
    (link_among_segments, {"unsafe-path"}, {"unsafe-path"}),
    (strange_name, {"strange-file"}, {"strange-file"}),
    (blobs_of_another_name, {"strange-file"}, {"strange-file"}),
    (index_is_garbage, {"index-corrupt"}, set()),
    (index_lies, {"state-differs"}, set()),
    (value_in_the_index, {"index-corrupt"}, set()),
    (index_has_a_state_that_is_no_json, {"index-corrupt"}, set()),
    (index_has_a_text_that_is_no_text, {"index-corrupt"}, set()),
    (index_lacks_events, {"index-differs"}, set()),
    (local_is_gone, set(), set()),
    (local_is_of_another_work_tree, set(), set()),
    (projections_are_gone, {"projection-missing"}, set()),
    (projection_is_gone, {"projection-missing"}, set()),
    (projection_is_of_an_earlier_state, {"projection-stale"}, set()),
    (projection_has_markers, {"projection-stale"}, set()),
    (projection_is_edited, {"edited"}, {"edited"}),
    (projection_of_a_deleted_entity, {"projection-leftover"}, set()),
    (projection_is_a_link, {"projection-strange"}, set()),
    (folder_of_projections_is_a_link, {"projection-strange"}, set()),
    (projection_is_a_folder, {"projection-strange", "strange-file"}, set()),
    (file_of_a_person, {"edited"}, {"edited"}),
    (file_of_a_name_that_is_no_entitys, {"strange-file"}, {"strange-file"}),
    (file_of_no_kind, {"strange-file"}, {"strange-file"}),
    (leftover, set(), set()),
    (ignore_file_is_gone, {"own-file-missing"}, set()),
    (ignore_file_lacks_a_rule, {"own-file-altered"}, set()),
    (attributes_are_of_an_older_version, {"own-file-altered"}, set()),
    (rule_for_git_lfs_is_gone, {"own-file-altered"}, set()),
    (readme_is_gone, set(), set()),
    (attributes_are_gone_and_git_converts, {"own-file-missing", "line-endings"}, set()),
    (
        filter_of_the_users_meets_the_store,
        {"filtered-truth", "filtered-projections"},
        {"filtered-truth", "filtered-projections"},
    ),
    (local_is_not_ignored, {"own-file-missing", "local-not-ignored"}, set()),
    (local_is_tracked, {"local-tracked"}, {"local-tracked"}),
    (store_is_ignored, {"ignored-truth", "ignored-projections"}, {"ignored-truth", "ignored-projections"}),
    (user_ignores_gzip, set(), set()),
]

# (breakage, codes, codes that --fix leaves); --fix --accept-loss leaves none
WITHOUT_GIT = [
    (byte_in_a_segment, {"damaged"}, {"damaged"}),
    (byte_in_a_header, {"damaged"}, {"damaged"}),
    (byte_in_a_pack, {"damaged"}, {"damaged"}),
    (byte_in_a_checkpoint, {"checkpoint-damaged"}, set()),
    (byte_in_a_blob, {"blob-damaged"}, set()),
    (byte_in_a_blob_for_git_lfs, {"blob-damaged"}, set()),
    (line_is_gone, {"damaged"}, {"damaged"}),
    (segment_is_cut, {"damaged"}, {"damaged"}),
    (segment_is_gone, {"history-missing"}, {"history-missing"}),
    (blob_is_gone, {"blob-missing"}, set()),
    (blob_and_local_are_gone, {"blob-missing", "edited"}, set()),
    (blob_and_all_copies_are_gone, {"blob-missing"}, {"blob-missing"}),
    (conflict_markers, {"conflict-markers"}, set()),
    (line_ends, {"line-endings"}, set()),
    (two_records_of_one_id, {"duplicate-id"}, {"duplicate-id"}),
]


def worse_than_information(report: Report) -> set[str]:
    return {finding.code for finding in report.findings if finding.severity != "info"}


def without_a_hint(report: Report) -> list[str]:
    return [finding.code for finding in report.findings if finding.severity != "info" and not finding.hint]


def led_astray(store: Store, report: Report) -> list[str]:
    """Return what a hint leads to ``journal doctor --fix`` for, which does not look for it without ``--verify``."""
    seen = {finding.code for finding in store.doctor(verify=False).findings}
    return [
        finding.code
        for finding in report.findings
        if "journal doctor --fix" in (finding.hint or "") and finding.code not in seen
    ]


def name_of(value):
    return value.__name__ if callable(value) else ""


@pytest.mark.parametrize(("breakage", "codes", "left"), IN_GIT, ids=name_of)
def test_in_git_it_is_named_and_comes_back(breakage, codes, left, templates, tmp_path):
    store = copy_of(templates["git"], tmp_path / "store")
    answers = store.answers()
    breakage(store)
    before = store.tree()
    report = store.doctor(verify=True)
    assert worse_than_information(report) == codes, report.findings
    assert led_astray(store, report) == []
    assert report.ok is (not codes)
    assert store.tree() == before, "a look changes nothing"
    assert_nothing_dangerous_is_suggested(report)
    assert without_a_hint(report) == []
    fixed = store.doctor(verify=True, fix=True)
    assert worse_than_information(fixed) == left, fixed.findings
    assert bool(fixed.fixed) or not codes - left
    assert row(breakage, report, fixed) in rows_of_page()
    if not left:
        assert store.answers() == answers


def assert_nothing_dangerous_is_suggested(report):
    for finding in report.findings:
        assert finding.message
        for word in ("reset", "--force", "rm -rf", "delete", "clean"):
            assert word not in (finding.hint or "")


@pytest.mark.parametrize(("breakage", "codes", "left"), WITHOUT_GIT, ids=name_of)
def test_without_git_a_loss_is_accepted_once(breakage, codes, left, templates, tmp_path):
    store = copy_of(templates["plain"], tmp_path / "store")
    breakage(store)
    report = store.doctor()
    assert worse_than_information(report) == codes
    fixed = store.doctor(fix=True)
    assert worse_than_information(fixed) == left
    assert row(breakage, report, fixed) in rows_of_page()
    accepted = store.doctor(fix=True, accept_loss=True)
    assert accepted.ok, accepted.findings
    again = store.doctor(verify=True)
    assert again.ok, again.findings
    assert store.doctor(fix=True, accept_loss=True).fixed == (), "nothing is noted twice"
    with store.open() as journal:
        fill(journal, "later")
    assert store.doctor(verify=True).ok


def test_the_page_has_a_row_for_each_way_of_breaking_a_store_and_no_other():
    names = [breakage.__name__.replace("_", " ") for breakage, *_ in (*IN_GIT, *WITHOUT_GIT)]
    assert [line.split(" | ")[0].removeprefix("| ") for line in rows_of_page()] == names


def test_new_damage_is_a_finding_after_old_damage_was_accepted(templates, tmp_path):
    store = copy_of(templates["plain"], tmp_path / "store")
    byte_in_a_segment(store)
    assert store.doctor(fix=True, accept_loss=True).ok
    store.flip(store.files("segments")[1])
    assert worse_than_information(store.doctor()) == {"damaged"}


def test_one_flipped_byte_costs_one_event_and_says_which(templates, tmp_path):
    store = copy_of(templates["plain"], tmp_path / "store")
    byte_in_a_segment(store)
    (found,) = [item for item in store.doctor().findings if item.code == "damaged"]
    assert found.severity == "error"
    assert found.path == segment_of_the_middle(store)
    assert "line " in found.message
    assert "1 event is lost" in found.message


def test_a_lost_header_costs_no_event(templates, tmp_path):
    store = copy_of(templates["plain"], tmp_path / "store")
    byte_in_a_header(store)
    (found,) = [item for item in store.doctor().findings if item.code == "damaged"]
    assert "no event is lost" in found.message


@pytest.mark.parametrize("kind", ["git", "plain"])
def test_a_healthy_store_has_no_findings(kind, templates, tmp_path):
    store = copy_of(templates[kind], tmp_path / "store")
    for options in ({}, {"verify": True}, {"fix": True}):
        report = store.doctor(**options)
        assert report.findings == ()
        assert report.fixed == ()
    assert report.checked["segments"] == len(store.files("segments"))
    assert report.checked["entities"] == report.checked["projections"] == len(store.answers())
    assert report.checked["records"] > 50
    assert (report.checked["packs"], report.checked["checkpoints"], report.checked["blobs"]) == (1, 2, 1)
    assert report.checked["bytes"] > 100_000


def test_an_empty_store_is_healthy(tmp_path):
    Journal.init(tmp_path)
    assert Store(tmp_path).doctor(verify=True).findings == ()


def test_uncommitted_truth_is_information(templates, tmp_path):
    store = copy_of(templates["git"], tmp_path / "store")
    with store.open() as journal:
        journal.put("plan", "p1", {"stage": "six"})
    report = store.doctor()
    assert [finding.code for finding in report.findings] == ["uncommitted"]
    assert report.ok


def test_what_gives_way_is_parked(templates, tmp_path):
    store = copy_of(templates["git"], tmp_path / "store")
    byte_in_a_segment(store)
    broken = store.read(segment_of_the_middle(store))
    leftover(store)
    store.doctor(fix=True)
    parked = [store.read(path) for path in store.files("local/parked")]
    assert broken in parked
    assert parked.count(b"x") == 2
    assert [item.code for item in store.doctor().findings] == ["parked"]


def test_a_temporary_file_of_a_running_process_is_left(templates, tmp_path):
    store = copy_of(templates["plain"], tmp_path / "store")
    path = f"checkpoints/x.{os.getpid():x}-00aabbcc.journal-tmp"
    store.write(path, b"x")
    assert store.doctor(fix=True).findings == ()
    assert store.read(path) == b"x"


def test_a_segment_that_grew_since_its_commit_keeps_what_it_grew_by(templates, tmp_path):
    store = copy_of(templates["git"], tmp_path / "store")
    with store.open() as journal:
        fill(journal, "six")
    path = store.files("segments")[-1]
    store.git("add", ".journal")
    store.git("commit", "-qm", "part")
    with store.open() as journal:
        fill(journal, "seven")
    answers = store.answers()
    store.flip(path, 1000)
    assert store.doctor(fix=True, verify=True).ok
    assert store.answers() == answers


def test_a_dropped_commit_is_history_and_no_damage(templates, tmp_path):
    store = copy_of(templates["git"], tmp_path / "store")
    with store.open() as journal:
        fill(journal, "six")
        journal.commit("six")
        fill(journal, "seven")
        journal.commit("seven")
    path = store.files("segments")[-2]
    store.git("rm", "-q", f".journal/{path}")
    store.git("commit", "-qm", "drop")
    report = store.doctor(verify=True)
    assert [(item.code, item.severity) for item in report.findings if item.code == "history-missing"] == [
        ("history-missing", "info")
    ]


def test_accepting_without_fixing_is_refused(templates, tmp_path):
    store = copy_of(templates["plain"], tmp_path / "store")
    with pytest.raises(UsageError):
        store.doctor(accept_loss=True)


def test_many_projections_of_one_kind_are_counted(tmp_path):
    Journal.init(tmp_path)
    store = Store(tmp_path)
    with store.open() as journal, journal.transaction() as transaction:
        for number in range(60):
            transaction.put("plan", f"p{number}", {})
    projections_are_gone(store)
    report = store.doctor()
    assert len(report.findings) == 21
    assert "40 more" in report.findings[-1].message


def test_an_accepted_loss_stays_accepted_in_a_fresh_clone(templates, tmp_path):
    store = copy_of(templates["plain"], tmp_path / "store")
    byte_in_a_segment(store)
    with store.open() as journal:
        assert "1 event lost" in journal.damage_note()
    store.doctor(fix=True, accept_loss=True)
    local_is_gone(store)
    with store.open() as journal:
        assert journal.damage_note() is None
        assert journal.status().damage == ()
        assert journal.checkpoint()
    assert store.doctor(verify=True).ok


@pytest.mark.parametrize("kind", ["git", "plain"])
def test_the_store_is_read_once(kind, templates, tmp_path):
    """With ``verify`` what a rebuild reads comes on top: from checkpoints and tail, and from the events alone."""
    store = copy_of(templates[kind], tmp_path / "store")
    truth = [path for folder in ("segments", "archive", "checkpoints") for path in store.files(folder)]
    truth.append(store.blob())
    for is_verified, most in ((False, 1), (True, 3)):
        files = ReadMeter()
        with Journal.open(store.folder, files=files) as journal:
            files.forget()
            assert journal.doctor(verify=is_verified).ok
        sizes = {path: len(store.read(path)) for path in truth}
        read = {path: files.bytes[store.path(path)] for path in truth}
        assert all(read[path] >= sizes[path] for path in truth), "each is looked at"
        assert all(files.whole[store.path(path)] <= most for path in truth)
        assert is_verified or sum(read.values()) <= sum(sizes.values()) + 2_000
        inside = [path for path in files.bytes if path.startswith(store.root) and "/local/" not in path]
        others = {path for path in inside if os.path.relpath(path, store.root).split(os.sep)[0] not in TRUTH}
        assert max(files.whole[path] for path in others) <= 2


TRUTH = ("segments", "archive", "checkpoints", "blobs")


def codes_of_sources():
    folder = os.path.dirname(doctor.__file__)
    paths = [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names if name.endswith(".py")]
    codes = set()
    for path in paths:
        with open(path, encoding="utf-8") as file:
            codes |= set(re.findall(r'(?:Finding|Loss)\(\s*"([a-z-]+)"', file.read()))
    assert len(codes) > 25
    return codes


def codes_of_module():
    """Return the codes of the table that the module begins with, those that it only ends with a dash too."""
    words = {word.strip(",.;:()") for word in doctor.__doc__.split()}
    kinds = [(kind, word) for kind in ("projection", "old") for word in words if word.startswith("-")]
    return words | {f"{kind}{word}" for kind, word in kinds}


def test_every_code_stands_in_the_table_of_the_module():
    assert codes_of_sources() <= codes_of_module()


def test_the_page_has_every_code_and_no_other():
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    page = {"".join(pair) for line in rows for pair in re.findall(r"`([a-z][a-z-]+)`|\(([a-z-]+)\)", line)}
    assert codes_of_sources() | {"old-changed", "old-new", "old-missing", "old-lagging"} <= page
    assert page <= codes_of_module()


@pytest.mark.parametrize("code", ["reference-missing", "unredacted", "state-differs"])
def test_what_may_only_seem_so_while_somebody_writes_is_not_told(tmp_path, monkeypatch, code):
    root = new_store(tmp_path)
    with Journal.open(store=root) as journal, Journal.open(store=root) as other:
        journal.put("t", "x", {"n": 0})
        look_once = looking._look_once

        def while_somebody_writes(*arguments, **options):
            found = look_once(*arguments, **options)
            found.findings.append(Finding(code, "error", None, "so it seems"))
            other.put("t", "x", {"n": other.get("t", "x").data["n"] + 1})
            return found

        monkeypatch.setattr(looking, "_look_once", while_somebody_writes)
        assert [found.code for found in journal.doctor().findings] == ["busy"]
