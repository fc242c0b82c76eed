"""``python -m tests.benchmark [--quick] [--only ROW] [--write]``: see the package."""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from . import (
    report,
    rows_crowd,
    rows_folds,
    rows_git,
    rows_hooks,
    rows_process,
    rows_read,
    rows_rebuild,
    rows_streams,
    rows_sync,
    rows_write,
)
from .context import Context
from .machine import NotARealDiskError, describe, refuse_memory
from .measure import Row

_GROUPS: dict[str, Callable[[Context], Iterator[Row]]] = {
    "put": rows_write.put_rows,
    "batch": rows_write.batch_rows,
    "writers": rows_crowd.writer_rows,
    "agents": rows_crowd.agent_rows,
    "read": rows_read.read_rows,
    "commit": rows_git.commit_rows,
    "switch": rows_git.switch_rows,
    "sync": rows_sync.sync_rows,
    "process": rows_process.process_rows,
    "hooks": rows_hooks.hook_rows,
    "cold": rows_rebuild.cold_rows,
    "rebuild": rows_rebuild.rebuild_rows,
    "append-1": rows_streams.append_rows,
    "append-batch": rows_streams.append_batch_rows,
    "appenders": rows_streams.appender_rows,
    "replay": rows_folds.fold_rows,
}


def main() -> int:
    """Run the rows and print them; 2 where the disk is none."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description="The store beside its peers.")
    parser.add_argument("--quick", action="store_true", help="smaller stores and fewer rounds: less than two minutes")
    parser.add_argument("--only", action="append", choices=list(_GROUPS), help="only these rows; may be repeated")
    parser.add_argument("--write", action="store_true", help="write the table to docs/benchmarks.md")
    parser.add_argument("--scratch", metavar="FOLDER", help="where to make the stores, on a real disk")
    parser.add_argument("--keep-going", action="store_true", help="go on with the next rows where some fail")
    options = parser.parse_args()
    scratch = tempfile.mkdtemp(prefix="journal-benchmark-", dir=options.scratch)
    begun = time.monotonic()
    try:
        refuse_memory(scratch)
        context = Context(scratch, is_quick=options.quick)
        rows = list(_run(context, options.only or list(_GROUPS), keeps_going=options.keep_going))
        machine = describe(scratch, time.monotonic() - begun, is_quick=options.quick)
    except NotARealDiskError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print("\n".join([*(f"{name}: {value}" for name, value in machine), "", *report.lines_of(rows)]))
    if options.write:
        for key in report.write_page(rows, machine):
            print(f"docs/benchmarks.md gives no reason why {key} misses its target", file=sys.stderr)
    return 0


def _run(context: Context, groups: list[str], *, keeps_going: bool) -> Iterator[Row]:
    for name in groups:
        try:
            for row in _GROUPS[name](context):
                context.say("\t".join(report.lines_of([row])[-1].strip("| ").split(" | ")))
                yield row
        except Exception as error:
            if not keeps_going:
                raise
            context.say(f"{name} failed: {error!r}")
            yield Row(key=name, what=f"failed: {type(error).__name__}", ours=None, unit="")


if __name__ == "__main__":
    sys.exit(main())
