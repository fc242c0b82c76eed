"""What people do between repositories, and with whole work trees."""

import os
import random
import shutil

from tests.fuzz.operation import Operation
from tests.fuzz.places import Place
from tests.fuzz.settling import settle
from tests.fuzz.world import World

PLACES_MAX = 4


def push(world: World, place: Place, chance: random.Random) -> None:
    branch = place.branch()
    forced = chance.choice([[], [], [], ["--force"], ["--force-with-lease"]])
    target = branch if branch and chance.random() < 0.7 else chance.choice(["main", "shared"])
    place.git("push", "-q", *forced, "origin", f"HEAD:refs/heads/{target}")


def fetch(world: World, place: Place, chance: random.Random) -> None:
    place.git("fetch", "-q", *chance.choice([[], ["--prune"]]), "origin")


def pull(world: World, place: Place, chance: random.Random) -> None:
    known = place.ask("for-each-ref", "--format=%(refname:lstrip=3)", "refs/remotes/origin")
    target = chance.choice([name for name in known if name != "HEAD"] or ["main"])
    way = chance.choice(["--no-rebase", "--no-rebase", "--rebase", "--ff-only", "--rebase --autostash"])
    place.git("pull", "-q", "--no-edit", *way.split(), "origin", target)
    settle(place, chance)


def unshallow(world: World, place: Place, chance: random.Random) -> None:
    if place.ask("rev-parse", "--is-shallow-repository") == ["true"]:
        place.git("fetch", "-q", "--unshallow", "origin")


def clone(world: World, place: Place, chance: random.Random) -> None:
    _make_room(world, place, chance)
    depth = chance.choice([[], [], ["--depth", "1", "--no-single-branch"], ["--depth", "2"]])
    world.clone(*depth)


def add_worktree(world: World, place: Place, chance: random.Random) -> None:
    if place.linked_to is not None:
        return
    _make_room(world, place, chance)
    new = world.place(linked_to=place)
    way = ["-b", f"t{new.name}"] if chance.random() < 0.7 else ["--detach"]
    place.git("worktree", "add", "-q", *way, new.folder)


def remove_worktree(world: World, place: Place, chance: random.Random) -> None:
    if place.linked_to is not None and place.linked_to in world.places:
        drop(world, place)


def copy(world: World, place: Place, chance: random.Random) -> None:
    """Copy a whole work tree, its ``local/`` and its repository with it."""
    if place.linked_to is not None:
        return
    _make_room(world, place, chance)
    new = world.place()
    new.is_equipped = place.is_equipped
    world.run(new, "cp", chance.choice(["-a", "-r"]), place.folder, new.folder)
    shutil.rmtree(os.path.join(new.folder, ".git", "worktrees"), ignore_errors=True)


def back_up(world: World, place: Place, chance: random.Random) -> None:
    if place.linked_to is None:
        backup = f"{place.folder}.backup{len(world.said)}"
        world.run(place, "cp", "-a", place.folder, backup)
        world.backups.append((place, backup))


def restore(world: World, place: Place, chance: random.Random) -> None:
    """Put a backup back in place: all of it, or the store's folder alone."""
    mine = [backup for owner, backup in world.backups if owner is place]
    if not mine or any(other.linked_to is place for other in world.places):
        return
    if chance.random() < 0.5:
        place.close()
    backup, inner = chance.choice(mine), chance.choice([".", ".", ".journal"])
    target = os.path.join(place.folder, inner)
    if chance.random() < 0.7:
        place.say(f"remove {inner}")
        for name in os.listdir(target):
            path = os.path.join(target, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
    world.run(place, "cp", "-a", os.path.join(backup, inner, "."), target)


def drop_local(world: World, place: Place, chance: random.Random) -> None:
    if chance.random() < 0.5:
        place.close()
    place.say("rm -r .journal/local")
    shutil.rmtree(os.path.join(place.root, "local"), ignore_errors=True)


def drop_projections(world: World, place: Place, chance: random.Random) -> None:
    place.say("rm -r .journal/entities")
    shutil.rmtree(os.path.join(place.root, "entities"), ignore_errors=True)


def drop(world: World, place: Place) -> None:
    """Remove a place, and the linked work trees of its repository before it."""
    for other in [other for other in world.places if other.linked_to is place]:
        drop(world, other)
    world.forget(place)
    if place.linked_to is not None:
        place.linked_to.git("worktree", "remove", "--force", "--force", place.folder)
    shutil.rmtree(place.folder, ignore_errors=True)


def _make_room(world: World, kept: Place, chance: random.Random) -> None:
    while len(world.places) >= PLACES_MAX:
        others = [place for place in world.places if place is not kept and place is not kept.linked_to]
        drop(world, chance.choice(others))


OPERATIONS = (
    Operation("push", 10, push, keeps=True, wants_clean=True),
    Operation("fetch", 4, fetch, keeps=True),
    Operation("pull", 10, pull, wants_clean=True),
    Operation("unshallow", 1, unshallow, keeps=True),
    Operation("clone", 2, clone, keeps=True),
    Operation("add-worktree", 2, add_worktree, keeps=True),
    Operation("remove-worktree", 1, remove_worktree),
    Operation("copy", 2, copy, keeps=True),
    Operation("back-up", 1, back_up, keeps=True),
    Operation("restore-backup", 2, restore),
    Operation("drop-local", 2, drop_local, keeps=True),
    Operation("drop-projections", 1, drop_projections, keeps=True),
)
