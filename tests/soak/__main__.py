"""``python -m tests.soak``: live through a year, print each month, and check that nothing grew that must not."""

import argparse
import tempfile
import time

from tests.soak.year import Life, Scale, Week

COLUMNS = [name for name in Week._fields if name not in ("checkpoints", "header_bytes")]


def main() -> None:
    """Run as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--weeks", type=int, default=Scale().weeks)
    parser.add_argument("--events", type=int, default=Scale().events)
    parser.add_argument("--entities", type=int, default=Scale().entities)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        life = Life(folder, Scale(asked.weeks, asked.events, asked.entities), asked.seed)
        print(f"{time.monotonic() - begun:,.0f} s until all entities were there", flush=True)
        print(" | ".join(name.replace("_", " ") for name in COLUMNS))
        for number in range(asked.weeks):
            life.weeks.append(life._week(number))
            if number == 0 or life.scale.ends_month(number):
                week = life.weeks[-1]
                shown = [getattr(week, name) for name in COLUMNS]
                print(" | ".join(f"{x:,.2f}" if isinstance(x, float) else f"{x:,}" for x in shown), flush=True)
        life.check()
    print(f"{time.monotonic() - begun:,.0f} s; {life.count:,} events; nothing was lost, and nothing grew")


if __name__ == "__main__":
    main()
