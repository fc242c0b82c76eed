"""Goal: a key holds a value; setting it can depend on what it holds; branches that meet merge like any entity."""

import json
import os
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kv_support import Twins, reopened

from journal import ABSENT, Conflict, ExpectationError, Journal, NotFoundError, RefusedError, UsageError
from journal.disk.memory import MemoryBackend
from journal.store.batch import Put
from tests.support.stores import configure, examples, fresh_view, read_bytes

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("ab\u2028ü", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.text("aB/.~\U0010ffff\ud7ff\ue000ö", min_size=1, max_size=3)


def test_a_key_holds_any_json_value_and_null_is_one(journal):
    for value in (None, False, 0, "", [], {}, 1.5, "x" * 100_000, {"value": {"$journal_id": 1}}):
        assert journal.kv.put("k", value) == value
        assert journal.kv.get("k", "nothing") == value
        assert journal.kv.has("k")
    assert journal.kv.delete("k") is True
    assert journal.kv.delete("k") is False
    assert journal.kv.get("k") is None
    assert journal.kv.get("k", 7) == 7
    assert not journal.kv.has("k")


def test_what_cannot_be_stored_is_refused_and_nothing_is_written(journal, root):
    for value in (float("nan"), 2**65, {1: 2}, object(), "\ud800"):
        with pytest.raises(RefusedError):
            journal.kv.put("k", value)
    for key in ("", "a\nb", "x" * 2000, 7):
        with pytest.raises(RefusedError):
            journal.kv.put(key, 1)
    with pytest.raises(UsageError):
        journal.kv.put("k", ABSENT)
    assert journal.kv.keys() == []
    assert fresh_view(root).top == 0


def test_compare_and_set_writes_only_over_what_was_expected(journal):
    assert journal.kv.create("k", 4) == 4
    refused = journal.kv.create("k", 5)
    assert isinstance(refused, Conflict)
    assert (refused.id, refused.expected, refused.actual) == ("k", ABSENT, 4)
    assert journal.kv.cas("k", expected=4, value=3) == 3
    for wrong in (4, 3.0, "3", None, ABSENT):
        found = journal.kv.cas("k", expected=wrong, value=0)
        assert isinstance(found, Conflict)
        assert found.actual == 3
    assert journal.kv.get("k") == 3
    assert isinstance(journal.kv.cas("k", expected=1, value=ABSENT), Conflict)
    assert journal.kv.cas("k", expected=3, value=ABSENT) is ABSENT
    assert journal.kv.cas("k", expected=ABSENT, value=ABSENT) is ABSENT
    assert isinstance(journal.kv.cas("k", expected=3, value=4), Conflict)


def test_what_no_key_can_hold_cannot_be_expected(journal):
    """A Conflict would say: try again, with what is there."""
    journal.kv.put("k", [1, 2])
    for scope in (journal.kv, journal.kv.local):
        for expected in ((1, 2), b"x", {1}, float("nan"), object(), 2**65):
            with pytest.raises(RefusedError, match="no key can hold what is expected"):
                scope.cas("k", expected=expected, value=3)
        assert scope.get("k", "none") == ([1, 2] if scope is journal.kv else "none")
    with pytest.raises(RefusedError), journal.transaction() as together:
        together.kv.cas("k", expected=(1, 2), value=3)
    assert journal.kv.cas("k", expected=[1, 2], value=3) == 3


def test_true_one_and_one_point_nought_are_three_values(journal):
    for value in (True, 1, 1.0):
        journal.kv.put("k", value)
        for other in (True, 1, 1.0):
            is_same = type(other) is type(value)
            assert isinstance(journal.kv.cas("k", expected=other, value=value), Conflict) is not is_same


def test_a_value_that_is_there_already_makes_no_event(journal, root):
    journal.kv.put("k", {"a": 1})
    journal.kv.put("k", {"a": 1})
    assert journal.kv.cas("k", expected={"a": 1}, value={"a": 1}) == {"a": 1}
    assert fresh_view(root).top == 1


def test_of_many_who_take_from_a_stock_each_takes_one(root):
    """Sixteen threads and four handles: what is sold is what was there."""
    with Journal.open(store=root) as first:
        first.kv.put("stock", 20)
    handles = [Journal.open(store=root) for _ in range(4)]
    sold = []

    def sell(handle):
        while (have := handle.kv.get("stock")) > 0:
            if not isinstance(handle.kv.cas("stock", expected=have, value=have - 1), Conflict):
                sold.append(have)

    threads = [threading.Thread(target=sell, args=(handle,)) for handle in handles for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sold) == list(range(1, 21))
    for handle in handles:
        handle.close()


@settings(max_examples=examples(25, 500))
@given(
    st.lists(st.tuples(KEYS, JSON | st.just(ABSENT)), max_size=12),
    st.text("aB/\U0010ffff\ud7ff", max_size=2),
    st.data(),
)
def test_keys_are_listed_by_prefix_in_order_whatever_has_been_written_to_the_index(changes, prefix, data):
    expected = {}
    with Journal.on(MemoryBackend(), projections="lazy") as journal:
        for key, value in changes:
            if value is ABSENT:
                journal.kv.delete(key)
                expected.pop(key, None)
            else:
                journal.kv.put(key, value)
                expected[key] = value
            if data.draw(st.integers(0, 4)) == 0:
                journal.reconcile()
        wanted = {key: expected[key] for key in sorted(expected) if key.startswith(prefix)}
        assert json.dumps(journal.kv.list(prefix)) == json.dumps(wanted)
        assert journal.kv.keys(prefix, limit=2) == list(wanted)[:2]
        after = data.draw(st.sampled_from(sorted(expected) or ["a"]))
        assert journal.kv.keys(prefix, after=after) == [key for key in wanted if key > after]


def test_listing_a_prefix_reads_only_the_keys_that_have_it(journal):
    with journal.transaction() as together:
        for number in range(300):
            together.kv.put(f"a/{number:03}", number)
        together.kv.put("b/1", 1)
    journal.reconcile()
    with journal._engine.reading() as view:
        read = []
        entities = view.index.entities
        view.index.entities = lambda *some, **more: (read.append(row) or row for row in entities(*some, **more))
        assert journal.kv.keys("b/") == ["b/1"]
        assert journal.kv.keys("a/", limit=3) == ["a/000", "a/001", "a/002"]
    assert len(read) <= 8


def test_keys_entities_and_conditions_make_one_transaction(journal, root):
    with journal.transaction(actor="ana", summary="sell") as together:
        together.kv.create("stock", 2)
        together.kv.cas("stock", expected=2, value=1)
        together.put("order", "o1", {"sku": "x"})
    assert [event.tx for event in together.events] == [(1, 3), (2, 3), (3, 3)]
    failing = journal.transaction()
    failing.put("order", "o2", {"sku": "x"})
    failing.kv.cas("stock", expected=9, value=8)
    with pytest.raises(ExpectationError), failing:
        pass
    failing = journal.transaction()
    failing.put("order", "o3", {"sku": "x"})
    failing.kv.delete("nothing")
    with pytest.raises(NotFoundError), failing:
        pass
    assert journal.kv.get("stock") == 1
    assert [entity.id for entity in journal.list("order")] == ["o1"]


def test_callers_cannot_write_the_reserved_type_by_another_door(journal):
    journal.kv.put("k", 1)
    doors = (
        lambda: journal.put("$kv", "k", {"value": 2}),
        lambda: journal.delete("$kv", "k"),
        lambda: journal.new("$kv", {"value": 2}),
        lambda: journal.mutate("$kv", "k", dict),
        lambda: journal.transaction().put("$kv", "k", {"value": 2}),
        lambda: journal.transaction().delete("$kv", "k"),
        lambda: journal.write([Put(type="$kv", id="k", data={"value": 2})]),
        lambda: journal._engine.write([Put(type="$kv", id="k", data={"value": 2, "more": 3})]),
        lambda: journal.put("$other", "k", {"value": 2}),
    )
    for door in doors:
        with pytest.raises(RefusedError):
            door()
    assert journal.kv.get("k") == 1


def test_a_user_of_keys_sees_no_history_and_a_user_of_entities_no_keys(journal):
    journal.kv.put("k", 1)
    journal.put("plan", "p", {"a": 1})
    journal.kv.put("k", 2)
    assert [entity.type for entity in journal.list()] == ["plan"]
    assert [event.type for event in journal.log()] == ["plan"]
    assert [event.data for event in journal.log(type="$kv")] == [{"value": 2}, {"value": 1}]
    assert len(journal.list("$kv")) == 1
    assert len(journal.list(reserved=True)) == 2
    assert len(list(journal.log(reserved=True, limit=3))) == 3
    stats = journal.stats()
    assert (stats["entities"], stats["keys"], [entry["type"] for entry in stats["types"]]) == (1, 1, ["plan"])


def test_a_key_survives_the_loss_of_everything_derived(root):
    with Journal.open(store=root) as journal:
        for number in range(5):
            journal.kv.put("stock/Sku 1", number)
        journal.kv.put("long/" + "x" * 400, [1])
        journal.kv.put("gone", 1)
        journal.kv.delete("gone")
        before = journal.kv.list()
    with reopened(root) as journal:
        assert journal.kv.list() == before == {"long/" + "x" * 400: [1], "stock/Sku 1": 4}
        assert journal.doctor(verify=True).ok


def test_a_checkpoint_and_compaction_carry_the_keys(root):
    configure(root, 'durability = "os"\nroll_bytes = 4096')
    with Journal.open(store=root) as journal:
        for number in range(60):
            journal.kv.put("k", "x" * 200 + str(number))
        journal.checkpoint()
        for number in range(60):
            journal.kv.put("k", "y" * 200 + str(number))
        journal.checkpoint()
        assert journal.compact().packed
        last = journal.kv.get("k")
    with reopened(root) as journal:
        assert journal.kv.get("k") == last
        assert journal.doctor(verify=True).ok


# -- two branches -----------------------------------------------------------------------------------


@pytest.mark.parametrize("driver", [False, True])
def test_two_branches_that_changed_one_key_merge_and_the_conflict_is_listed(tmp_path, driver):
    twins = Twins(tmp_path, driver=driver)
    with twins.merged(lambda kv: kv.put("k", "ours"), lambda kv: kv.put("k", "theirs")) as journal:
        (conflict,) = journal.conflicts()
        assert (conflict.type, conflict.id, conflict.field) == ("$kv", "k", "value")
        sides = {side["value"]: side["event"] for side in (conflict.winner, *conflict.losers)}
        assert sorted(sides) == ["ours", "theirs"]
        assert journal.kv.get("k") == conflict.winner["value"]
        assert json.loads(twins.projection("k")) == {"value": conflict.winner["value"]}
        assert journal.kv.list() == {"k": conflict.winner["value"]}
        loser = conflict.losers[0]
        assert journal.resolve("$kv", "k", "value", take=loser["event"]).data == {"value": loser["value"]}
        assert journal.kv.get("k") == loser["value"]
        assert journal.conflicts() == []
        assert journal.doctor(verify=True).ok


def test_putting_or_swapping_what_shows_settles_a_conflict(tmp_path):
    for number, settle in enumerate(
        (lambda kv, value: kv.put("k", value), lambda kv, value: kv.cas("k", expected=value, value=value))
    ):
        twins = Twins(tmp_path / str(number))
        with twins.merged(lambda kv: kv.put("k", 1), lambda kv: kv.put("k", 2)) as journal:
            shows = journal.kv.get("k")
            assert settle(journal.kv, shows) == shows
            assert journal.conflicts() == []
            assert journal.kv.get("k") == shows


def test_an_update_beside_a_delete_wins_and_is_listed(tmp_path):
    twins = Twins(tmp_path)
    with twins.merged(lambda kv: kv.put("k", 1), lambda kv: kv.delete("k")) as journal:
        (conflict,) = journal.conflicts()
        assert conflict.field is None
        assert journal.kv.get("k") == 1
        journal.kv.put("k", 1)
        assert journal.conflicts() == []


def test_equal_values_of_two_branches_are_no_conflict(tmp_path):
    twins = Twins(tmp_path)
    with twins.merged(lambda kv: kv.put("k", [1]), lambda kv: kv.put("k", [1])) as journal:
        assert journal.conflicts() == []
        assert journal.kv.get("k") == [1]


def test_a_strategy_of_the_configuration_combines_values(tmp_path):
    twins = Twins(tmp_path, types='[types."$kv"]\nmerge = { value = "max" }\nfanout = true')
    with twins.merged(lambda kv: kv.put("k", 5), lambda kv: kv.put("k", 3)) as journal:
        assert journal.kv.get("k") == 5
        assert journal.kv.cas("k", expected=5, value=6) == 6
        assert journal.conflicts() == []
        assert os.listdir(os.path.join(journal.root, "kv")) != ["k.json"]


# -- readable files ---------------------------------------------------------------------------------


def test_a_readable_file_is_absorbed_restored_and_refused_like_an_entitys(root, monkeypatch):
    path = os.path.join(root, "kv", "a%2fb.json")

    def edit(text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    with Journal.open(store=root) as journal:
        journal.kv.put("a/b", 1)
        assert json.loads(read_bytes(path)) == {"value": 1}
        edit('{"value": 2}')
        assert journal.status().edited == ("kv/a%2fb.json",)
        (absorbed,) = journal.absorb([os.path.join(root, "kv")])
        assert (absorbed.type, absorbed.id, absorbed.set) == ("$kv", "a/b", ("value",))
        assert journal.kv.get("a/b") == 2
        for wrong in ('{"value": 2, "more": 1}', "{}", "[1]", "3"):
            edit(wrong)
            with pytest.raises(RefusedError):
                journal.absorb()
        journal.restore([path])
        assert json.loads(read_bytes(path)) == {"value": 2}
        os.unlink(path)
        journal.absorb([path])
        assert journal.kv.keys() == []
        assert journal.doctor(verify=True).ok


def test_a_file_that_vanished_is_written_again_and_a_stray_one_is_told(root):
    with Journal.open(store=root) as journal:
        journal.kv.put("k", 1)
    os.unlink(os.path.join(root, "kv", "k.json"))
    with open(os.path.join(root, "kv", "K.txt"), "w", encoding="utf-8") as file:
        file.write("hello")
    with Journal.open(store=root) as journal:
        assert journal.kv.get("k") == 1
        journal.reconcile()
        assert os.path.exists(os.path.join(root, "kv", "k.json"))
        findings = {finding.code: finding.path for finding in journal.doctor().findings}
        assert findings["strange-file"] == "kv/K.txt"


def test_a_change_of_a_key_can_be_reverted(journal):
    journal.kv.put("k", 1)
    journal.kv.put("k", 2)
    journal.revert("2")
    assert journal.kv.get("k") == 1
    journal.revert("1", force=True)
    assert not journal.kv.has("k")


def test_an_export_has_the_keys(journal):
    from journal.upkeep.exporting import export

    journal.put("plan", "p", {"a": 1})
    journal.kv.put("b", [1])
    journal.kv.put("a", "x")
    assert json.loads(b"".join(export(journal, "json"))) == {
        "entities": {"plan": {"p": {"a": 1}}},
        "kv": {"a": "x", "b": [1]},
    }
    lines = [json.loads(line) for line in b"".join(export(journal, "jsonl")).splitlines()]
    assert [(line["type"], line["id"]) for line in lines] == [("$kv", "a"), ("$kv", "b"), ("plan", "p")]
    assert len(b"".join(export(journal, "events")).splitlines()) == 3


def test_an_empty_store_exports_as_json(journal):
    from journal.upkeep.exporting import export

    assert json.loads(b"".join(export(journal, "json"))) == {"entities": {}, "kv": {}}


def test_in_a_transaction_the_calls_mean_what_they_mean_outside_of_one(journal):
    journal.kv.put("a", 1)
    with pytest.raises(UsageError, match="ABSENT"), journal.transaction() as transaction:
        transaction.kv.put("a", ABSENT)
    assert journal.kv.get("a") == 1
    before = journal.position()
    with journal.transaction() as transaction:
        transaction.kv.cas("never", expected=ABSENT, value=ABSENT)
    assert journal.position() == before
    with journal.transaction() as transaction:
        transaction.kv.cas("never", expected=ABSENT, value=ABSENT)
        transaction.kv.cas("a", expected=1, value=ABSENT)
        transaction.kv.create("b", 2)
    assert journal.kv.list() == {"b": 2}
    with pytest.raises(NotFoundError), journal.transaction() as transaction:
        transaction.kv.delete("a")


def test_a_transaction_that_contradicts_itself_names_no_head_that_was_never_written(journal):
    written = journal.put("plan", "old", {"n": 1})
    for fill in (
        lambda together: [together.kv.create("k", 1), together.kv.create("k", 2)],
        lambda together: [together.put("plan", "new", {}), together.put("plan", "new", {}, expect_rev=0)],
        lambda together: [together.put("plan", "old", {}), together.put("plan", "old", {}, expect_rev=1)],
    ):
        with pytest.raises(ExpectationError) as failed, journal.transaction() as together:
            fill(together)
        conflict = failed.value.conflict
        assert conflict.heads == ((written.event,) if conflict.id == "old" else ())
