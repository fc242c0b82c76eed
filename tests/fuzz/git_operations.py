"""What people do with git in one work tree."""

import os
import random
import sys

from tests.fuzz.operation import Operation
from tests.fuzz.places import Place
from tests.fuzz.settling import settle
from tests.fuzz.world import World

EDITOR = """
import random, sys

chance = random.Random(float(sys.argv[1]))
with open(sys.argv[2]) as file:
    picks = [line for line in file if line.startswith("pick ")]
kept = [line for line in picks if chance.random() < 0.8] or picks[:1]
if chance.random() < 0.6:
    chance.shuffle(kept)
with open(sys.argv[2], "w") as file:
    for number, line in enumerate(kept):
        file.write(line.replace("pick", "squash", 1) if number and chance.random() < 0.15 else line)
"""
"""Stands in for a person's editor of the list of a rebase."""


def commit_everything(world: World, place: Place, chance: random.Random) -> None:
    place.git("add", "-A")
    place.git("commit", "-q", "-m", "everything")


def commit_tracked(world: World, place: Place, chance: random.Random) -> None:
    place.git("commit", "-q", "-a", "-m", "tracked")


def add_some(world: World, place: Place, chance: random.Random) -> None:
    changed = [line for line in place.ask("status", "--porcelain", "-uall", "--no-renames") if "/" in line]
    if changed:
        # A segment without the blobs that it refers to is an event lost for whoever gets it: a person adds both.
        blobs = [path for path in changed if path.startswith(".journal/blobs/")]
        place.git("add", "--", *chance.sample(changed, chance.randint(1, len(changed))), *blobs)
    if chance.random() < 0.5:
        place.git("commit", "-q", "-m", "some")


def work(world: World, place: Place, chance: random.Random) -> None:
    path = f"notes-{place.name}.txt"
    with open(os.path.join(place.folder, path), "a", encoding="utf-8") as file:
        file.write(f"{world.word(chance)}\n")
    place.say(f"write {path}")


def amend(world: World, place: Place, chance: random.Random) -> None:
    if len(place.commits("HEAD")) > 1:
        if chance.random() < 0.5:
            place.git("add", "-A")
        place.git("commit", "-q", "--amend", "--no-edit", "--allow-empty")


def merge(world: World, place: Place, chance: random.Random) -> None:
    others = _others(place)
    if not others:
        return
    ways = [[], [], [], ["--no-ff"], ["--ff-only"], ["-X", "ours"], ["-X", "theirs"]]
    place.git("merge", "-q", "-m", "merge", *chance.choice(ways), chance.choice(others))
    settle(place, chance)


def squash(world: World, place: Place, chance: random.Random) -> None:
    others = _others(place)
    if others and place.git("merge", "-q", "--squash", chance.choice(others)).status in (0, 1):
        settle(place, chance)
        place.git("commit", "-q", "-m", "squashed")


def octopus(world: World, place: Place, chance: random.Random) -> None:
    others = _others(place)
    if len(others) > 1 and place.git("merge", "-q", "-m", "octopus", *chance.sample(others, 2)).status:
        place.git("merge", "--abort")
        place.git("reset", "-q", "--merge")


def rebase(world: World, place: Place, chance: random.Random) -> None:
    others = _others(place)
    if others:
        place.git("rebase", "-q", *chance.choice([[], [], ["--rebase-merges"], ["--apply"]]), chance.choice(others))
        settle(place, chance)


def rebase_by_hand(world: World, place: Place, chance: random.Random) -> None:
    """Drop, reorder and squash some commits, as an editor of the list would."""
    mine = place.commits("HEAD", "--first-parent", "--no-merges", count=6)
    if len(mine) < 3:
        return
    path = os.path.join(world.scratch, "editor.py")
    with open(path, "w", encoding="utf-8") as file:
        file.write(EDITOR)
    depth = chance.randint(2, min(5, len(mine) - 1))
    editor = f"{sys.executable} {path} {chance.random()}"
    place.git("rebase", "-q", "-i", mine[depth], extra={"GIT_SEQUENCE_EDITOR": editor})
    settle(place, chance)


def cherry_pick(world: World, place: Place, chance: random.Random) -> None:
    others = _others(place)
    if not others:
        return
    found = place.commits(chance.choice(others), "--not", "HEAD", "--no-merges")
    if not found:
        return
    at = chance.randrange(len(found))
    what = found[at]
    if chance.random() < 0.4 and at + 1 < len(found):
        what = f"{found[min(at + chance.randint(1, 3), len(found) - 1)]}..{found[at]}"
    place.git("cherry-pick", *chance.choice([[], ["-x"]]), what)
    settle(place, chance)


