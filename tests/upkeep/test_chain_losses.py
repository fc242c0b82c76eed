"""What headers say of the segments before them, held against what is here. Pure."""

from journal.format.segment import Previous
from journal.upkeep.checks.facts import SectionRead
from journal.upkeep.checks.survey import Survey
from journal.upkeep.checks.truth import chain_losses
from tests.support.stores import LANE_A, LANE_B

SEGMENT, STORE = f"000000000001-{LANE_A}", "st_a"


def section(path, lane, first, last, end=None, *, saw=True):
    previous = None if end is None else Previous(SEGMENT, 0, end)
    return SectionRead(path, lane, first, last, STORE, previous, False, saw)


def losses(*sections):
    survey = Survey({}, {})
    survey.sections.extend(sections)
    return [(loss.code, loss.low, loss.high) for loss in chain_losses(survey, {}, lambda _: False)]


PACKED = section("archive/a.jsonl.gz", LANE_A, 1, 3)
NEXT = section(f"segments/000000000006-{LANE_A}.jsonl", LANE_A, 6, 6, end=5)
ENDING = section(f"segments/000000000007-{LANE_B}.jsonl", LANE_B, 7, 7, end=3)


def test_a_pack_that_ends_before_the_next_header_says_is_damaged():
    assert losses(PACKED, NEXT) == [("damaged", 4, 5)]


def test_of_two_headers_that_say_where_a_segment_ends_the_least_counts():
    assert losses(PACKED, NEXT, ENDING) == losses(ENDING, PACKED, NEXT) == losses(PACKED, ENDING) == []


def test_a_segment_that_a_header_names_and_that_is_not_here_is_missing():
    assert losses(ENDING) == [("history-missing", 1, 3)]


def test_a_segment_that_its_writer_did_not_have_is_missing_only_where_another_had_it():
    unseen = ENDING._replace(saw_previous=False)
    assert losses(unseen) == []
    assert losses(unseen, NEXT) == losses(NEXT) == [("history-missing", 1, 5)]
