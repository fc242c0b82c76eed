"""``journal redact`` tells first, does what it is told to, and never prints what it takes out."""

import os

SECRET = "hunter2-hunter2"


def test_without_yes_it_only_tells(shell):
    shell("put", "user", "u1", f'{{"token": "{SECRET}"}}')
    told = shell("redact", "--value", SECRET, "--reason", "leaked")
    assert "would be redacted" in told.out
    assert "nothing was changed" in told.err
    assert SECRET not in told.out + told.err
    assert shell("get", "user", "u1", "--json").json["data"] == {"token": SECRET}


def test_with_yes_it_is_done_and_the_answer_names_no_value(shell):
    shell("put", "user", "u1", f'{{"token": "{SECRET}"}}')
    done = shell("redact", "--entity", "user", "u1", "--field", "token", "--reason", "leaked", "--yes", "--json")
    assert done.json["done"] is True
    assert [event["paths"] for event in done.json["events"]] == [["/data/token"]]
    assert done.json["git"] is None
    assert SECRET not in done.out
    assert shell("get", "user", "u1", "--json").json["data"] == {"token": "[redacted]"}
    again = shell("redact", "--entity", "user", "u1", "--field", "token", "--reason", "leaked", "--yes")
    assert again.out == "nothing here holds it\n"


def test_it_is_not_said_that_nothing_holds_it_where_a_file_does_that_is_a_persons(shell):
    shell("put", "user", "u1", "{}")
    shell("schema", "put", "user", f'{{"default": "{SECRET}"}}')
    for words in ((), ("--yes",)):
        told = shell("redact", "--value", SECRET, "--reason", "leaked", *words)
        assert told.out == "nothing that can be taken out holds it\n"
        assert "schemas/user.json" in told.err


def test_the_value_may_come_from_a_file(shell):
    shell("put", "user", "u1", f'{{"token": "{SECRET}"}}')
    with open(shell.path("token.txt"), "w") as file:
        file.write(SECRET)
    shell("redact", "--value", f"@{shell.path('token.txt')}", "--reason", "leaked", "--yes")
    assert shell("get", "user", "u1", "--json").json["data"] == {"token": "[redacted]"}


def test_what_makes_no_sense_is_refused(shell):
    shell("put", "user", "u1", "{}")
    wrong = [
        ("--value", "x"),
        ("--reason", "x"),
        ("--entity", "user", "--reason", "x"),
        ("u1", "--reason", "x"),
        ("--value", "x", "--event", "1", "--reason", "y"),
        ("--value", "x", "--reason", "y", "--dry-run", "--yes"),
    ]
    for words in wrong:
        assert shell("redact", *words, status=2).out == "", words
    shell("redact", "--value", SECRET, "--reason", f"it was {SECRET}", status=6)
    shell("redact", "--entity", "user", "nobody", "--reason", "x", status=3)


def test_the_lock_s_holder_is_told_without_what_is_written(shell):
    shell("put", "user", "u1", f'{{"token": "{SECRET}"}}')
    for place, _, names in os.walk(shell.store("local")):
        for name in names:
            if not name.startswith("index.db"):
                with open(os.path.join(place, name), "rb") as file:
                    assert SECRET.encode() not in file.read(), name
