"""A moderation audit: who reported what, who decided and why; nothing of it can be changed afterwards.

Reports and decisions are events in a stream for each post. A moderator decides on what was read: if another report came
meanwhile, the decision is not written, and the moderator looks again.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from journal import Conflict, Journal

POSTS = {
    "post-1": "Buy cheap rope!!!",
    "post-2": "The harbour is closed today",
    "post-3": "You are all fools",
    "post-4": "Good morning",
}
REPORTS = [
    ("r1", "post-1", "ben", "spam"),
    ("r2", "post-3", "cleo", "insult"),
    ("r3", "post-1", "dora", "spam"),
    ("r4", "post-2", "ben", "false"),
    ("r5", "post-3", "dora", "spam"),
    ("r6", "post-3", "ben", "insult"),
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
    """Decide on a post by all that was said of it; once, unless more is said."""
    while True:
        trail = list(journal.read(f"moderation/{post}"))
        if not trail or trail[-1].event == "Decided":
            return
        reasons = Counter(entry.data["why"] for entry in trail if entry.event == "Reported")
        verdict, rule = RULES[reasons.most_common(1)[0][0]]
        seen = trail[-1].position
        said = {"verdict": verdict, "rule": rule, "seen": seen}
        written = journal.append(f"moderation/{post}", "Decided", said, expect=seen, actor=moderator)
        if not isinstance(written, Conflict):
            print(f"- {moderator} decided on {post}", flush=True)
            return


def audit(journal: Journal) -> Iterator[str]:
    """Yield what an auditor wants to see: every step, by whom, and whether each decision saw all that was said."""
    for post in POSTS:
        verdict = "keep"
        for entry in journal.read(f"moderation/{post}"):
            if entry.event == "Reported":
                yield f"{post}: {entry.actor} reported it as {entry.data['why']}"
            else:
                verdict = entry.data["verdict"]
                is_sound = entry.data["seen"] == entry.position - 1
                yield f"{post}: {entry.actor} decided: {verdict}, since {entry.data['rule']} (saw all: {is_sound})"
        yield f"{post} is {'hidden' if verdict == 'hide' else 'shown'}"


def main(folder: str) -> None:
    """Report, decide, audit."""
    Journal.init(Path(folder, ".journal"))
    with Journal.open(folder) as journal:
        report(journal)
        for post in POSTS:
            decide(journal, post, "mona")
        print("\n".join(audit(journal)))


if __name__ == "__main__":
    main(sys.argv[1])