def revert(world: World, place: Place, chance: random.Random) -> None:
    mine = place.commits("HEAD", "--no-merges", count=8)[:-1]
    mine = [commit for commit in mine if not _is_start(place, commit)]
    if mine:
        place.git("revert", "--no-edit", chance.choice(mine))
        settle(place, chance)


def reset(world: World, place: Place, chance: random.Random) -> None:
    found = place.commits("HEAD", count=5) if chance.random() < 0.6 else place.commits(count=20)
    known = [commit for commit in found if _has_store(place, commit)]
    if known:
        how = chance.choice(["--soft", "--mixed", "--hard", "--hard", "--keep"])
        place.git("reset", "-q", how, chance.choice(known))


def stash(world: World, place: Place, chance: random.Random) -> None:
    place.git("stash", "push", "-q", *chance.choice([[], ["-u"], ["-u"], ["--keep-index"], ["-a"]]))


def unstash(world: World, place: Place, chance: random.Random) -> None:
    if not place.ask("stash", "list"):
        return
    if chance.random() < 0.4:
        place.git("restore", ".journal/entities")
    place.git("stash", chance.choice(["pop", "pop", "apply", "drop"]), "-q")
    settle(place, chance)


def branch_off(world: World, place: Place, chance: random.Random) -> None:
    if len(place.branches()) < 6:
        place.git("checkout", "-q", "-b", f"b{place.name}-{world.word(chance)}")


def switch(world: World, place: Place, chance: random.Random) -> None:
    others = place.branches()
    way = chance.choice([[], [], ["-m"], ["-f"]])
    if chance.random() < 0.25:
        known = [commit for commit in place.commits(count=20) if _has_store(place, commit)]
        place.git("checkout", "-q", *way, "--detach", chance.choice(known))
    else:
        place.git("checkout", "-q", *way, chance.choice(others))
    settle(place, chance)


def drop_branch(world: World, place: Place, chance: random.Random) -> None:
    others = [name for name in place.branches() if name != place.branch() and name != "main"]
    if others:
        place.git("branch", "-q", "-D", chance.choice(others))


def collect_garbage(world: World, place: Place, chance: random.Random) -> None:
    if chance.random() < 0.5:
        place.git("reflog", "expire", "--expire=now", "--all")
    place.git("gc", "-q", "--prune=now")


def clean(world: World, place: Place, chance: random.Random) -> None:
    if chance.random() < 0.5:
        place.close()
    place.git("clean", "-q", *chance.choice([["-fdx"], ["-fd"]]))


def _others(place: Place) -> list[str]:
    known = place.ask("for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes/origin")
    head = place.ask("rev-parse", "HEAD")
    return [name for name in known if not name.endswith("/HEAD") and place.ask("rev-parse", name) != head]


def _has_store(place: Place, commit: str) -> bool:
    return bool(place.ask("ls-tree", "--name-only", commit, "--", ".journal/journal.toml"))


def _is_start(place: Place, commit: str) -> bool:
    return ".journal/journal.toml" in place.ask("show", "--name-only", "--format=", commit)


OPERATIONS = (
    Operation("commit-everything", 8, commit_everything, keeps=True),
    Operation("commit-tracked", 3, commit_tracked, keeps=True),
    Operation("add-some", 3, add_some, keeps=True),
    Operation("work", 2, work, keeps=True),
    Operation("amend", 3, amend, keeps=True),
    Operation("merge", 12, merge, wants_clean=True),
    Operation("squash", 3, squash, wants_clean=True),
    Operation("octopus", 2, octopus, wants_clean=True),
    Operation("rebase", 6, rebase, wants_clean=True),
    Operation("rebase-by-hand", 4, rebase_by_hand, wants_clean=True),
    Operation("cherry-pick", 5, cherry_pick, wants_clean=True),
    Operation("revert", 3, revert, wants_clean=True),
    Operation("reset", 4, reset),
    Operation("stash", 4, stash),
    Operation("unstash", 5, unstash),
    Operation("branch-off", 5, branch_off, keeps=True),
    Operation("switch", 7, switch, wants_clean=True),
    Operation("drop-branch", 1, drop_branch, keeps=True),
    Operation("gc", 2, collect_garbage, keeps=True),
    Operation("clean", 1, clean),
)
