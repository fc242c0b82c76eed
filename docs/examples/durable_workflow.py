"""A durable workflow: orders go through steps with effects outside, and each order goes on where its program died.

What was done is in a stream for each order. A step that was begun and not recorded is done again, under the same
idempotency key, so that the world outside (files here: a warehouse, a bank, a carrier) does it once. Run it with a
folder.
"""

import sys
from pathlib import Path

from journal import Journal

ORDERS = {"o1": 40, "o2": 900, "o3": 15}
STEPS = ("reserve", "charge", "ship")
UNDO = {"reserve": "release"}
LIMIT = 500


class World:
    """The world outside: it does a thing once for each key, and says the same when it is asked again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def do(self, key: str, amount: int) -> str:
        """Do something, or refuse it."""
        if key.startswith("charge") and amount > LIMIT:
            return "refused"
        try:
            with (self.folder / key).open("x") as file:
                file.write("done once")
        except FileExistsError:
            pass  # it was done before the program died
        return "done"


def work(journal: Journal, world: World, order: str, amount: int) -> None:
    """Go on with an order: the first step that is not recorded is next. A refusal undoes what was done, backwards."""
    stream = f"workflow/{order}"
    recorded = {str((event.data or {})["step"]): event.event for event in journal.read(stream)}
    steps = list(STEPS)
    for number, step in enumerate(steps):
        if step not in recorded:
            outcome = world.do(f"{step}-{order}", amount)
            name = "StepDone" if outcome == "done" else "StepRefused"
            journal.append(stream, name, {"step": step}, key=step)
            recorded[step] = name
            print(f"- {order}: {step} {outcome}", flush=True)
        if recorded[step] == "StepRefused":
            undo(journal, world, order, steps[:number], recorded)
            return
    journal.put("order", order, {"state": "shipped"})


def undo(journal: Journal, world: World, order: str, done: list[str], recorded: dict[str, str]) -> None:
    """Undo the steps that were done, the last one first; recorded like any other step."""
    for step in reversed(done):
        opposite = UNDO[step]
        if opposite not in recorded:
            world.do(f"{opposite}-{order}", 0)
            journal.append(f"workflow/{order}", "StepDone", {"step": opposite}, key=opposite)
            print(f"- {order}: {opposite} done", flush=True)
    journal.put("order", order, {"state": "cancelled"})


def main(folder: str) -> None:
    """Bring every order to its end, then tell what happened, here and outside."""
    Journal.init(folder)
    world = World(Path(folder, "world"))
    with Journal.open(folder) as journal:
        for order, amount in ORDERS.items():
            work(journal, world, order, amount)
        for order in ORDERS:
            steps = [f"{(event.data or {})['step']} ({event.event})" for event in journal.read(f"workflow/{order}")]
            found = journal.get("order", order)
            print(f"{order} is {found.data['state'] if found and found.data else 'lost'}: {', '.join(steps)}")
    print(f"outside: {' '.join(sorted(path.name for path in world.folder.iterdir()))}")


if __name__ == "__main__":
    main(sys.argv[1])
