"""The table: on the terminal, and in docs/benchmarks.md between markers; what people wrote around it stays."""

import os
import re
from collections.abc import Iterable, Sequence

from .measure import PROJECT, Row

PAGE = os.path.join(PROJECT, "docs", "benchmarks.md")
_BEGIN, _END = "<!-- written by python -m tests.benchmark -->", "<!-- end of what is written -->"
_REASON = re.compile(r"^- `(?P<key>[a-z0-9-]+)`: (?P<reason>.+)$", re.MULTILINE)
_NO_REASON = "(no reason is noted yet)"


def lines_of(rows: Iterable[Row]) -> list[str]:
    """Return the rows as the lines of a Markdown table."""
    lines = [
        "| row | what | ours | peer | peer's | ratio | target | reached |",
        "|---|---|--:|---|--:|--:|---|---|",
    ]
    for row in rows:
        reached = "" if row.is_reached is None else "yes" if row.is_reached else "**no**"
        cells = (
            f"`{row.key}`",
            row.what + (f" ({row.note})" if (row.note and row.ratio is None) or (row.note and row.peer) else ""),
            _amount(row.ours, row.unit),
            row.peer,
            _amount(row.theirs, row.unit),
            "" if row.ratio is None else _number(row.ratio),
            row.target,
            reached,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _amount(value: float | None, unit: str) -> str:
    return "" if value is None else f"{_number(value)} {unit}".strip()


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def write_page(rows: Sequence[Row], machine: Sequence[tuple[str, str]]) -> list[str]:
    """Put table and machine into the page; return the keys of rows that miss a target and have no reason there."""
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    head, _, rest = page.partition(_BEGIN)
    tail = rest.partition(_END)[2]
    reasons = {found["key"] for found in _REASON.finditer(head + tail) if found["reason"] != _NO_REASON}
    missed = [row for row in rows if row.is_reached is False]
    with_target = [row for row in rows if row.is_reached is not None]
    written = [
        _BEGIN,
        "",
        *(f"- {name}: {value}" for name, value in machine),
        "",
        f"{len(with_target) - len(missed)} of {len(with_target)} targets are reached.",
        "",
        *lines_of(rows),
        "",
        _END,
    ]
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(head + "\n".join(written) + tail)
    return [row.key for row in missed if row.key not in reasons]
