"""The result table for a pull request."""

from tabulate import tabulate

from .base import HEADER, Report, cells, remarks


def render(report: Report) -> str:
    info = report.info
    table = tabulate([cells(row) for row in report.rows], headers=HEADER, disable_numparse=True, tablefmt="github")
    code = f"commit {info.commit[:12]}{' with changes' if info.dirty else ''}" if info.commit else "installed package"
    versions = ", ".join(f"{name} {version}" for name, version in info.packages.items())
    lines = [f"# {report.title}", "", table, "", *remarks(report), "", f"{code}; {versions}; {info.machine['cpu']}", ""]
    return "\n".join(lines)
