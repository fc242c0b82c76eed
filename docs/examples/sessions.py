"""Sessions of a web application in keys: log in, be seen, be idle for too long, log out everywhere.

That there is a session is a key that goes with the store. That it was used a moment ago is a local key, which expires
by itself and makes no event: each request only touches that one.
"""

import hashlib
import sys
import time
from pathlib import Path

from journal import Conflict, Journal

VISITS = [
    ("ana", "laptop", "log in"),
    ("ana", "laptop", "request"),
    ("ben", "phone", "log in"),
    ("ana", "phone", "log in"),
    ("ben", "phone", "log out"),
    ("ben", "phone", "request"),
    ("cleo", "kiosk", "log in"),
    ("cleo", "kiosk", "request late"),
    ("dora", "laptop", "log in"),
    ("ana", "phone", "log out everywhere"),
    ("ana", "laptop", "request"),
]
IDLE_SECONDS = {"kiosk": 0.05}
IDLE_SECONDS_ELSE = 3600.0


def key_of(who: str, device: str) -> str:
    """Return the key of a session: a hash of the token that the browser keeps. Who reads the store has no token.

    A real program makes the token of random bytes: ``secrets.token_urlsafe()``.
    """
    token = f"the token of {who} on {device}"
    return f"session/{who}/{hashlib.sha256(token.encode()).hexdigest()[:16]}"


def touch(journal: Journal, who: str, device: str) -> str:
    """Note that a session was used: on this machine alone, and for as long as it may be idle."""
    idle_seconds = IDLE_SECONDS.get(device, IDLE_SECONDS_ELSE)
    journal.kv.local.put(f"seen/{key_of(who, device)}", device, ttl_seconds=idle_seconds)
    return "welcome"


def log_out(journal: Journal, key: str) -> str:
    """End a session, if there is one. Killed in between, it is idle, and ends the next time."""
    journal.kv.local.delete(f"seen/{key}")
    journal.kv.delete(key)
    return "bye"


def visit(journal: Journal, who: str, device: str, what: str) -> str:
    """Do what one visit asks for, and answer. To do it again changes nothing, and the answer is the same."""
    key = key_of(who, device)
    if what == "log in":
        made = journal.kv.create(key, {"who": who, "device": device})
        assert not isinstance(made, Conflict) or made.actual["who"] == who, "two browsers have one token"
        return touch(journal, who, device)
    if what == "log out":
        return log_out(journal, key)
    if what == "log out everywhere":
        for each in journal.kv.keys(f"session/{who}/"):
            log_out(journal, each)
        return "bye"
    time.sleep(0.1 if what == "request late" else 0)
    if journal.kv.has(key) and journal.kv.local.has(f"seen/{key}"):
        return touch(journal, who, device)
    log_out(journal, key)  # idle for too long, or gone before
    return "log in first"


def main(folder: str) -> None:
    """Go through all visits, those of an earlier run that was killed left out; then say who is there."""
    Journal.init(Path(folder, ".journal"))
    with Journal.open(folder) as journal:
        answers = journal.kv.get("answers", [])
        for who, device, what in VISITS[len(answers) :]:
            answers = journal.kv.put("answers", [*answers, visit(journal, who, device, what)])
            print(f"- {who}: {what}: {answers[-1]}", flush=True)
        for (who, device, what), answer in zip(VISITS, answers, strict=True):
            print(f"{who} on the {device}: {what}: {answer}")
        sessions = journal.kv.list("session/")
        print(f"logged in: {', '.join(sorted(session['who'] for session in sessions.values()))}")
        unknown = [key for key in journal.kv.local.keys("seen/") if key.removeprefix("seen/") not in sessions]
        print(f"seen without a session: {len(unknown)}")
        print(f"entities that anybody would see: {len(journal.list())}")


if __name__ == "__main__":
    main(sys.argv[1])
