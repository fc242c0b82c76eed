"""The steps of the guided run: what is told, and the commands that are really run. Pure."""

from typing import NamedTuple


class Command(NamedTuple):
    """A command line, where it runs (below the scratch folder), and the exit status that it must have."""

    line: str
    status: int = 0
    folder: str = "work"


class Flip(NamedTuple):
    """A byte is flipped in the middle of a file that a pattern names, as a bad disk would."""

    pattern: str
    folder: str


class Step(NamedTuple):
    """A heading, a few sentences, what is run, and what to look at."""

    title: str
    text: str
    actions: tuple[Command | Flip, ...]
    look: str = ""


_PLAN = '{"title": "Ship it", "owner": "ana", "notes": "", "priority": 2, "status": "open"}'

STEPS = (
    Step(
        "1. A store in a git repository",
        "The store is one folder, .journal, which git carries like any other. No server, no daemon.",
        (Command("git init -q -b main ."), Command("journal init")),
    ),
    Step(
        "2. Write",
        "An entity is a JSON object with a type and an id. A command returns when its change is on the disk.",
        (
            Command(f"journal put plan ship '{_PLAN}'"),
            Command("journal put plan docs --set title='Write the guide' --set priority=1 --set status=open"),
            Command("journal put plan docs --set status=doing --action claim --summary 'I take this one'"),
            Command("journal list plan --sort priority"),
        ),
    ),
    Step(
        "3. Browse",
        "What holds now is one plain JSON file an entity, for editors, grep, jq, diffs and reviews.",
        (Command("journal get plan docs"), Command("git status --short --untracked-files=all .journal/entities")),
        "open {work}/.journal/entities/plan/ship.json in your editor",
    ),
    Step(
        "4. Commit",
        "Only the store's files are committed; whatever else you have staged or changed stays as it is.",
        (Command("journal commit -m 'Two plans'"), Command("git log --oneline --stat -1")),
    ),
    Step(
        "5. Branch and merge",
        "Two branches change the same plan. Git never meets a conflict in the journal's own files, because no file "
        "of it is ever written by two; the state is what all events together mean.",
        (
            Command("git switch -q -c other"),
            Command("journal put plan ship --set title='Ship it this week' --actor ben"),
            Command("journal commit -q -m 'A better title'"),
            Command("git switch -q main"),
            Command("journal put plan ship --set notes='ask the testers' --actor ana"),
            Command("journal commit -q -m 'A note'"),
            Command("git merge -q --no-edit other"),
            Command("journal get plan ship"),
        ),
    ),
    Step(
        "6. Look back",
        "Every change is an event, for ever: who, when, what. Also what was there before, and undoing.",
        (
            Command("journal log"),
            Command("journal blame plan ship"),
            Command("journal history plan docs --patch"),
            Command("journal get plan ship --rev 1"),
            Command("journal revert 3"),
            Command("journal list plan"),
        ),
    ),
    Step(
        "7. Lose everything that can be lost",
        "The index below local/ and the files below entities/ are made from the journal. Without them:",
        (
            Command("journal commit -q -m 'After the revert'"),
            Command("rm -rf .journal/local .journal/entities"),
            Command("journal list plan"),
            Command("journal reconcile"),
            Command("git status --short"),
        ),
        "{work}/.journal/entities is there again, byte for byte: git sees no change",
    ),
    Step(
        "8. Damage, and healing",
        "In a clone, one byte of the journal itself goes bad. One line is lost, and it is said (exit status 20). "
        "Git still has the file as it was, and doctor brings it back from there.",
        (
            Command("git clone -q work damaged", folder=""),
            Flip(".journal/segments/*.jsonl", "damaged"),
            Command("journal list plan", status=20, folder="damaged"),
            Command("journal doctor", status=20, folder="damaged"),
            Command("journal doctor --fix", folder="damaged"),
            Command("journal list plan", folder="damaged"),
            Command("journal doctor --verify", folder="damaged"),
        ),
        "journal --help, and docs/ of the project",
    ),
)
