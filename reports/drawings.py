"""The charts of a run, each with the numbers that it shows in a table beneath; a sentence where there is none."""

from collections.abc import Sequence

from ..evaluators.attempts import Attempts
from ..evaluators.config import RunConfig
from ..evaluators.funnel import Stage
from ..evaluators.metrics import Score
from ..evaluators.punctuality import Punctuality
from ..evaluators.speed import SuccessCurve
from ..evaluators.stats import ClusteredRate, Interval, Mean, Rate, exact
from . import charts
from .base import Report, shown
from .details import counts, late, latency, left_out, mean, movement
from .marks import Dot, Group, Spread, Steps
from .markup import Content, Markup, element
from .page import more, table, wide

LINES = 5
"""That share a chart and can still be told apart; with more tasks only all of them together are drawn."""
STAGES = ("task", "reached", "of those before")
NAMES = ("p50", "p95", "p99", "longest")
MOTION = ("task", "trials", "n", "SPARC", "log jerk", "path")


def all_of(report: Report) -> list[Markup]:
    return [_success(report), _attempts(report), _stages(report), _over_time(report), _latency(report)]


def _figure(title: str, under: str, drawn: Markup | None, nothing: str, *numbers: Content) -> Markup:
    told = element("figcaption", title, element("span", under if drawn else nothing))
    return element("figure", told, drawn, *(numbers if drawn else ()))


def _success(report: Report) -> Markup:
    groups = [Group(row.task, _rates(row)) for row in report.scores.tasks]
    average = report.scores.average
    if average is not None and len(groups) > 1:
        pooled = report.scores.overall
        pairs = (("SR", average.success, pooled.success), ("SR@1", average.first_attempt, pooled.first_attempt))
        groups.append(Group("all: mean of the tasks", tuple(_mean_dot(*pair) for pair in pairs)))
    played = bool(report.scores.overall.success.n)
    drawn = charts.success(groups, "Success, with 95 % intervals") if played else None
    under = "Full mark: success rate. Hollow mark: at the first attempt. Bars: 95 % intervals."
    return _figure("Success", under, drawn, "No trial that counts has been played.")


def _rates(row: Score) -> tuple[Dot, ...]:
    first = _dot("SR@1", row.first_attempt, row.first_attempt_by_start)
    return _dot("SR", row.success, row.success_by_start), first


def _dot(label: str, rate: Rate, shared: ClusteredRate | None = None, text: str | None = None) -> Dot:
    interval = rate.interval if shared is None else shared.interval
    return Dot(label, rate.value, interval, rate.share if text is None else text)


def _mean_dot(label: str, figure: Mean, pooled: Rate) -> Dot:
    text = "no data" if figure.value is None else f"{100 * figure.value:.1f} % ({counts(pooled)})"
    return Dot(label, figure.value, figure.interval, text)


def _attempts(report: Report) -> Markup:
    """Of all trials: tasks stand in the table."""
    found = report.scores.overall.attempts
    drawn = None if found is None else _attempts_drawn(found)
    rows = [(task, row.attempts) for task, row in pooled(report) if row.attempts is not None]
    header = ("task", "SR@1", *(f"by {number}" for number in range(2, 7)), "mean, a failure counting 6")
    cells = [[task, *(str(shown(rate)) for rate in a.succeeded_by), mean(a.restricted_mean)] for task, a in rows]
    whole = report.scores.overall
    left = "" if found is None else left_out(whole, found.succeeded_by[0].n)
    under = f"Trials that had succeeded by their first, second, ... attempt; all tasks together{left}."
    return _figure("Attempts", under, drawn, "Nothing was grasped or placed.", _numbers("attempts", header, cells))


def _attempts_drawn(found: Attempts) -> Markup:
    dots = [_dot(str(number), rate, text=str(rate.k)) for number, rate in enumerate(found.succeeded_by, start=1)]
    n = found.succeeded_by[0].n
    return charts.attempts(
        dots, f"Trials of {n} that succeeded by each attempt", f"attempts; below them, of {n} trials"
    )


def _stages(report: Report) -> Markup:
    found = report.scores.overall.funnel
    dots = [_dot(stage.name, stage.reached) for stage in found]
    drawn = charts.funnel(dots, "Trials that reached each stage") if found else None
    told = [(task, row.funnel) for task, row in pooled(report) if row.funnel]
    header = ("task", *(stage.name for stage in found))
    cells = [[task, *_in_columns(funnel, header[1:])] for task, funnel in told]
    left = left_out(report.scores.overall, found[0].reached.n) if found else ""
    under = f"How far trials came; all tasks together{left}."
    return _figure(
        "Stages", under, drawn, "No stage was reached, or the world tells of none.", _numbers("stages", header, cells)
    )


