"""What stands beneath the result table, a line each and only where it says something: all tasks together."""

from collections.abc import Sequence

from ..evaluators.attempts import LIMIT
from ..evaluators.chains import Chains
from ..evaluators.metrics import Score
from ..evaluators.motion import Movement
from ..evaluators.oddities import Flag
from ..evaluators.output import counted
from ..evaluators.punctuality import Punctuality
from ..evaluators.speed import SuccessCurve
from ..evaluators.stats import Mean, Quantile, Rate, percent
from .base import Report

NOTICEABLE = 1.0
"""Milliseconds: plans that are made faster than that are not worth a line."""


def details(report: Report) -> list[tuple[str, str]]:
    """Name and text."""
    row = report.scores.overall
    lines = [
        ("length", _length(row.chains)),
        ("in a row", _in_a_row(row.chains)),
        ("by attempt", _attempts(row)),
        ("stages", _stages(row)),
        ("half done", _median(row.curve)),
        ("hard hits", _hits(row)),
        ("wrong thing", f"lifted in {counts(row.wrong_object)} trials" if row.wrong_object.k else ""),
        ("plans", _plans(report.clocks.overall, report.info.config.latency)),
        ("of these", _parts(report.clocks.overall)),
        ("realtime", _paid(report.clocks.overall)),
        ("flags", _flags(row.flags)),
    ]
    return [(name, text) for name, text in lines if text]


def counts(rate: Rate) -> str:
    return f"{rate.k}/{rate.n}"


def mean(figure: Mean, digits: int = 2) -> str:
    """With its interval."""
    if figure.value is None:
        return "no data"
    spread = "" if figure.interval is None else " ({:.{d}f} to {:.{d}f})".format(*figure.interval, d=digits)
    return f"{figure.value:.{digits}f}{spread}"


def movement(figures: Movement | None) -> tuple[str, str, str, str]:
    """Number of trials, and the three means."""
    if figures is None:
        return "0", "no data", "no data", "no data"
    return str(figures.sparc.n), mean(figures.sparc), mean(figures.log_jerk), mean(figures.path, 1)


def latency(figures: Punctuality) -> tuple[str, str, str, str]:
    """p50, p95, p99 with their intervals, and the longest; milliseconds."""
    longest = "no data" if figures.longest is None else f"{figures.longest:.1f}"
    return _quantile(figures.p50), _quantile(figures.p95), _quantile(figures.p99), longest


def late(figures: Punctuality) -> str:
    """Of the plans, and of the trials."""
    if figures.late is None or figures.trials_late is None:
        return "no data"
    return f"{figures.late.k}/{figures.late.n} in {counts(figures.trials_late)} trials"


def _length(chains: Chains | None) -> str:
    if chains is None or chains.average.value is None:
        return ""
    average = chains.average
    spread = "unknown" if average.interval is None else "{:.2f} to {:.2f}".format(*average.interval)
    starts = "" if chains.starts == average.n else f" that begin in {chains.starts} ways"
    broke = f"; {chains.broke} broke, counted with what was done before" if chains.broke else ""
    there = f"{counted(average.n, 'chain')}{starts}{broke}"
    return f"{average.value:.2f} of {chains.subtasks} on average (95 % CI {spread}), {there}"


def _in_a_row(chains: Chains | None) -> str:
    if chains is None:
        return ""
    spans = ["unknown" if row.interval is None else percent(row.interval) for row in chains.in_a_row]
    rates = [f"{row.number}: {row.reached.share[:-1]}, {span})" for row, span in zip(chains.in_a_row, spans)]
    return "; ".join(rates)


def _attempts(row: Score) -> str:
    """Up to the attempt after which nothing more succeeded."""
    attempts = row.attempts
    if attempts is None:
        return ""
    by = [rate.k for rate in attempts.succeeded_by]
    told = ", ".join(f"{number}: {k}" for number, k in enumerate(by[: by.index(by[-1]) + 1], start=1))
    average = f"{mean(attempts.restricted_mean)} on average, a failure counting {LIMIT}"
    n = attempts.succeeded_by[0].n
    return f"{told} of {n}; {average}{left_out(row, n)}"


def _stages(row: Score) -> str:
    if not row.funnel:
        return ""
    told = ", ".join(f"{stage.name} {counts(stage.reached)}" for stage in row.funnel)
    return f"{told}{left_out(row, row.funnel[0].reached.n)}"


def left_out(row: Score, n: int) -> str:
    """Of several tasks: how many trials are not among `n`."""
    left = row.success.n - n
    return f"; not counted: {left} of tasks that succeeded and never had one" if left else ""


def _median(curve: SuccessCurve | None) -> str:
    if curve is None or curve.median.value is None:
        return ""
    return f"after {_quantile(curve.median)} seconds; a failure never is"


def _quantile(figure: Quantile) -> str:
    if figure.value is None:
        return "never"
    if figure.interval is None:
        return f"{figure.value:.1f}"
    low, high = figure.interval
    return f"{figure.value:.1f} ({low:.1f} to {'never' if high is None else f'{high:.1f}'})"


def _hits(row: Score) -> str:
    if row.collisions is None or not row.collisions.count:
        return ""
    return f"{row.collisions.count}, in {counts(row.collisions.trials)} trials"


def _plans(figures: Punctuality | None, agreed: float | None = None) -> str:
    """`agreed`: seconds that each plan was taken to last; how long it really took changed nothing then."""
    told = _times(figures)
    if agreed is None or figures is None or not figures.plans:
        return told
    return f"{1000 * agreed:g} ms each, as agreed by --latency" + (f"; really {told}" if told else "")


def _times(figures: Punctuality | None) -> str:
    if figures is None or (figures.longest or 0.0) < NOTICEABLE:
        return ""
    p50, p95, p99 = (f"{at.value:.0f}" for at in (figures.p50, figures.p95, figures.p99))
    tardy = f"; late: {late(figures)}" if figures.late is not None and figures.paid is None else ""
    return f"p50 {p50} ms, p95 {p95}, p99 {p99}, longest {figures.longest:.0f}{tardy}"


def _parts(figures: Punctuality | None) -> str:
    """Medians of what the policy says of its own time."""
    if figures is None or (figures.longest or 0.0) < NOTICEABLE:
        return ""
    return ", ".join(f"{part.name} {part.median:.1f} ms" for part in figures.parts)


def _paid(figures: Punctuality | None) -> str:
    if figures is None or figures.paid is None:
        return ""
    paid = figures.paid
    held = f"held still for {paid.held:.1f} s of {paid.played:.1f} ({100 * paid.share_held:.0f} % of the steps)"
    told = f"{paid.thinking:.1f} s of thinking, {held}, {paid.dropped} late actions dropped"
    if figures.late is None or not figures.late.n:
        return told
    all_late = ", as all do that are asked for only then" if figures.late.k == figures.late.n else ""
    return f"{told}; late: {late(figures)} (plans that came when nothing was left of the one before{all_late})"


def _flags(flags: Sequence[Flag]) -> str:
    return ", ".join(
        f"{flag.name} {flag.count} times in {flag.plans} plans, in {counts(flag.trials)} trials" for flag in flags
    )
