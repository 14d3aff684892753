"""Tables as text, for a terminal and for Markdown. A cell may have several lines."""

from collections.abc import Sequence

from tabulate import tabulate

Cells = Sequence[Sequence[str]]


def plain(rows: Cells, headers: Sequence[str]) -> str:
    return tabulate(rows, headers=headers, disable_numparse=True, tablefmt="simple")


def markdown(rows: Cells, headers: Sequence[str]) -> str:
    """A row is one line there: within a cell, lines are broken as HTML breaks them."""
    broken = [[_broken(cell) for cell in row] for row in rows]
    return tabulate(broken, headers=[_broken(cell) for cell in headers], disable_numparse=True, tablefmt="github")


def _broken(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", "<br>")
