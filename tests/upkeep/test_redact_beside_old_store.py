"""Goal: what is redacted does not go on standing, unsaid, in the old store that the journal keeps beside it."""

import os

import pytest

from journal import Journal
from tests.support import brainclaw
from tests.support.stores import new_store

SECRET = "hunter2secret"


@pytest.fixture
def base(tmp_path):
    new_store(tmp_path)
    base = str(tmp_path / ".brainclaw")
    brainclaw.old_store(base)
    return base


@pytest.fixture
def journal(tmp_path, base):
    with Journal.open(tmp_path, actor="me") as journal:
        journal.migrate_brainclaw(base)
        journal.change_stage("dual")
        journal.mutate("plan", "pln_1", lambda data: {**data, "title": f"{SECRET} 1", "pin": "4711"})
        yield journal


def read(base, path="plans/pln_1.json"):
    with open(os.path.join(base, *path.split("/")), encoding="utf-8") as file:
        return file.read()


@pytest.mark.parametrize("stage", ["dual", "primary"])
@pytest.mark.parametrize("chosen", [{"value": SECRET}, {"type": "plan", "id": "pln_1", "field": "title"}])
def test_a_document_that_follows_the_journal_is_written_anew(journal, base, stage, chosen):
    if stage == "primary":
        journal.change_stage(stage)
    before = read(base)
    assert SECRET in before
    assert journal.redact(reason="leaked", dry_run=True, **chosen).stays == ()
    done = journal.redact(reason="leaked", **chosen)
    assert read(base) == before.replace(f"{SECRET} 1", "[redacted]")
    assert (done.documents, done.stays) == ((".brainclaw/plans/pln_1.json",), ())
    assert journal.stage_report().standings == []


def test_a_document_that_somebody_changed_is_left_and_told(journal, base):
    path = os.path.join(base, "plans", "pln_1.json")
    text = read(base).replace(f"{SECRET} 1", f"{SECRET} 2")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    for dry_run in (True, False):
        told = journal.redact(value=SECRET, reason="leaked", dry_run=dry_run)
        assert [sentence.partition(":")[0] for sentence in told.stays] == [
            "the file .brainclaw/plans/pln_1.json holds it"
        ]
    assert read(base) == text


def test_what_is_too_short_to_be_looked_for_is_told_of_a_document_that_differs(journal, base):
    path = os.path.join(base, "plans", "pln_1.json")
    text = read(base).replace(SECRET, "theirs")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    done = journal.redact(type="plan", id="pln_1", field="pin", reason="leaked")
    assert [sentence.partition(":")[0] for sentence in done.stays] == [
        "the file .brainclaw/plans/pln_1.json may hold it"
    ]
    assert "4711" in read(base)


def test_where_the_old_files_are_the_truth_each_file_of_theirs_that_holds_it_is_told(journal, base):
    journal.change_stage("off")
    with open(os.path.join(base, "notes.txt"), "w", encoding="utf-8") as file:
        file.write(f"the key is {SECRET}")
    done = journal.redact(value=SECRET, reason="leaked")
    assert [sentence.partition(":")[0] for sentence in done.stays] == [
        "the file .brainclaw/notes.txt holds it",
        "the file .brainclaw/plans/pln_1.json holds it",
    ]
    assert SECRET in read(base)
    assert done.documents == ()
