"""``journal hook``, which the scripts of git's hooks call; not for people."""

import sys

from journal.errors import JournalError, StoreNotFoundError, UsageError

from ..declare import PATH, Argument, Verb
from ..output import shown
from ..session import Session


def run(session: Session, *, name: str, arguments: tuple[str, ...]) -> int:
    """Do what a hook is for; 20 where git is not to go on. Any other trouble is told and stops nothing."""
    from journal.hooks.script import REFUSED

    pushed = sys.stdin.read() if name == "pre-push" and sys.stdin is not None and not sys.stdin.isatty() else ""
    try:
        said = session.journal.run_hook(name, arguments, pushed=pushed)
    except UsageError:
        raise
    except StoreNotFoundError:
        return 0
    except JournalError as error:
        session.output.warn(error.code, f"the {name} hook could not look at the journal: {error.message}")
        return 0
    for line in said:
        session.output.note(shown(line))
    return REFUSED if said.is_refused else 0


VERB = Verb(
    name="hook",
    summary="Do the journal's part of a git hook; the installed scripts run this.",
    run=run,
    text="""\
pre-commit refuses a commit that would leave the journal inconsistent, and says which command puts it right.
post-merge, post-checkout, post-rewrite and pre-merge-commit bring the readable files up to date. pre-push looks
quickly at what leaves. All are silent where there is nothing to say.""",
    arguments=(
        Argument("name", "The hook's name, as git calls it."),
        Argument("arguments", "What git gives the hook.", required=False, many=True, kind=PATH),
    ),
    examples=(('journal hook pre-commit -- "$@" </dev/null', "in a hook of your own"),),
    statuses={20: "refused: git is not to go on"},
    has_json=False,
)
