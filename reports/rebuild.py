"""`armtrial report`: what is built from a run's records, written beside them and shown."""

from collections.abc import Sequence
from pathlib import Path

from ..evaluators.flags import PLAYED, SOME_ERROR, Parser
from ..evaluators.folder import RunFolder
from ..evaluators.output import show
from ..evaluators.played import Run, load
from ..evaluators.summary import scores_json
from . import html, markdown, terminal
from .base import Report, build
from .tables import write_csv, write_parquet

EXAMPLES = """\
examples:
  %(prog)s runs/x                    the table; scores.json, report.md, report.html are written again
  %(prog)s runs/x --json | jq .      scores.json
  %(prog)s runs/x --csv trials.csv   a row for each trial, for a spreadsheet; --parquet FILE: the same, typed
  %(prog)s --schema                  JSON Schema of scores.json: what every figure in it means

exit status: 0 built; 1 built, and some trial ended in ERROR; 2 something you can mend, said in one line
"""


def run(words: Sequence[str]) -> int:
    parser = Parser("armtrial report", "Rebuilds scores and report of a run from its records.", EXAMPLES)
    parser.add_argument("run", type=Path, nargs="?", help="the run's folder")
    parser.add_argument("--json", action="store_true", help="print scores.json instead of the table")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a row for each trial")
    parser.add_argument("--parquet", type=Path, metavar="FILE", help="the same as Parquet (needs pyarrow)")
    parser.add_argument("--schema", action="store_true", help="print what scores.json is, as JSON Schema")
    flags = parser.parse_args(words)
    if flags.schema:
        return _schema()
    if flags.run is None:
        parser.error("the following arguments are required: run")
    run = load(flags.run)
    _export(publish(run, flags.json), flags.csv, flags.parquet)
    return SOME_ERROR if run.broken else PLAYED


def publish(run: Run, as_json: bool) -> Report:
    """Writes what is built, and shows the table or scores.json."""
    report = rebuilt(run)
    show(_scores(report).decode().rstrip() if as_json else terminal.render(report))
    return report


def rebuilt(run: Run) -> Report:
    """As it now stands beside the records."""
    report = build(run.info, run.records, run.traces)
    folder = RunFolder(run.folder)
    folder.write("scores.json", _scores(report))
    folder.write("report.md", markdown.render(report).encode())
    folder.write("report.html", html.of_run(run, report))
    return report


def filmed(run: Run) -> None:
    """The page that shows films, once more."""
    RunFolder(run.folder).write("report.html", html.of_run(run, build(run.info, run.records, run.traces)))


def _scores(report: Report) -> bytes:
    return scores_json(report.info, report.scores, report.clocks)


def _export(report: Report, as_csv: Path | None, as_parquet: Path | None) -> None:
    if as_csv is not None:
        write_csv(report.trials, as_csv)
    if as_parquet is not None:
        write_parquet(report.trials, as_parquet)


def _schema() -> int:
    from ..evaluators.scores_schema import schema_json

    show(schema_json().decode().rstrip())
    return PLAYED
