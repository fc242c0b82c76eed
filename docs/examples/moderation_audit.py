"""A moderation audit: who reported what, who decided and why; nothing of it can be changed afterwards.

Reports and decisions are events in a stream for each post. A moderator decides on what was read: if another report came
meanwhile, the decision is not written, and the moderator looks again. Run it with a folder.
"""

import sys
from collections.abc import Iterator

from journal import Conflict, Journal

POSTS = {"post-1": "Buy cheap rope!!!", "post-2": "The harbour is closed today", "post-3": "You are all fools"}
REPORTS = [
    ("r1", "post-1", "ben", "spam"),
    ("r2", "post-3", "cleo", "insult"),
    ("r3", "post-1", "dora", "spam"),
    ("r4", "post-2", "ben", "false"),
    ("r5", "post-3", "dora", "insult"),
]
RULES = {"spam": ("hide", "no advertising"), "insult": ("hide", "be kind"), "false": ("keep", "it is true")}


def report(journal: Journal) -> None:
    """Write posts and what is said of them; a report has a key, so writing it again does nothing."""
    for post, text in POSTS.items():
        journal.put("post", post, {"text": text}, actor="author")
    for key, post, who, why in REPORTS:
        journal.append(f"moderation/{post}", "Reported", {"why": why}, key=key, actor=who)
        print(f"- {who} reported {post}", flush=True)


def decide(journal: Journal, post: str, moderator: str) -> None:
    """Decide on a post, by all that was said of it; once for each number of reports."""
    while True:
        trail = list(journal.read(f"moderation/{post}"))
        if trail[-1].event == "Decided":
            return
        verdict, rule = RULES[str((trail[-1].data or {})["why"])]
        said = {"verdict": verdict, "rule": rule, "seen": len(trail)}
        result = journal.append(f"moderation/{post}", "Decided", said, expect=len(trail), actor=moderator)
        if not isinstance(result, Conflict):
            print(f"- {moderator} decided on {post}", flush=True)
            return


def audit(journal: Journal) -> Iterator[str]:
    """Yield what an auditor wants to see: every step, by whom, and whether each decision saw all that was said."""
    for post in POSTS:
        verdict = "shown"
        for entry in journal.read(f"moderation/{post}"):
            data = entry.data or {}
            if entry.event == "Reported":
                yield f"{post}: {entry.actor} reported it as {data['why']}"
            else:
                is_sound = data["seen"] == entry.position - 1
                yield f"{post}: {entry.actor} decided: {data['verdict']}, since {data['rule']} (saw all: {is_sound})"
                verdict = {"hide": "hidden", "keep": "shown"}[data["verdict"]]
        yield f"{post} is {verdict}"


def main(folder: str) -> None:
    """Report, decide, audit."""
    Journal.init(folder)
    with Journal.open(folder) as journal:
        report(journal)
        for post in POSTS:
            decide(journal, post, "mona")
        for line in audit(journal):
            print(line)


if __name__ == "__main__":
    main(sys.argv[1])
