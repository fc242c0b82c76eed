"""``python -m tests.fuzz``: run seeds one after the other; print the sequence that fails, and a short one."""

import argparse
import sys
import time
import traceback

from tests.fuzz.runner import plan, run, shrink
from tests.fuzz.world import Kit
from tests.support.memory import use_memory


def main() -> int:
    """Run as the arguments say; the exit status is 1 where anything failed."""
    use_memory()
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds")
    parser.add_argument("--steps", type=int, default=150, help="steps for each seed")
    parser.add_argument("--seconds", type=float, default=0, help="go on with further seeds for so long")
    parser.add_argument("--shrink", type=int, default=60, help="runs to spend on a shorter sequence")
    parser.add_argument("--equipped", action="store_true", help="with our hooks and merge driver installed")
    parser.add_argument("--lfs", action="store_true", help="with git LFS for larger blobs")
    parser.add_argument("--verbose", action="store_true", help="print what is done")
    asked = parser.parse_args()
    kit = Kit(hooks=asked.equipped, lfs=asked.lfs)
    start, seed = time.monotonic(), asked.seed
    while seed < asked.seed + asked.seeds or time.monotonic() - start < asked.seconds:
        steps = plan(seed, asked.steps)
        before = time.monotonic()
        failure = run(seed, steps, kit)
        print(f"seed {seed}: {asked.steps} steps, {time.monotonic() - before:.1f} s", flush=True)
        if failure is not None:
            if asked.verbose:
                print("\n".join(failure.said))
            print(f"seed {seed} fails at {failure.step}: {failure.kind}\n{failure.error}")
            kept, failure = shrink(seed, steps, failure, asked.shrink, kit)
            print(f"\n== {len(kept)} of the steps are enough:\n" + "\n".join(failure.said))
            print(f"{failure.kind}\n{failure.error}")
            traceback.print_exception(failure.error)
            return 1
        seed += 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
