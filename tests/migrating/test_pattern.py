"""Which files a pattern names, and what it takes from their paths."""

import pytest

from journal.errors import UsageError
from journal.upkeep.migrating.pattern import parse_pattern


@pytest.mark.parametrize(
    ("pattern", "path", "captured"),
    [
        ("plans/{id}.json", "a.json", {"id": "a"}),
        ("plans/{id}.json", "A.b-c ü.json", {"id": "A.b-c ü"}),
        ("plans/{id}.json", "a.jsonx", None),
        ("plans/{id}.json", "sub/a.json", None),
        ("plans/{id}.json", ".json", None),
        ("plans/{id}.json", ".hidden.json", None),
        ("{type}/{id}.json", "plan/a.json", {"type": "plan", "id": "a"}),
        ("{type}/{id}.json", ".git/a.json", None),
        ("{type}-{id}.json", "a-b-c.json", {"type": "a", "id": "b-c"}),
        ("{type}/{type}-{id}.json", "plan/plan-7.json", {"type": "plan", "id": "7"}),
        ("{type}/{type}-{id}.json", "plan/task-7.json", None),
        ("**/{id}.json", "a.json", {"id": "a"}),
        ("**/{id}.json", "x/y/a.json", {"id": "a"}),
        ("**/{id}.json", "x/.y/a.json", None),
        ("**/tasks/{id}.json", "p/q/tasks/a.json", {"id": "a"}),
        ("*/{id}-v?.json", "x/a-v1.json", {"id": "a"}),
        ("{team}/*/{id}.json", "red/x/a.json", {"team": "red", "id": "a"}),
        ("a+(b)/{id}.json", "c.json", {"id": "c"}),
        ("data.jsonl", "data.jsonl", {}),
        ("data.jsonl", "dataxjsonl", None),
    ],
)
def test_a_path_matches_or_not(pattern, path, captured):
    assert parse_pattern(pattern).match(path) == captured


@pytest.mark.parametrize(
    ("pattern", "top"),
    [
        ("plans/{id}.json", "plans"),
        ("a/b/**/{id}.json", "a/b"),
        ("{id}.json", ""),
        ("/x/y/{id}", "/x/y"),
        ("/{id}", "/"),
    ],
)
def test_what_is_fixed_at_the_beginning_is_where_the_search_begins(pattern, top):
    assert parse_pattern(pattern).top == top


@pytest.mark.parametrize(
    ("pattern", "folder", "leads"),
    [
        ("{type}/{id}.json", "", True),
        ("{type}/{id}.json", "plan", True),
        ("{type}/{id}.json", "plan/x", False),
        ("{type}/{id}.json", ".git", False),
        ("x*/y/{id}.json", "xa/y", True),
        ("x*/y/{id}.json", "xa/z", False),
        ("x*/y/{id}.json", "za", False),
        ("*/**/{id}.json", "a/b/c/d", True),
        ("*/**/{id}.json", "a/.b", False),
    ],
)
def test_only_folders_that_may_hold_a_match_are_looked_into(pattern, folder, leads):
    assert parse_pattern(pattern).leads(folder) is leads


@pytest.mark.parametrize(
    "pattern", ["plans/", "{id}/../x", "{}/a", "{i d}.json", "{id.json", "a}.json", "x/**", "{id}//a"]
)
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(UsageError):
        parse_pattern(pattern)
