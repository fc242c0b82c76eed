"""Snapshots in JSON Lines become entities: real ones, gzipped ones, broken ones."""

import gzip
import json
from pathlib import Path

import pytest

from journal import NotFoundError, Rules
from journal.upkeep.migrating import lines
from tests.support.ending import ends

ISSUES = Path(__file__).parents[3] / "shared" / "data" / "beads-issues.jsonl.gz"
needs_issues = pytest.mark.skipif(not ISSUES.exists(), reason="the real snapshot is not beside this checkout")
ISSUE = Rules(type="issue")


def migrate(place, path, rules=ISSUE, **wishes):
    with place.open() as journal:
        return journal.migrate_jsonl(path, rules=rules, **wishes)


@needs_issues
def test_a_real_snapshot_is_here_line_by_line(place):
    found = migrate(place, ISSUES)
    with gzip.open(ISSUES, "rt", encoding="utf-8") as stream:
        wanted = {("issue", document["id"]): document for document in map(json.loads, stream)}
    assert place.entities() == wanted
    assert found.is_whole
    assert found.verified == len(wanted) == 5722
    assert migrate(place, ISSUES).events == 0


def test_the_last_of_several_lines_with_one_id_counts(place):
    path = place.put("x.jsonl", '{"id": "a", "n": 1}\n{"id": "b"}\n{"id": "a", "n": 2}\n')
    found = migrate(place, path)
    assert place.entities() == {("issue", "a"): {"id": "a", "n": 2}, ("issue", "b"): {"id": "b"}}
    assert [(item.code, item.line) for item in found.problems] == [("duplicate", 3)]
    assert len(place.events()) == 2


def test_lines_that_are_none_are_told_and_the_others_are_here(place):
    text = b'{"id": "a"}\n<<<<<<< HEAD\n{"id": "b"}\n=======\n{"id": \n>>>>>>> x\n{"n": 1}\n{"id": "c", "t": "\xff"}\n'
    found = migrate(place, place.put("x.jsonl", text))
    assert {id for _, id in place.entities()} == {"a", "b"}
    assert [(item.code, item.line) for item in found.problems] == [
        ("unreadable", 2),
        ("unreadable", 4),
        ("unreadable", 5),
        ("unreadable", 6),
        ("no-entity", 7),
        ("unreadable", 8),
    ]


def test_a_compressed_file_that_was_cut_off_is_told(place):
    path = place.put("x.jsonl.gz", gzip.compress(b'{"id": "a"}\n' * 3 + b'{"id": "b"}\n' * 5000)[:-20])
    found = migrate(place, path)
    assert found.problem_counts["unreadable"] == 1
    assert "damaged" in found.problems[-1].message or "damaged" in found.problems[0].message


def test_a_line_that_no_memory_could_hold_is_told_and_passed_over(place, monkeypatch):
    monkeypatch.setattr(lines, "FILE_BYTES_MAX", 1000)
    monkeypatch.setattr(lines, "_PIECE_BYTES", 64)
    path = place.put("x.jsonl", b'{"id": "a"}\n{"id": "b", "t": "' + b"x" * 5000 + b'"}\n{"id": "c"}')
    found = migrate(place, path)
    assert {id for _, id in place.entities()} == {"a", "c"}
    assert [(item.code, item.line) for item in found.problems] == [("unreadable", 2)]


def test_so_many_problems_are_counted_and_the_first_ones_listed(place):
    found = migrate(place, place.put("x.jsonl", "{\n" * 1500), dry_run=True)
    assert (len(found.problems), found.problem_counts) == (1000, {"unreadable": 1500})


def test_a_missing_file_is_not_found(place):
    with pytest.raises(NotFoundError):
        migrate(place, place.source / "none.jsonl")


def test_a_line_of_very_many_pieces_is_put_together_once(monkeypatch):
    """Adding each piece to what is there would copy all of it again and again."""
    monkeypatch.setattr("journal.upkeep.migrating.lines._PIECE_BYTES", 16)
    monkeypatch.setattr("journal.upkeep.migrating.lines.FILE_BYTES_MAX", 3_000_000)
    text = b"".join([b"a\n\n", b"b" * 2_900_000, b"\n", b"c" * 3_000_001, b"\n", b"d" * 2_900_000])
    with ends():
        found = list(lines.lines_of(lambda at, size: text[at : at + size]))
    assert [line and (line[:1], len(line)) for line in found] == [
        (b"a", 1),
        b"",
        (b"b", 2_900_000),
        None,
        (b"d", 2_900_000),
    ]
