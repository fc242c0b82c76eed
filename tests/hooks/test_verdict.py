"""Goal: the decision about a commit is the table at the head of its module."""

import pytest
from journal.hooks.verdict import TruthFacts, projection_problem, truth_problem

SEGMENT, PACK, CHECKPOINT, BLOB = "segments/s.jsonl", "archive/p.gz", "checkpoints/c.gz", "blobs/ab/abc"


def gone(path, **facts):
    return TruthFacts(path, is_there=False, was_there=True, **facts)


def new(path, **facts):
    return TruthFacts(path, is_there=True, was_there=False, **facts)


def changed(path, **facts):
    return TruthFacts(path, is_there=True, was_there=True, **facts)


@pytest.mark.parametrize(
    ("facts", "in_progress", "code"),
    [
        (new("local/index.db"), False, "local-tracked"),
        (new("local/index.db"), True, "local-tracked"),
        (changed("local/lanes.json"), False, "local-tracked"),
        (gone("local/index.db"), False, None),
        (gone(CHECKPOINT), False, None),
        (gone(SEGMENT, packed=True), False, None),
        (gone(SEGMENT), False, "truth-removed"),
        (gone(SEGMENT), True, None),
        (gone(PACK), False, "truth-removed"),
        (gone(PACK), True, None),
        (gone(BLOB), False, "truth-removed"),
        (gone("README.md"), False, None),
        (new(SEGMENT), False, None),
        (new(SEGMENT, on_disk="missing"), False, None),
        (new(SEGMENT, has_markers=True), False, "conflict-markers"),
        (changed("journal.toml", has_markers=True), True, "conflict-markers"),
        (changed("journal.toml"), False, None),
        (new(SEGMENT, on_disk="longer"), False, "truth-behind"),
        (changed(SEGMENT, on_disk="longer", continues=True), False, "truth-behind"),
        (changed(SEGMENT, continues=True), False, None),
        (changed(SEGMENT), False, "truth-changed"),
        (changed(SEGMENT), True, None),
        (changed(PACK), True, "truth-changed"),
        (changed(BLOB, continues=True), False, "truth-changed"),
        (new(SEGMENT, on_disk="other"), False, "truth-differs"),
        (new(PACK, on_disk="longer"), False, "truth-differs"),
        (new("README.md", on_disk="other"), False, None),
    ],
)
def test_a_file_that_is_no_projection(facts, in_progress, code):
    problem = truth_problem(facts, in_progress=in_progress)
    assert (problem and problem.code) == code


def test_what_is_gone_from_the_disk_comes_back_there_too_and_nothing_else_is_touched():
    assert truth_problem(gone(SEGMENT), in_progress=False).command == "git restore --staged -- PATH"
    found = truth_problem(gone(SEGMENT, on_disk="missing"), in_progress=False)
    assert found.command == "git restore --worktree --staged -- PATH"


@pytest.mark.parametrize(
    ("shows", "code"),
    [
        ("staged-truth", None),
        ("truth-on-disk", "truth-not-staged"),
        ("markers", "conflict-markers"),
        ("machine-made", "projection-stale"),
        ("nothing", "projection-removed"),
        ("edit", "projection-edited"),
    ],
)
def test_a_projection(shows, code):
    problem = projection_problem("entities/plan/p1.json", shows)
    assert (problem and problem.code) == code
