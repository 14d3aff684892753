"""How each side of a comparison did on the trials that count."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..tasks.base import Outcome
from .mcnemar import Interval
from .metrics import mean_success
from .paired import Match
from .resampling import stratified_mean
from .stats import Mean, Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How one side did on the trials that count."""

    success: Rate
    """All trials counted together."""
    average: Mean
    """Of the tasks' success rates, each weighing the same, with the interval that reports give it; `n` counts tasks."""
    progress: float
    """Of the tasks' means, each weighing the same; an ERROR counts 0."""
    progress_interval: Interval | None
    """Of the tasks' mean, by drawing trials again; None where they are too few or all equal."""
    errors: int
    """They count as not succeeded."""


def by_task(matches: Sequence[Match]) -> list[list[Match]]:
    tasks = dict.fromkeys(match.trial.task for match in matches)
    return [[match for match in matches if match.trial.task == task] for task in tasks]


def mean_progress(groups: Sequence[Sequence[Match]], side: int) -> float:
    """`groups`: the trials of each task."""
    return sum(sum(match.progress[side] for match in group) / len(group) for group in groups) / len(groups)


def tally_of(groups: Sequence[Sequence[Match]], side: int) -> Tally:
    """`groups`: the trials of each task."""
    matches = [match for group in groups for match in group]
    return Tally(
        success=Rate(sum(match.successes[side] for match in matches), len(matches)),
        average=mean_success([[match.takes[side] for match in group] for group in groups]),
        progress=mean_progress(groups, side),
        progress_interval=stratified_mean(
            [([m.progress[side] for m in group], [m.start for m in group]) for group in groups]
        ).interval,
        errors=sum(match.takes[side].result.outcome is Outcome.ERROR for match in matches),
    )
