"""Random damage: nothing whole is lost, nothing lost is passed over in silence, and what is derived heals by itself."""

import os
import random
from contextlib import suppress

import pytest

from journal import Journal, JournalError
from tests.fuzz.rot import ANY_SIZE, SAME_SIZE, answers, damage, files, make, mend, whole

SEEDS = (1, 2, 3)
SOAK_SEEDS = range(1000, 1040)
ROUNDS = 8
INDEX = ("empty", "cut")
"""Single bits of the index have tests of their own (tests/store/test_rotten_index.py): not all of it has a checksum."""

each_seed = pytest.mark.parametrize("seed", [*SEEDS, *(pytest.param(n, marks=pytest.mark.soak) for n in SOAK_SEEDS)])


@each_seed
def test_damage_of_the_truth_costs_what_it_hit_and_is_told_and_a_mend_brings_all_back(seed, tmp_path):
    chance = random.Random(seed)
    root = make(str(tmp_path), chance)
    with Journal.open(store=root) as open_all_the_time:
        expected = answers(open_all_the_time)
        assert expected["events"].keys() == whole(root)
        for number in range(ROUNDS):
            path = chance.choice(files(root, "segments", "archive", "checkpoints"))
            how = chance.choice(SAME_SIZE if path.endswith(".jsonl") and "segments" in path else ANY_SIZE)
            good, said = damage(path, how, chance), f"round {number}: {how} of {os.path.relpath(path, root)}"
            with suppress(JournalError):
                answers(open_all_the_time)  # what it was just reading may be said to have left
            with Journal.open(store=root) as opened_anew:
                for journal in (open_all_the_time, opened_anew):
                    found = answers(journal)["events"]
                    assert found.keys() == whole(root), said
                    assert all(found[id] == expected["events"][id] for id in found), said
                    is_lost = len(found) < len(expected["events"])
                    assert not is_lost or (journal.status().damage and not journal.doctor().ok), said
                mend(path, good)
                assert answers(open_all_the_time) == answers(opened_anew) == expected, said
                assert not opened_anew.status().damage, said


@each_seed
def test_damage_of_what_is_derived_changes_no_answer(seed, tmp_path):
    chance = random.Random(seed)
    root = make(str(tmp_path), chance)
    with Journal.open(store=root) as journal:
        expected = answers(journal)
    for number in range(ROUNDS):
        path = chance.choice(files(root, "local"))
        how = chance.choice(INDEX if "index.db" in path else ANY_SIZE)
        damage(path, how, chance)
        with Journal.open(store=root) as journal:
            assert answers(journal) == expected, f"round {number}: {how} of {os.path.relpath(path, root)}"
            journal.append("a", "After", {"n": number})
            expected = answers(journal)
