"""``journal stats``."""

from typing import Any

from ..declare import READ_STATUSES, Verb
from ..moments import moment
from ..session import Session
from ..table import Column, print_table


def run(session: Session) -> None:
    """Print sizes and counts."""
    stats = session.journal.stats()
    if session.output.is_json:
        session.output.json(stats)
    else:
        _print(session, stats)
    session.check_damage()


def _print(session: Session, stats: dict[str, Any]) -> None:
    output = session.output
    output.line(f"events       {stats['events']:,}")
    output.line(f"entities     {stats['entities']:,}, and {stats['deleted']:,} deleted")
    output.line(f"keys         {stats['keys']:,}")
    output.line(f"streams      {stats['streams']:,}")
    output.line(f"lanes        {stats['lanes']:,}")
    if stats["first_ts"]:
        output.line(f"from, to     {moment(stats['first_ts'])}, {moment(stats['last_ts'])}")
        rate = _rate(stats)
        if rate is not None:
            output.line(f"rate         {rate:,.1f} events a day")
    for folder, files in stats["files"].items():
        output.line(f"{folder:<12} {files['files']:,} files, {files['bytes']:,} bytes")
    output.line(f"index        {stats['index_bytes']:,} bytes")
    if stats["types"]:
        output.line()
        columns = (Column("TYPE", 8, style="bold"), Column("LIVE", is_right=True), Column("DELETED", is_right=True))
        rows = [[entry["type"], f"{entry['live']:,}", f"{entry['deleted']:,}"] for entry in stats["types"]]
        print_table(output, columns, rows)


def _rate(stats: dict[str, Any]) -> float | None:
    from datetime import datetime

    try:
        days = (datetime.fromisoformat(stats["last_ts"]) - datetime.fromisoformat(stats["first_ts"])).total_seconds()
    except (TypeError, ValueError):
        return None
    return float(stats["events"]) / (days / 86400) if days >= 86400 else None


VERB = Verb(
    name="stats",
    summary="Print sizes and counts, by type.",
    run=run,
    examples=(("journal stats", ""), ("journal stats --json | jq .events", "")),
    statuses=READ_STATUSES,
)
