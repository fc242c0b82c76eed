"""A durable workflow: orders go through steps with effects outside, and each order goes on where its program died.

What was done is in a stream for each order. A step that was begun and not recorded is done again, under the same
idempotency key, so that the world outside (files here: a warehouse, a bank, a carrier) does it once.
"""

import sys
from pathlib import Path

from journal import Conflict, Journal

ORDERS = {"o1": 40, "o2": 900, "o3": 15}
STEPS = ("reserve", "charge", "ship")
UNDO = {"reserve": "release", "charge": "refund", "ship": "call-back"}
LIMIT = 500


class World:
    """The world outside: it does a thing once for each key, and says the same when it is asked again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def do(self, key: str, amount: int) -> bool:
        """Do something, or refuse it."""
        if key.startswith("charge") and amount > LIMIT:
            return False
        (self.folder / key).touch()  # the name is the deed: to do it again changes nothing
        return True


class Run:
    """One order on its way through the steps."""

    def __init__(self, journal: Journal, world: World, order: str, amount: int) -> None:
        self.journal, self.world, self.order, self.amount = journal, world, order, amount
        self.stream = f"workflow/{order}"
        self.recorded = {event.data["step"]: event.event for event in journal.read(self.stream)}

    def is_done(self, step: str) -> bool:
        """Do a step, or find that it was done; record what became of it. False where it was refused."""
        if step not in self.recorded:
            outcome = "StepDone" if self.world.do(f"{step}-{self.order}", self.amount) else "StepRefused"
            written = self.journal.append(self.stream, outcome, {"step": step}, key=step)
            if isinstance(written, Conflict):
                raise SystemExit(f"another program came to another outcome of {step} for {self.order}")
            self.recorded[step] = outcome
            print(f"- {self.order}: {step} {outcome}", flush=True)
        return self.recorded[step] == "StepDone"

    def go_on(self) -> str:
        """Bring the order to its end: shipped, or cancelled, with all that was done undone, the last thing first."""
        for number, step in enumerate(STEPS):
            if not self.is_done(step):
                for done in reversed(STEPS[:number]):
                    self.is_done(UNDO[done])
                return "cancelled"
        return "shipped"


def main(folder: str) -> None:
    """Bring every order to its end, then tell what happened, here and outside."""
    Journal.init(Path(folder, ".journal"))
    world = World(Path(folder, "world"))
    with Journal.open(folder) as journal:
        for order, amount in ORDERS.items():
            journal.put("order", order, {"state": Run(journal, world, order, amount).go_on()})
        for entity in journal.list("order"):
            steps = [f"{event.data['step']} ({event.event})" for event in journal.read(f"workflow/{entity.id}")]
            print(f"{entity.id} is {(entity.data or {})['state']}: {', '.join(steps)}")
    print(f"outside: {' '.join(sorted(path.name for path in world.folder.iterdir()))}")


if __name__ == "__main__":
    main(sys.argv[1])
