"""A year of traffic in two clones that share a remote, and a passing one each month; a compaction a week.

All entities are made in the first week, so that whatever grows later grows with the events. Each week some entities are
busy, as in life. Where the years count is measured at the end of a week, after the compaction, in counts and bytes.
"""

import os
import random
import shutil
import subprocess
import time
from collections import Counter
from typing import NamedTuple

from journal import Journal
from journal.index.database import MEMORY, Index
from journal.index.rebuild import rebuild
from journal.index.view import View
from journal.segments.folders import list_truth
from journal.store.config import read_config
from tests.support.reads import ReadMeter
from tests.support.repositories import ENVIRONMENT
from tests.support.stores import configure, no_memory

OPTIONS = 'durability = "os"\nprojections = "lazy"\nauto_compact = false'
TYPES = "".join(f"[types.{name}]\nfanout = true\n" for name in ("task", "note"))
EVENTS_A_TRANSACTION = 25


class Scale(NamedTuple):
    """How much happens."""

    weeks: int = 52
    events: int = 1_000_000
    entities: int = 50_000
    commits_a_week: int = 5
    weeks_a_month: int = 4

    @property
    def events_a_week(self) -> int:
        """What is left for each week once the entities are made."""
        return (self.events - self.entities) // self.weeks

    def ends_month(self, number: int) -> bool:
        """Tell whether a week, counted from 0, is the last of a month."""
        return number % self.weeks_a_month == self.weeks_a_month - 1


class Week(NamedTuple):
    """What was measured at the end of a week; sizes in bytes, times in seconds.

    ``probe_…``: what a commit of one changed entity writes into git. ``cold_…``: what building everything anew reads,
    in files of the truth read whole, in packs of which only the end is looked at, and in bytes.
    """

    week: int
    events: int
    live_segments: int
    live_bytes: int
    checkpoints: int
    checkpoint_bytes: int
    packs: int
    pack_bytes: int
    lanes: int
    header_bytes: int
    probe_objects: int
    probe_bytes: int
    cold_files: int
    cold_ends: int
    cold_bytes: int
    cold_seconds: float
    commit_seconds: float
    compact_seconds: float


class Cold(NamedTuple):
    """What a rebuild of everything in memory came to."""

    files: ReadMeter
    seconds: float

    def below(self, folder: str, paths: Counter[str]) -> int:
        """Return how many files of a folder of the truth are among the paths."""
        return sum(f"{os.sep}{folder}{os.sep}" in path for path in paths)


def build_cold(root: str) -> Cold:
    """Build everything from the files of the truth alone, as a fresh clone does."""
    files = ReadMeter()
    view = View(files, root, Index(MEMORY), read_config(files, root).strategies)
    begun = time.perf_counter()
    rebuild(view, list_truth(files, root)[0], no_memory)
    seconds = time.perf_counter() - begun
    view.index.close()
    return Cold(files, seconds)


def git(folder: str, *words: str) -> str:
    """Run git; return what it says."""
    done = subprocess.run(
        ["git", *words], cwd=folder, check=True, capture_output=True, text=True, env={**os.environ, **ENVIRONMENT}
    )
    return done.stdout


