"""The result table as a person reads it in a terminal."""

from tabulate import tabulate

from .base import HEADER, Report, cells, remarks


def render(report: Report) -> str:
    table = tabulate(
        [cells(row) for row in report.rows],
        headers=HEADER,
        disable_numparse=True,
        tablefmt="simple",
        maxcolwidths=[None] * 4 + [40],
    )
    return "\n".join([report.title, "", table, "", *remarks(report)])
