"""The result table for a pull request."""

from tabulate import tabulate

from .base import HEADER, Report, cells, remarks


def render(report: Report) -> str:
    made = report.info.provenance
    table = tabulate([cells(row) for row in report.rows], headers=HEADER, disable_numparse=True, tablefmt="github")
    code = f"commit {made.commit[:12]}{' with changes' if made.dirty else ''}" if made.commit else "installed package"
    versions = ", ".join(f"{name} {version}" for name, version in made.packages.items())
    lines = [f"# {report.title}", "", table, "", *remarks(report), "", f"{code}; {versions}; {made.machine['cpu']}", ""]
    return "\n".join(lines)
