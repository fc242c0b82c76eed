"""All work trees of one store, the remote between them, and what was written in any of them."""

import os
import random
import subprocess
from typing import NamedTuple

from journal import Journal
from journal.format.limits import LFS_BYTES_MIN
from tests.fuzz.ledger import Ledger
from tests.fuzz.places import Place
from tests.fuzz.taken import Taken
from tests.support.repositories import ENVIRONMENT
from tests.support.stores import configure

OPTIONS = 'durability = "os"\nroll_bytes = 8192\ncompact_bytes = 4096\ncompact_segments = 4'
LFS_OPTION = f"\nlfs_bytes = {LFS_BYTES_MIN}"
TYPES = '[types.plan]\nmerge = { tags = "union", votes = "max" }\n[types.spread]\nfanout = true\n'
SETTINGS = {"gc.auto": "0", "advice.detachedHead": "false", "merge.renameLimit": "1000", "commit.gpgSign": "false"}


class Kit(NamedTuple):
    """What the repositories are equipped with: our hooks and merge driver, and git LFS for larger blobs."""

    hooks: bool = False
    lfs: bool = False


PLAIN = Kit()


class Token(NamedTuple):
    """A position token, and the events that its reader had."""

    text: str
    known: int


class World:
    """A scratch folder with a bare ``origin`` and the places that exchange through it."""

    def __init__(self, scratch: str, kit: Kit = PLAIN) -> None:
        self.scratch, self.kit = scratch, kit
        self.ledger = Ledger()
        self.said: list[str] = []
        self.places: list[Place] = []
        self.backups: list[tuple[Place, str]] = []
        self._made = 0
        self.count = 0
        self.states: dict[tuple[int, Taken], dict[str, bytes]] = {}
        self.tokens: list[Token] = []
        self.origin = os.path.join(scratch, "origin.git")
        self._first()

    def _first(self) -> None:
        command = ["git", "init", "-q", "--bare", "-b", "main", self.origin]
        subprocess.run(command, check=True, env={**os.environ, **ENVIRONMENT})
        place = self.place()
        os.makedirs(place.folder)
        place.git("init", "-q", "-b", "main")
        root, _ = Journal.init(place.folder, lfs=self.kit.lfs)
        configure(root, OPTIONS + LFS_OPTION * self.kit.lfs, TYPES)
        self.settle_in(place)
        place.git("remote", "add", "origin", self.origin)
        place.git("add", "-A")
        place.git("commit", "-q", "-m", "start")
        place.git("push", "-q", "-u", "origin", "main")
        self.clone()
        place.git("worktree", "add", "-q", "-b", "second", self.place(linked_to=place).folder)

    def clone(self, *how: str) -> Place:
        """Clone the origin to a new place."""
        new = self.place()
        self.run(new, "git", "clone", "-q", *how, f"file://{self.origin}", new.folder)
        self.settle_in(new)
        return new

    def run(self, place: Place, *words: str) -> None:
        """Run a program beside all places, on behalf of one."""
        place.say(" ".join(words))
        subprocess.run(words, cwd=self.scratch, check=True, capture_output=True, env={**os.environ, **ENVIRONMENT})

    def place(self, linked_to: Place | None = None) -> Place:
        """Return a place under a fresh name; its folder is the caller's to make."""
        self._made += 1
        name = f"w{self._made}"
        place = Place(name, os.path.join(self.scratch, name), self.said.append)
        place.linked_to = linked_to
        place.is_equipped = linked_to is not None and linked_to.is_equipped
        self.places.append(place)
        return place

    def settle_in(self, place: Place) -> None:
        """Set what every repository here is set to."""
        for name, text in SETTINGS.items():
            place.ask("config", name, text)
        if self.kit.lfs:
            place.ask("lfs", "install", "--local")
            place.ask("lfs", "pull")
        if self.kit.hooks and os.path.exists(place.root):
            place.equip()

    def forget(self, place: Place) -> None:
        """A place is gone."""
        place.close()
        self.places.remove(place)
        self.backups = [backup for backup in self.backups if backup[0] is not place]

    def word(self, chance: random.Random) -> str:
        """Return a value that nobody wrote before, or sometimes one that somebody may have."""
        self.count += 1
        return f"v{self.count}" if chance.random() < 0.8 else chance.choice(["open", "done"])

    def close(self) -> None:
        """Close every journal."""
        for place in self.places:
            place.close()
