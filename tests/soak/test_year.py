"""What a store costs does not grow with the years: a small year in the suite, a real one with ``-m soak``."""

import pytest

from tests.soak.year import Life, Scale


def test_a_small_year_costs_at_its_end_what_it_cost_at_its_beginning(tmp_path):
    life = Life(str(tmp_path), Scale(weeks=4, events=600, entities=60, commits_a_week=1, weeks_a_month=1))
    life.live()
    life.check()


@pytest.mark.soak
def test_a_year_of_a_million_events_costs_at_its_end_what_it_cost_at_its_beginning(tmp_path):
    life = Life(str(tmp_path), Scale())
    life.live()
    life.check()
