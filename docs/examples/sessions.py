"""Sessions of a web application in keys: log in, be seen, log out everywhere. Run it with a folder.

Who is logged in is a key that goes with the store; each request only touches a local key, which expires by itself and
makes no event. Logging out deletes the session only if it is still the one that was read.
"""

import hashlib
import sys

from journal import ABSENT, Conflict, Journal

VISITS = [
    ("ana", "log in", "laptop"),
    ("ana", "request", "laptop"),
    ("ben", "log in", "phone"),
    ("ana", "log in", "phone"),
    ("ben", "request", "phone"),
    ("ben", "log out", "phone"),
    ("ana", "request", "phone"),
    ("cleo", "log in", "laptop"),
    ("ana", "log out everywhere", ""),
]
IDLE_SECONDS = 3600.0


def session_key(who: str, device: str) -> str:
    """Return the key of a session; a real program would take random bytes in place of this hash."""
    return f"session/{who}/{hashlib.sha256(f'{who} {device}'.encode()).hexdigest()[:12]}"


def log_in(journal: Journal, who: str, device: str) -> None:
    """Make a session; one that is there already is found, and left as it is."""
    made = journal.kv.create(session_key(who, device), {"who": who, "device": device})
    if isinstance(made, Conflict):
        assert made.actual == {"who": who, "device": device}
    touch(journal, who, device)


def touch(journal: Journal, who: str, device: str) -> None:
    """Note that a session was used: on this machine alone, and for an hour."""
    journal.kv.local.put(f"seen/{session_key(who, device)}", who, ttl_seconds=IDLE_SECONDS)


def log_out(journal: Journal, key: str) -> None:
    """End a session, if nobody has changed it since it was read."""
    while (session := journal.kv.get(key, ABSENT)) is not ABSENT:
        if not isinstance(journal.kv.cas(key, expected=session, value=ABSENT), Conflict):
            break
    journal.kv.local.delete(f"seen/{key}")


def visit(journal: Journal, who: str, what: str, device: str) -> None:
    """Do what one visit asks for."""
    if what == "log in":
        log_in(journal, who, device)
    elif what == "request":
        touch(journal, who, device)
    elif what == "log out":
        log_out(journal, session_key(who, device))
    else:
        mine = f"session/{who}/"  # also those that a run which was killed had ended, and not forgotten
        seen = {key.removeprefix("seen/") for key in journal.kv.local.keys(f"seen/{mine}")}
        for key in sorted(seen.union(journal.kv.keys(mine))):
            log_out(journal, key)


def main(folder: str) -> None:
    """Go through all visits, those of an earlier run that was killed left out; then say who is there."""
    Journal.init(folder)
    with Journal.open(folder) as journal:
        for number, (who, what, device) in enumerate(VISITS):
            if journal.kv.get("visits", 0) > number:
                continue
            visit(journal, who, what, device)
            journal.kv.put("visits", number + 1)
            print(f"- {who}: {what}", flush=True)
        sessions = journal.kv.list("session/")
        print(f"logged in: {', '.join(sorted(session['who'] for session in sessions.values()))}")
        stale = [key for key in journal.kv.local.keys("seen/") if key.removeprefix("seen/") not in sessions]
        print(f"seen without a session: {len(stale)}")
        print(f"entities that anybody would see: {len(journal.list())}")


if __name__ == "__main__":
    main(sys.argv[1])
