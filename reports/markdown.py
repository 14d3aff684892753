"""The result tables for a pull request."""

from collections.abc import Sequence

from ..evaluators.funnel import Stage
from ..evaluators.metrics import Score
from ..evaluators.motion import Movement
from . import grid
from .base import HEADER, Line, Report, remarks, shown
from .details import counts, details, late, latency, mean, movement

ATTEMPTS = ("task", "SR@1", "by 2", "by 3", "by 4", "by 5", "by 6", "mean, a failure counting 6")
MOTION = ("task", "trials", "n", "SPARC", "log jerk", "path")
Rows = Sequence[tuple[str, Score]]
PLANS = ("task", "p50 ms", "p95", "p99", "longest", "late")


def render(report: Report) -> str:
    made, rows = report.info.provenance, _named(report)
    code = f"commit {made.commit[:12]}{' with changes' if made.dirty else ''}" if made.commit else "installed package"
    versions = ", ".join(f"{name} {version}" for name, version in made.packages.items())
    lines = [
        f"# {report.title}",
        "",
        grid.markdown([_cells(line) for line in report.lines], HEADER),
        "",
        *remarks(report),
        "",
        *(f"- {name}: {text}" for name, text in details(report)),
        *_section("Attempts", _attempts(rows), ATTEMPTS),
        *_section("Stages: of all trials; of those that reached the one before", *_stages(rows)),
        *_section("Motion of the arm", _motion(rows), MOTION),
        *_section("Plans", _plans(report), PLANS),
        "",
        f"{code}; {versions}; {made.machine['cpu']}",
        "",
    ]
    return "\n".join(lines)


def _section(title: str, rows: Sequence[Sequence[str]], header: Sequence[str]) -> list[str]:
    return ["", f"## {title}", "", grid.markdown(rows, header)] if rows else []


def _cells(line: Line) -> tuple[str, ...]:
    return line.task, str(line.success), str(line.first_attempt), line.progress, line.reasons


def _named(report: Report) -> list[tuple[str, Score]]:
    """What follows the first table is of all trials, not the mean of the tasks."""
    overall = report.scores.overall
    return [(f"{row.task}, pooled" if row is overall else row.task, row) for row in report.rows]


def _attempts(rows: Rows) -> list[tuple[str, ...]]:
    """Success by each attempt, with its interval."""
    told = [(task, row.attempts) for task, row in rows if row.attempts is not None]
    return [(task, *(str(shown(rate)) for rate in a.succeeded_by), mean(a.restricted_mean)) for task, a in told]


def _stages(rows: Rows) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
    told = [(task, {stage.name: stage for stage in row.funnel}) for task, row in rows if row.funnel]
    names = max(told, key=lambda row: len(row[1]))[1] if told else ()
    return [(task, *(_stage(funnel.get(name)) for name in names)) for task, funnel in told], ("task", *names)


def _stage(stage: Stage | None) -> str:
    """Empty where the task does not have it."""
    return "" if stage is None else f"{stage.reached}; {counts(stage.of_previous)}"


def _motion(rows: Rows) -> list[tuple[str, ...]]:
    """Of all trials and of those that succeeded, since a failure moves otherwise."""
    told = [(task, row) for task, row in rows if row.motion is not None]
    sets = [(task, name, one) for task, row in told for name, one in _sets(row)]
    return [(task, name, *movement(one)) for task, name, one in sets if one is not None]


def _sets(row: Score) -> list[tuple[str, Movement | None]]:
    if row.motion_of_successes == row.motion:
        return [("all, which succeeded", row.motion)]
    return [("succeeded", row.motion_of_successes), ("all", row.motion)]


def _plans(report: Report) -> list[tuple[str, ...]]:
    clocks = report.clocks
    rows = clocks.tasks if len(clocks.tasks) == 1 or clocks.overall is None else (*clocks.tasks, clocks.overall)
    return [(row.task, *latency(row), late(row)) for row in rows if row.plans]
