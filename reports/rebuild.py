"""`armtrial report`: what is built from a run's records, written beside them and shown."""

from collections.abc import Sequence
from pathlib import Path

from ..evaluators.api import Run, load
from ..evaluators.flags import PLAYED, SOME_ERROR, Parser
from ..evaluators.folder import RunFolder
from ..evaluators.output import show
from . import markdown, terminal
from .base import Report, build

EXAMPLES = """\
examples:
  %(prog)s runs/x                    the table; scores.json and report.md are written again
  %(prog)s runs/x --json | jq .      scores.json

exit status: 0 built; 1 built, and some trial ended in ERROR; 2 something you can mend, said in one line
"""


def run(words: Sequence[str]) -> int:
    parser = Parser("armtrial report", "Rebuilds scores and report of a run from its records.", EXAMPLES)
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument("--json", action="store_true", help="print scores.json instead of the table")
    flags = parser.parse_args(words)
    run = load(flags.run)
    publish(run, flags.json)
    return SOME_ERROR if run.broken else PLAYED


def publish(run: Run, as_json: bool) -> None:
    """Writes what is built, and shows the table or scores.json."""
    report = rebuilt(run)
    show(run.summary.decode() if as_json else terminal.render(report))


def rebuilt(run: Run) -> Report:
    """As it now stands beside the records."""
    report = build(run.info, run.records)
    folder = RunFolder(run.folder)
    folder.write("scores.json", run.summary)
    folder.write("report.md", markdown.render(report).encode())
    return report
