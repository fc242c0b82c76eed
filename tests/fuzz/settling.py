"""What a person does when git stops: abort, or what the guide says."""

import random

from tests.fuzz.places import PROJECTED, Place

_ROUNDS_MAX = 60
_STORE = ".journal/"
CONTINUE = {
    "merge": ("commit", "-q", "--no-edit"),
    "rebase": ("rebase", "--continue"),
    "cherry-pick": ("cherry-pick", "--continue", "--no-edit"),
    "revert": ("revert", "--continue", "--no-edit"),
}


def settle(place: Place, chance: random.Random) -> None:
    """Bring what git is in the middle of to an end; the truth must never be what it stopped at."""
    check_unmerged(place)
    for _ in range(_ROUNDS_MAX):
        doing = place.in_progress()
        if doing is None and not place.unmerged():
            return
        _step(place, doing, chance)
    raise AssertionError(f"git does not come to an end with its {place.in_progress()}")


def check_unmerged(place: Place) -> None:
    """Assert that git stopped at readable files only, or at a segment that a person put back from a backup.

    An old copy of a committed segment is a change of it to git; where the new version is gone too, a stash stops. At
    the user's own files git may stop as it likes.
    """
    ours = [path for path in place.unmerged() if path.startswith(_STORE)]
    stopped = [path for path in ours if not path.startswith(PROJECTED) and not _was_put_back(place, path)]
    assert not stopped, f"git stopped at {stopped}"
    assert not place.is_equipped or not place.both_changed(), f"git stopped at {place.both_changed()}, with our driver"


def _was_put_back(place: Place, path: str) -> bool:
    base, *sides = (place.content(f":{stage}:{path}") for stage in (1, 2, 3))
    return any(side is not None and base is not None and base.startswith(side) and side != base for side in sides)


def _step(place: Place, doing: str | None, chance: random.Random) -> None:
    draw = chance.random()
    if doing is not None and draw < 0.06:
        place.git(doing, "--abort")
        check_unmerged(place)
        return
    if doing in ("rebase", "cherry-pick", "revert") and draw < 0.12:
        place.git(doing, "--skip")
        check_unmerged(place)
        return
    place.say("journal reconcile")
    place.journal.reconcile()
    place.git("add", ".journal")
    for path in place.unmerged():
        if not path.startswith(_STORE):
            place.git("add", "--", path)
    assert not place.unmerged(), f"still not merged: {place.unmerged()}"
    if doing is None:
        return
    ended = place.git(*CONTINUE[doing])
    if ended.status and not place.unmerged() and doing in ("rebase", "cherry-pick", "revert"):
        place.git(doing, "--skip")  # nothing is left of that commit
    check_unmerged(place)