class Life:
    """A store in the clones ``ann`` and ``bob`` of a bare ``hub``; ``ledger`` is what each entity must say."""

    def __init__(self, folder: str, scale: Scale, seed: int = 1) -> None:
        self.folder, self.scale = folder, scale
        self.chance = random.Random(seed)
        self.ledger: dict[tuple[str, str], int] = {}
        self.written: Counter[tuple[str, str]] = Counter()
        self.count = 0
        self.weeks: list[Week] = []
        git(folder, "init", "-q", "--bare", "-b", "main", "hub.git")
        self.ann = self._begin()
        self.bob = self.clone("bob")

    def _begin(self) -> str:
        path = os.path.join(self.folder, "ann")
        git(self.folder, "init", "-q", "-b", "main", path)
        self._configure(path)
        root, _ = Journal.init(path)
        configure(root, OPTIONS, TYPES)
        half = self.scale.entities // 2
        keys = [(type, f"{type}-{number:05}") for type in ("task", "note") for number in range(half)]
        with Journal.open(path) as journal:
            self._write(journal, keys)
            journal.commit("all there is")
            journal.checkpoint()
            journal.commit("a checkpoint")
        git(path, "remote", "add", "origin", os.path.join(self.folder, "hub.git"))
        git(path, "push", "-q", "-u", "origin", "main")
        return path

    def clone(self, name: str) -> str:
        """Return the folder of a new clone."""
        path = os.path.join(self.folder, name)
        git(self.folder, "clone", "-q", "hub.git", path)
        self._configure(path)
        return path

    def _configure(self, path: str) -> None:
        for name, value in {"user.name": "Ann", "user.email": "ann@example.org", "gc.auto": "0"}.items():
            git(path, "config", name, value)

    def _write(self, journal: Journal, keys: list[tuple[str, str]]) -> None:
        for start in range(0, len(keys), EVENTS_A_TRANSACTION):
            with journal.transaction() as together:
                for key in keys[start : start + EVENTS_A_TRANSACTION]:
                    self.count += 1
                    self.ledger[key] = self.count
                    self.written[key] += 1
                    together.put(*key, self._document(key))

    def _document(self, key: tuple[str, str]) -> dict[str, object]:
        words = ("open", "waiting", "done", "blocked", "review", "again")
        return {
            "n": self.count,
            "title": f"What {key[1]} is about",
            "status": self.chance.choice(words),
            "owner": f"agent-{self.chance.randrange(40)}",
            "text": f"{self.chance.getrandbits(400):x}",
        }

    # -- a week ---------------------------------------------------------------------------------

    def live(self) -> None:
        """Live through all weeks."""
        for number in range(self.scale.weeks):
            self.weeks.append(self._week(number))

    def _week(self, number: int) -> Week:
        amount = self.scale.events_a_week
        self._work(self.ann, "task", amount * 4 // 5)
        self._work(self.bob, "note", amount - amount * 4 // 5)
        if self.scale.ends_month(number):
            self._pass_by(number)
        self._exchange()
        begun = time.perf_counter()
        with Journal.open(self.ann) as journal:
            journal.compact(commit=True)
        compact_seconds = time.perf_counter() - begun
        if self.scale.ends_month(number):  # two branches at once
            with Journal.open(self.bob) as journal:
                journal.compact(commit=True)
        self._exchange()
        measured = self._measure(number, compact_seconds)
        if self.scale.ends_month(number):
            for path in (self.ann, self.bob, os.path.join(self.folder, "hub.git")):
                git(path, "gc", "-q", "--prune=now")
        return measured

    def _work(self, path: str, type: str, amount: int) -> None:
        busy = [f"{type}-{self.chance.randrange(self.scale.entities // 2):05}" for _ in range(max(3, amount // 10))]
        with Journal.open(path) as journal:
            for _ in range(self.scale.commits_a_week):
                keys = [(type, self.chance.choice(busy)) for _ in range(amount // self.scale.commits_a_week)]
                self._write(journal, keys)
                journal.commit("a day")

    def _pass_by(self, number: int) -> None:
        """Somebody clones, writes a little in a lane of their own, and is never seen again."""
        path = self.clone(f"guest-{number}")
        with Journal.open(path) as journal:
            self._write(journal, [("guest", f"guest-{number}-{at}") for at in range(5)])
            journal.sync()
        shutil.rmtree(path)

    def _exchange(self) -> None:
        for path in (self.bob, self.ann, self.bob):
            with Journal.open(path) as journal:
                journal.sync(timeout_seconds=600)

    # -- measuring ------------------------------------------------------------------------------

    def _measure(self, number: int, compact_seconds: float) -> Week:
        objects, size, commit_seconds = self._probe(number)
        root = os.path.join(self.ann, ".journal")
        cold = build_cold(root)
        with Journal.open(self.ann) as journal:
            stats = journal.stats() if number in (0, self.scale.weeks - 1) else None
            status = journal.status()
        files = {folder: self._files(root, folder) for folder in ("segments", "archive", "checkpoints")}
        newest = max(os.listdir(os.path.join(root, "segments")))
        with open(os.path.join(root, "segments", newest), "rb") as file:
            header = len(file.readline())
        assert stats is None or stats["entities"] >= self.scale.entities
        return Week(
            week=number + 1,
            events=self.count,
            live_segments=len(files["segments"]),
            live_bytes=sum(files["segments"]),
            checkpoints=len(files["checkpoints"]),
            checkpoint_bytes=sum(files["checkpoints"]),
            packs=len(files["archive"]),
            pack_bytes=sum(files["archive"]),
            lanes=status.lanes,
            header_bytes=header,
            probe_objects=objects,
            probe_bytes=size,
            cold_files=cold.below("segments", cold.files.whole) + cold.below("archive", cold.files.whole),
            cold_ends=cold.below("archive", cold.files.parts),
            cold_bytes=cold.files.bytes.total(),
            cold_seconds=cold.seconds,
            commit_seconds=commit_seconds,
            compact_seconds=compact_seconds,
        )

    def _files(self, root: str, folder: str) -> list[int]:
        return [entry.stat().st_size for entry in os.scandir(os.path.join(root, folder))]

    def _probe(self, number: int) -> tuple[int, int, float]:
        before = self._loose()
        with Journal.open(self.ann) as journal:
            self._write(journal, [("task", "task-00001")])
            begun = time.perf_counter()
            journal.commit("one")
            seconds = time.perf_counter() - begun
        after = self._loose()
        return after[0] - before[0], after[1] - before[1], seconds

    def _loose(self) -> tuple[int, int]:
        objects = os.path.join(self.ann, ".git", "objects")
        sizes = [
            entry.stat().st_size
            for folder in os.scandir(objects)
            if len(folder.name) == 2
            for entry in os.scandir(folder.path)
        ]
        return len(sizes), sum(sizes)

    # -- what must hold -------------------------------------------------------------------------

    def check(self) -> None:
        """Nothing was lost, in no clone; what costs is what it was."""
        self._exchange()
        for path in (self.ann, self.bob, self.clone("late")):
            self._check_contents(path)
        self.check_flat()

    def _check_contents(self, path: str) -> None:
        with Journal.open(path) as journal:
            shown = {(entity.type, entity.id): entity.data["n"] for entity in journal.list()}
            assert shown == self.ledger
            for key in self.chance.sample(sorted(self.ledger), 20):
                history = journal.history(*key)
                assert len(history) == self.written[key]
                assert [event.rev for event in history] == list(range(1, len(history) + 1))
                early = journal.get(*key, at=history[0].id)
                assert early.data == history[0].data
                assert journal.blame(*key)
            events = sum(event.kind == "entity" for event in journal.log())
            assert events == self.count

    def check_flat(self) -> None:
        """From the second month on nothing that a command pays for grows."""
        month = self.scale.weeks_a_month
        settled, late = self.weeks[month : month * 2], self.weeks[-month:]
        for name, factor, more in (
            ("live_bytes", 1.2, 20_000),
            ("live_segments", 1.2, 3),
            ("checkpoints", 1, 1),
            ("checkpoint_bytes", 1.6, 0),
            ("probe_objects", 1, 2),
            ("cold_files", 1.2, 3),
        ):
            before, after = (max(getattr(week, name) for week in weeks) for weeks in (settled, late))
            assert after <= before * factor + more, (name, before, after)
        # What the listing of the packs adds is less than a hundred bytes a pack; of a pack only the end is read.
        packs = late[-1].packs - settled[0].packs
        assert late[-1].probe_bytes <= settled[0].probe_bytes + 2000 + packs * 100
        rest = [week.cold_bytes - week.live_bytes - 3 * week.checkpoint_bytes for week in (*settled, *late)]
        assert all(size <= 20_000 * week.packs + 50_000 for size, week in zip(rest, (*settled, *late), strict=True))
