"""Goal: keys and values from a shell: set, compare and set, list by prefix."""

import json
import time


def test_a_key_is_put_read_listed_and_deleted(work):
    assert work("kv", "put", "stock/a", "4").out == "stock/a = 4\n"
    work("kv", "put", "stock/b", '"text"')
    work("kv", "put", "other", "-", input="[1, 2]")
    assert work("kv", "get", "stock/b").out == '"text"\n'
    assert work("kv", "get", "stock/a", "--json").json == {"key": "stock/a", "value": 4}
    assert work("kv", "list", "stock/", "--json").lines == [
        {"key": "stock/a", "value": 4},
        {"key": "stock/b", "value": "text"},
    ]
    assert work("kv", "list", "--keys").out == "other\nstock/a\nstock/b\n"
    assert work("kv", "list", "--keys", "--limit", "1").out == "other\n"
    assert "stock/b  " in work("kv", "list").out
    assert work("kv", "delete", "other").out == "deleted other\n"
    assert work("kv", "delete", "other", status=3).err
    assert work("kv", "get", "other", "--json", status=3).error["code"] == "not-found"


def test_compare_and_set_has_a_status_of_its_own(work):
    assert work("kv", "cas", "k", "none", "4", "--json").json == {"key": "k", "value": 4}
    refused = work("kv", "cas", "k", "none", "5", "--json", status=4)
    conflict = refused.error["conflict"]
    assert (conflict["type"], conflict["id"], conflict["actual"], "expected" in conflict) == ("$kv", "k", 4, False)
    assert "expected: none" in work("kv", "cas", "k", "none", "5", status=4).err
    assert "actual:   none" in work("kv", "cas", "nothing", "5", "6", status=4).err
    assert work("kv", "cas", "k", "4", "3").out == "k = 3\n"
    assert work("kv", "cas", "k", "3", "none", "--json").json == {"key": "k"}
    assert work("kv", "cas", "k", '"none"', "1", status=4).out == ""


def test_what_was_found_is_told_as_json_and_how_to_read_it_again(work):
    work("kv", "put", "a key", '"none"')
    told = work("kv", "cas", "a key", "none", "1", status=4).err
    assert told.splitlines() == [
        """journal: the key 'a key' holds "none"; nothing was written""",
        "  hint: read it again (journal kv get 'a key'), and try with what it holds",
        "  expected: none",
        '  actual:   "none"',
    ]
    assert "journal kv get --local k" in work("kv", "cas", "--local", "k", "1", "2", status=4).err
    assert "kv list --local" in work("kv", "get", "--local", "k", status=3).err
    assert work("kv", "cas", "k", "none", "none").out == "there is no key k, as expected\n"


def test_numbers_below_nought_are_values_and_no_options(work):
    assert work("kv", "put", "k", "-5").out == "k = -5\n"
    assert work("kv", "cas", "k", "-5", "-0.5", "--json").json == {"key": "k", "value": -0.5}
    assert "no such option '--less'" in work("kv", "put", "k", "-5", "--less", status=2).err


def test_a_long_value_takes_one_line_of_a_terminal(work):
    value = json.dumps("x" * 1000)
    assert work("kv", "put", "k", value, terminal=True).out == "k = " + value[:75] + "…\n"
    assert work("kv", "put", "k", value).out == f"k = {value}\n"


def test_a_number_of_keys_is_not_negative(work):
    for scope in ([], ["--local"]):
        work("kv", "put", "a", "1", *scope)
        work("kv", "put", "b", "1", *scope)
        assert work("kv", "list", "--keys", "--limit", "1", *scope).out == "a\n"
        assert "limit is a whole number, 0 or more" in work("kv", "list", "--limit", "-1", *scope, status=2).err


def test_what_is_no_json_is_refused_and_says_where(work):
    assert work("kv", "put", "k", "text", status=6).err
    assert work("kv", "put", "", "1", status=6).err
    assert work("kv", "list").out == ""


def test_the_conflict_of_two_branches_is_listed_and_resolved(work):
    work("kv", "put", "k", "0")
    work("commit", "-qm", "base")
    work.git("switch", "-qc", "other")
    work("kv", "put", "k", "1", "--actor", "ben")
    work("commit", "-qm", "other")
    work.git("switch", "-q", "main")
    work("kv", "put", "k", "2", "--actor", "cleo")
    work("commit", "-qm", "main")
    work.git("merge", "-q", "-X", "ours", "--no-edit", "other")
    (conflict,) = work("conflicts", "--json").lines
    assert (conflict["type"], conflict["id"], conflict["field"]) == ("$kv", "k", "value")
    loser = conflict["losers"][0]
    work("resolve", "$kv", "k", "value", "--take", loser["event"])
    assert work("kv", "get", "k").out == f"{json.dumps(loser['value'])}\n"
    assert work("conflicts", "--json").out == ""


def test_keys_are_in_no_list_log_or_table_of_types_unless_asked_for(work):
    work("kv", "put", "k", "1")
    assert work("list", "--json").out == work("log", "--json").out == ""
    assert [line["id"] for line in work("list", "$kv", "--json").lines] == ["k"]
    assert len(work("log", "--type", "$kv", "--json").lines) == 1
    stats = work("stats", "--json").json
    assert (stats["keys"], stats["types"]) == (1, [])
    assert "reserved" in work("put", "$other", "k", "{}", status=6).err
    assert "journal.kv" in work("put", "$kv", "k", '{"value": 2}', status=6).err


def test_a_local_key_expires_and_is_in_no_commit(work):
    work("kv", "put", "--local", "--ttl", "1000", "lease", '"ana"')
    assert work("kv", "cas", "--local", "lease", "none", '"ben"', status=4).err
    assert work("kv", "get", "--local", "lease").out == '"ana"\n'
    assert work("kv", "list", "--local", "--json").lines == [{"key": "lease", "value": "ana"}]
    assert work("kv", "list").out == ""
    assert work("kv", "get", "lease", status=3).err
    assert work("kv", "cas", "--local", "--ttl", "0.001", "lease", '"ana"', '"ben"').out == 'lease = "ben"\n'
    time.sleep(0.05)  # the clock that counts may tick in hundredths of a second
    assert work("kv", "delete", "--local", "lease", status=3).err
    assert "--local" in work("kv", "put", "--ttl", "3", "k", "1", status=2).err
    assert work("kv", "put", "--local", "--ttl", "0", "k", "1", status=2).err
    assert work("log", "--type", "$kv").out == ""
