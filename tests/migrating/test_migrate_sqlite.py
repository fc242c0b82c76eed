"""Rows of a SQLite database become entities; the database is only read, and trusted in nothing."""

import os
import sqlite3
import stat

import pytest

from journal import NotFoundError, RefusedError, Rules
from journal.index import foreign

TASK = Rules(type="task")


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "app.db"

    def run(*statements, rows=()):
        connection = sqlite3.connect(path)
        for statement in statements:
            connection.execute(statement)
        for statement, values in rows:
            connection.execute(statement, values)
        connection.commit()
        connection.close()
        return path

    return run


def migrate(place, path, query="SELECT * FROM t", rules=TASK, **wishes):
    with place.open() as journal:
        return journal.migrate_sqlite(path, query, rules=rules, **wishes)


def test_each_row_is_an_entity_and_each_column_a_field(place, database):
    insert = "INSERT INTO t VALUES(?, ?, ?, ?)"
    path = database(
        "CREATE TABLE t(id, title, weight, done)",
        rows=[(insert, (1, "é 🚢", 1.5, None)), (insert, (2**62, "b", -(2**63), 1))],
    )
    before = path.read_bytes()
    found = migrate(place, path)
    assert place.entities() == {
        ("task", "1"): {"id": 1, "title": "é 🚢", "weight": 1.5, "done": None},
        ("task", str(2**62)): {"id": 2**62, "title": "b", "weight": -(2**63), "done": 1},
    }
    assert found.is_whole
    assert path.read_bytes() == before
    assert os.listdir(path.parent).count("app.db") == len([name for name in os.listdir(path.parent) if "app" in name])
    assert migrate(place, path, omit_null=True).types["task"]["update"] == 1


def test_columns_may_be_json_bytes_and_types(place, database):
    path = database("CREATE TABLE t(k, kind, body, raw)", "INSERT INTO t VALUES('a', 'plan', '{\"n\": [1]}', x'00ff')")
    rules = Rules(type_field="kind", id_field="k", without=("kind",))
    found = migrate(place, path, rules=rules, json=["body"], base64=True)
    assert place.entities() == {("plan", "a"): {"k": "a", "body": {"n": [1]}, "raw": "AP8="}}
    assert found.is_whole


def test_rows_that_are_no_entity_are_told_and_the_others_are_here(place, database):
    path = database(
        "CREATE TABLE t(id, v, j)",
        "INSERT INTO t VALUES(1, x'00', NULL), (2, CAST(x'ff' AS TEXT), NULL), (3, 9e999, NULL), (NULL, 1, NULL)",
        "INSERT INTO t VALUES(5, 1, '{'), (6, 1, 7), (7, 1, '[]')",
    )
    found = migrate(place, path, json=["j"])
    assert set(place.entities()) == {("task", "7")}
    assert [(item.code, item.line) for item in found.problems] == [("no-entity", line) for line in range(1, 7)]
    assert "--base64" in found.problems[0].message


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM t",
        "SELECT 1; SELECT 2",
        "ATTACH 'x' AS y",
        "PRAGMA writable_schema=ON",
        "SELECT load_extension('x')",
        "SELECT id, id FROM t",
        "SELECT * FROM nowhere",
        "SELEC",
        "",
        "CREATE TABLE x(y)",
        "SELECT zeroblob(100000000) AS id",
    ],
)
def test_a_query_that_does_more_than_select_is_refused_and_nothing_written(place, database, query):
    path = database("CREATE TABLE t(id)", "INSERT INTO t VALUES(1)")
    before = path.read_bytes()
    with pytest.raises(RefusedError):
        migrate(place, path, query)
    assert place.events() == []
    assert path.read_bytes() == before


def test_a_query_that_never_ends_is_ended(place, database, monkeypatch):
    monkeypatch.setattr(foreign, "STEPS_PER_ROW_MAX", 1_000_000)
    path = database("CREATE TABLE t(id)")
    endless = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT id FROM n WHERE id < 0"
    with pytest.raises(RefusedError, match="too long"):
        migrate(place, path, endless)


def test_what_is_no_database_or_broken_is_refused(place, database, tmp_path):
    (tmp_path / "text.db").write_text("no database" * 100)
    with pytest.raises(RefusedError, match="not a database"):
        migrate(place, tmp_path / "text.db")
    with pytest.raises(NotFoundError):
        migrate(place, tmp_path / "none.db")
    path = database("CREATE TABLE t(id, v)", *["INSERT INTO t VALUES(abs(random()), hex(zeroblob(500)))"] * 40)
    data = bytearray(path.read_bytes())
    data[4096 : 4096 + 2000] = b"\xff" * 2000
    path.write_bytes(data)
    with pytest.raises(RefusedError):
        migrate(place, path)
    assert place.events() == []


def test_a_database_that_may_not_be_written_can_be_read(place, database):
    path = database("CREATE TABLE t(id)", "INSERT INTO t VALUES('a')")
    path.chmod(stat.S_IRUSR)
    assert migrate(place, path).is_whole


def test_a_view_in_a_hostile_schema_cannot_reach_outside(place, database):
    path = database("CREATE TABLE x(id)", "CREATE VIEW t AS SELECT load_extension('/tmp/evil') AS id FROM x")
    with pytest.raises(RefusedError):
        migrate(place, path)
