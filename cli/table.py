"""Tables: aligned columns, cut to the terminal; whole where there is none."""

from collections.abc import Sequence
from typing import NamedTuple

from .output import Output, shown
from .width import fit, pad, width

_GAP = "  "
_LEAST = 3


class Column(NamedTuple):
    """A column: its title, how much it may be cut (0: never), and how it looks."""

    title: str
    least: int = 0
    is_right: bool = False
    style: str = ""


def print_table(output: Output, columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under titles. Data is escaped here. Nothing at all is printed where there are no rows."""
    if not rows:
        return
    cells = [[shown(cell) if isinstance(cell, str) else str(cell) for cell in row] for row in rows]
    titles = [shown(column.title) for column in columns]
    widths = [max(width(row[at]) for row in [titles, *cells]) for at in range(len(columns))]
    total = output.width()
    if total is not None:
        room = total - len(_GAP) * (len(columns) - 1)
        widths = shrink(widths, [column.least for column in columns], room)
        if sum(widths) > room:
            _print_blocks(output, columns, titles, cells, total)
            return
    is_cut, has_color = total is not None, output.has_color()
    styles = [column.style if has_color else "" for column in columns]
    output.line(_row(output, titles, widths, columns, ["dim"] * len(columns), is_cut=is_cut))
    for row in cells:
        output.line(_row(output, row, widths, columns, styles, is_cut=is_cut))


def _print_blocks(
    output: Output, columns: Sequence[Column], titles: Sequence[str], cells: Sequence[Sequence[str]], total: int
) -> None:
    """Print each row as lines of its own: what a very narrow terminal has room for."""
    before = max(map(width, titles)) + len(_GAP)
    for number, row in enumerate(cells):
        if number:
            output.line()
        for title, text, column in zip(titles, row, columns, strict=True):
            head = output.paint(pad(title, before), "dim")
            output.line(head + output.paint(fit(text, total - before), column.style))


def shrink(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Return widths that fit into the room: the widest column that may give way does, again and again."""
    result = _shrunk(list(widths), least, room)
    # A very narrow terminal: better a few characters of each than broken lines.
    return _shrunk(result, [min(size, _LEAST) for size in least], room)


def _shrunk(widths: list[int], least: Sequence[int], room: int) -> list[int]:
    while sum(widths) > room:
        able = [at for at in range(len(widths)) if least[at] and widths[at] > least[at]]
        if not able:
            break
        widest = max(able, key=lambda at: widths[at])
        target = max([least[widest], *(widths[at] for at in able if at != widest)])
        widths[widest] -= max(1, min(sum(widths) - room, widths[widest] - target))
    return widths


def _row(
    output: Output,
    cells: Sequence[str],
    widths: Sequence[int],
    columns: Sequence[Column],
    styles: Sequence[str],
    *,
    is_cut: bool,
) -> str:
    parts = []
    last = len(cells) - 1
    for at, (text, room, column, style) in enumerate(zip(cells, widths, columns, styles, strict=True)):
        cut = fit(text, room) if is_cut else text
        if column.is_right:
            blanks = " " * (room - width(cut))
            parts.append(blanks + output.paint(cut, style))
        else:
            after = "" if at == last else pad(cut, room)[len(cut) :]
            parts.append(output.paint(cut, style) + after)
    return _GAP.join(parts)
