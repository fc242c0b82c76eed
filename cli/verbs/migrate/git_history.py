"""``journal migrate git-history``."""

from typing import Any

from ...declare import FLAG, PATH, Argument, Option, Verb
from ...migrating import EACH, RULES, STATUSES, TEXT_ON_RUNS, WISHES, print_migration, rules_of
from ...session import Session

REPOSITORY = Option(
    ("--repository",), "The folder in which the patterns begin; any git work tree.", metavar="DIR", kind=PATH
)
REVISION = Option(("--revision",), "The branch or commit up to which to read (HEAD).", metavar="REVISION")
EVERY_COMMIT = Option(("--every-commit",), "Also the commits of branches that were merged.", FLAG)


def run(
    session: Session, *, patterns: tuple[str, ...], repository: str | None, revision: str | None, **values: Any
) -> int:
    """Migrate files with their git history."""
    rules = rules_of(values)
    found = session.journal.migrate_git_history(
        patterns, repository=repository or ".", revision=revision or "HEAD", rules=rules, **values
    )
    return print_migration(session, found)


VERB = Verb(
    name="migrate git-history",
    summary="Bring in JSON files with their git history.",
    run=run,
    text=f"""\
Each commit that changed entities becomes a transaction, with its author, its time and its subject; of JSON Lines each
line that changed is an event. Patterns are as for migrate folder. Commits are followed along first parents, oldest
first. A file of one entity that is gone deletes it; a renamed one does not, where the id is in a field. Where a commit
holds a file that cannot be read, that is told, and its entities stay as they were. Run again, it goes on with what was
committed since.

{TEXT_ON_RUNS}""",
    arguments=(Argument("patterns", "For instance issues.jsonl or '{type}/{id}.json'.", many=True, metavar="PATTERN"),),
    options=(*RULES, EACH, REPOSITORY, REVISION, EVERY_COMMIT, *WISHES),
    examples=(
        ("journal migrate git-history '{type}/{id}.json' --dry-run", "look first"),
        ("journal migrate git-history issues.jsonl --type issue --repository ../tracker", "from another repository"),
    ),
    statuses=STATUSES | {7: "there is no history to read, or not all of it is here"},
    writes=True,
)