def _in_columns(funnel: Sequence[Stage], names: Sequence[str]) -> list[str]:
    """Empty where the task does not have the stage."""
    cells = {stage.name: _stage(stage) for stage in funnel}
    return [cells.get(name, "") for name in names]


def _stage(stage: Stage) -> str:
    return f"{shown(stage.reached)}; {counts(stage.of_previous)} of those before"


def _over_time(report: Report) -> Markup:
    seconds = max((trial.seconds for trial in report.trials), default=0.0)
    rows = pooled(report)
    curves = [(task, row.curve) for task, row in (*rows[-1:], *rows[:-1]) if row.curve is not None]
    lines = [_line(task, curve, number == 0) for number, (task, curve) in enumerate(curves)]
    chosen = lines if len(lines) <= LINES else lines[:1]
    any_did = seconds > 0 and bool(report.scores.overall.success.k)
    drawn = charts.over_time(chosen, seconds, "Share of trials that had succeeded by when") if any_did else None
    under = "Of all trials: one that failed never succeeds. Shaded: 95 % at each moment, for the thick line."
    header = ("task", "half had succeeded after", "trials")
    cells = [[task, _median(curve), str(curve.trials)] for task, curve in curves]
    return _figure("Success over time", under, drawn, "None succeeded.", _numbers("time", header, cells))


def _line(task: str, curve: SuccessCurve, banded: bool) -> Steps:
    points = tuple((seconds, k / curve.trials) for seconds, k in curve.steps)
    solved = (0, *(k for _, k in curve.steps))
    band: tuple[Interval, ...] = tuple(exact(k, curve.trials) for k in solved) if banded else ()
    return Steps(task, points, band)


def _median(curve: SuccessCurve) -> str:
    """Its interval's upper end may never come."""
    if curve.median.value is None or curve.median.interval is None:
        return "never" if curve.median.value is None else f"{curve.median.value:.1f} s"
    low, high = curve.median.interval
    return f"{curve.median.value:.1f} s (95 % CI {low:.1f} to {'never' if high is None else f'{high:.1f}'})"


def _latency(report: Report) -> Markup:
    clocks = report.clocks
    every = clocks.tasks if len(clocks.tasks) == 1 or clocks.overall is None else (*clocks.tasks, clocks.overall)
    rows = [row for row in every if row.plans]
    drawn = charts.latency([_spread(row) for row in rows], "How long a plan took") if rows else None
    cells = [[row.task, *latency(row), late(row)] for row in rows]
    header = ("task", *(f"{name}, ms" for name in NAMES), "late plans")
    marks = "Circle p50, diamond p95, triangle p99, cross longest."
    under = f"{marks} {_late(report.info.config)}"
    return _figure("Time to plan", under, drawn, "No plan was made.", _numbers("plans", header, cells))


def _late(config: RunConfig) -> str:
    """What it means to be late, which depends on whether the world waited."""
    if not config.realtime:
        return "Late: it took longer than its actions lasted."
    agreed = "" if config.latency is None else f"Really; each was taken to last {1000 * config.latency:g} ms. "
    return f"{agreed}Late: it came when nothing was left of the one before."


def _spread(row: Punctuality) -> Spread:
    values = (row.p50.value, row.p95.value, row.p99.value, row.longest)
    return Spread(row.task, tuple((name, value) for name, value in zip(NAMES, values) if value is not None))


def _numbers(name: str, header: Sequence[str], rows: Sequence[Sequence[Content]]) -> Markup:
    return more("Numbers", wide(table(header, rows), f"numbers: {name}"))


def motion(report: Report) -> list[Markup]:
    """Of all trials and of those that succeeded, since a failure moves otherwise."""
    told = [(task, row) for task, row in pooled(report) if row.motion is not None]
    if not told:
        return []
    sets = (("succeeded", "motion_of_successes"), ("all", "motion"))
    cells = [[task, name, *movement(getattr(row, field))] for task, row in told for name, field in sets]
    about = "SPARC and log jerk: below 0, and the further the jerkier. Path: of the joints of the arm, in their unit."
    return [more("Motion of the arm", element("p", about), wide(table(MOTION, cells), "motion of the arm"))]


def pooled(report: Report) -> list[tuple[str, Score]]:
    """Beside the success rates, what is said of all is of all trials together."""
    overall = report.scores.overall
    return [(f"{row.task}, pooled" if row is overall else row.task, row) for row in report.rows]
