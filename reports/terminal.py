"""The result table as a person reads it in a terminal of 80 columns."""

import textwrap
from collections.abc import Sequence

from tabulate import tabulate

from .base import Line, Report, Shown, remarks
from .details import details

WIDE = 80
"""Columns."""
HEADER = ("task", "SR\n95 % CI", "SR@1\n95 % CI", "progress", "why the\nrest failed")
PADDING = 2
"""Blanks between two columns, and those that a heading has around it."""
NARROWEST = 7
"""Columns of a task's name at least; a longer one goes on in the next line."""


def render(report: Report) -> str:
    """Each rate with its counts, and its interval beneath."""
    rows = [_cells(line) for line in report.lines]
    table = tabulate(rows, headers=HEADER, disable_numparse=True, tablefmt="simple", maxcolwidths=_widths(rows))
    lines = [*_wrapped(report.title), "", table, "", *_details(report)]
    return "\n".join([*lines, *(line for remark in remarks(report) for line in _wrapped(remark))])


def _details(report: Report) -> list[str]:
    """Hanging from their names."""
    found = details(report)
    if not found:
        return []
    edge = max(len(name) for name, _ in found) + PADDING
    texts = [textwrap.wrap(text, WIDE - edge) for _, text in found]
    hung = [f"{name:<{edge}}" + ("\n" + " " * edge).join(text) for (name, _), text in zip(found, texts)]
    return ["\n".join(hung), ""]


def _cells(line: Line) -> tuple[str, ...]:
    return line.task, _rate(line.success), _rate(line.first_attempt), line.progress, line.reasons


def _rate(rate: Shown) -> str:
    return f"{rate.share}\n{rate.span}" if rate.span else rate.share


def _widths(rows: Sequence[tuple[str, ...]]) -> list[int]:
    """Figures are never wrapped: names and reasons share what they leave, of which a name takes what it needs."""
    headings = [_longest(heading) + PADDING for heading in HEADER]
    needed = [max(_longest(cell) for cell in column) for column in zip(*rows)]
    figures = [max(pair) for pair in zip(headings[1:4], needed[1:4])]
    left = WIDE - sum(figures) - PADDING * len(figures) - PADDING
    name = max(NARROWEST, min(needed[0], left - headings[-1]))
    return [name, *figures, max(headings[-1], left - name)]


def _longest(cell: str) -> int:
    return max(map(len, cell.split("\n")))


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDE)
