"""Records -> scores: pure functions, so that every figure can be rebuilt from a run's folder alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..tasks.base import Origin, Outcome
from .attempts import Attempts, at_first_attempt, attempts_of, wrong_object
from .chains import Chains, chains_of
from .funnel import NO_STAGES, Stage, funnel_of
from .motion import Movement, movement_of
from .oddities import Collisions, Flag, collisions_of, flags_of
from .punctuality import Punctuality, punctuality
from .records import EpisodeRecord
from .resampling import DIGITS, mean_of, stratified_mean
from .speed import SuccessCurve, curve_of
from .stats import ClusteredRate, Interval, Mean, Rate, mean_rate
from .takes import counting, last_takes, plays, rate, rate_of_starts, start, succeeded, with_progress
from .traces import Trace

__all__ = [
    "Average",
    "Clocks",
    "Score",
    "Scores",
    "at_first_attempt",
    "clocks",
    "last_takes",
    "mean_success",
    "score",
    "scores",
    "succeeded",
]

NOTHING_PLAYED = Rate(0, 0)
Traces = Mapping[str, Trace]
NO_TRACES: Traces = {}
NO_CHAINS: Mapping[str, int] = {}
"""Subtasks of each task that is a chain, where none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One row of the result table: a task, or all trials together."""

    task: str
    success: Rate
    """Over the trials that count: an ERROR is not succeeded, a VOID trial is not among them."""
    first_attempt: Rate
    """Succeeded with no attempt other than HELD, one for each thing placed; over the same trials as `success`."""
    wrong_object: Rate = NOTHING_PLAYED
    """Lifted something that is no target, whether it succeeded or not; over the same trials as `success`."""
    progress: float | None
    """Mean over the trials that were played; None without any."""
    progress_interval: Interval | None = None
    """Of that mean, over trials drawn again; None where they are too few or all equal."""
    steps: float | None
    """Mean length of a trial."""
    errors: dict[str, int]
    """By origin. They count as not succeeded."""
    voids: int
    """Declared by a person; they count as not played."""
    failures: dict[str, int]
    """By label."""
    success_by_start: ClusteredRate | None = None
    """`success` where trials share their start state, with an interval that allows for it; None where each trial has
    a start of its own."""
    first_attempt_by_start: ClusteredRate | None = None
    attempts: Attempts | None = None
    """How many attempts success took; None where nothing was grasped or placed."""
    funnel: tuple[Stage, ...] = ()
    """Stages from reach to success, in order; empty where the world tells of none."""
    curve: SuccessCurve | None = None
    """How many had succeeded by when; None where nothing was played."""
    motion: Movement | None = None
    """How the arm moved in all trials that were played; None where no steps were kept."""
    motion_of_successes: Movement | None = None
    """The same of those that succeeded alone. Policies are compared on one of the two sets, and it is named."""
    collisions: Collisions | None = None
    """None where nothing was played."""
    flags: tuple[Flag, ...] = ()
    """What was odd about the policy's plans, by name."""
    chains: Chains | None = None
    """How many subtasks were done in a row; None where the task is no chain, or several tasks stand together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Average:
    """The unweighted mean over the tasks of the list, which is what 'all' means: a task of many trials weighs no more.

    `n` of its means counts tasks; their intervals let every task vary by itself. A task without a trial leaves them
    without a value."""

    success: Mean
    first_attempt: Mean
    progress: Mean
    missing: tuple[str, ...]
    """Tasks of the list without a trial that counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    tasks: tuple[Score, ...]
    """In the order of the table."""
    overall: Score
    """All trials pooled: beside the average, never instead of it."""
    planned: int
    """Trials of the list."""
    played: int
    average: Average | None = None
    """Over `tasks`; None only where nobody asked."""
    retaken: int = 0
    """Trials with more than one take; the last one counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """How long it took; never part of what is compared."""

    wall_seconds: float
    """Sum over trials; they run side by side."""
    world_seconds: float
    plan_ms_median: float | None
    """Over all takes."""
    plans: int
    tasks: tuple[Punctuality, ...] = ()
    """In the order of the table; empty without their names."""
    overall: Punctuality | None = None


def scores(
    records: Sequence[EpisodeRecord],
    tasks: Sequence[str],
    planned: int,
    traces: Traces = NO_TRACES,
    chains: Mapping[str, int] = NO_CHAINS,
    last_stages: Mapping[str, str] = NO_STAGES,
) -> Scores:
    """`tasks`: those of the list, in the order of the table. `traces`: by trial, from the files in `steps/`. `chains`:
    the number of subtasks of each task that is a chain. `last_stages`: of each task that ends before the last."""
    counted = last_takes(records)
    groups = _by_task(counted, tasks)
    rows = tuple(score(name, group, traces, chains.get(name), last_stages) for name, group in zip(tasks, groups))
    return Scores(
        tasks=rows,
        overall=score("all", counted, traces, chains.get(tasks[0]) if len(tasks) == 1 else None, last_stages),
        planned=planned,
        played=len(counted),
        average=_average(rows, groups),
        retaken=sum(number > 1 for number in Counter(record.id for record in plays(records)).values()),
    )


def score(
    name: str,
    records: Sequence[EpisodeRecord],
    traces: Traces = NO_TRACES,
    subtasks: int | None = None,
    last_stages: Mapping[str, str] = NO_STAGES,
) -> Score:
    """`records`: one of each trial. `subtasks`: of a chain."""
    counted = counting(records)
    played = with_progress(counted)
    errors = Counter(origin(record).value for record in counted if record.result.outcome is Outcome.ERROR)
    labels = Counter(record.result.label for record in counted if record.result.outcome is Outcome.FAILURE)
    progress = mean_of(*_progress(played))
    moved = {trial: trace.moved for trial, trace in traces.items() if trace.moved is not None}
    return Score(
        task=name,
        success=rate(counted, succeeded),
        first_attempt=rate(counted, at_first_attempt),
        wrong_object=wrong_object(counted),
        progress=progress.value,
        progress_interval=progress.interval,
        steps=_mean([record.result.steps for record in played]),
        errors=dict(sorted(errors.items())),
        voids=len(records) - len(counted),
        failures=dict(sorted(labels.items(), key=lambda item: (-item[1], item[0]))),
        success_by_start=rate_of_starts(counted, succeeded),
        first_attempt_by_start=rate_of_starts(counted, at_first_attempt),
        attempts=attempts_of(counted),
        funnel=funnel_of(counted, last_stages),
        curve=curve_of(counted),
        motion=movement_of(played, moved),
        motion_of_successes=movement_of([record for record in played if succeeded(record)], moved),
        collisions=collisions_of(counted),
        flags=flags_of(counted),
        chains=chains_of(counted, subtasks),
    )


def origin(record: EpisodeRecord) -> Origin:
    assert record.result.error is not None, f"{record.id} is an ERROR without a reason"
    return record.result.error.origin


def clocks(
    records: Sequence[EpisodeRecord], tasks: Sequence[str] = (), rate: float = 1.0, traces: Traces = NO_TRACES
) -> Clocks:
    """`rate`: actions per second."""
    played = plays(records)
    latencies = sorted(value for record in played for value in record.clock.plan_ms)
    counted = last_takes(records)
    executed = {trial: trace.executed for trial, trace in traces.items()}
    return Clocks(
        wall_seconds=round(sum(record.clock.wall_seconds for record in played), 3),
        world_seconds=round(sum(record.clock.world_seconds for record in played), 3),
        plan_ms_median=latencies[len(latencies) // 2] if latencies else None,
        plans=len(latencies),
        tasks=tuple(punctuality(name, group, rate, executed) for name, group in zip(tasks, _by_task(counted, tasks))),
        overall=punctuality("all", counted, rate, executed) if tasks else None,
    )


def _by_task(records: Sequence[EpisodeRecord], tasks: Sequence[str]) -> list[list[EpisodeRecord]]:
    return [[record for record in records if record.trial.task == name] for name in tasks]


def _progress(played: Sequence[EpisodeRecord]) -> tuple[list[float], list[str]]:
    """With the start that each trial shares."""
    return [record.result.progress or 0.0 for record in played], [start(record) for record in played]


def _average(rows: Sequence[Score], groups: Sequence[Sequence[EpisodeRecord]]) -> Average:
    return Average(
        success=_mean_rate([(row.success, row.success_by_start) for row in rows]),
        first_attempt=_mean_rate([(row.first_attempt, row.first_attempt_by_start) for row in rows]),
        progress=stratified_mean([_progress(with_progress(counting(group))) for group in groups]),
        missing=tuple(row.task for row in rows if not row.success.n),
    )


def mean_success(groups: Sequence[Sequence[EpisodeRecord]]) -> Mean:
    """The unweighted mean of several tasks' success rates, `groups` being their trials: what 'all' means everywhere."""
    return _mean_rate([(rate(group, succeeded), rate_of_starts(group, succeeded)) for group in groups])


def _mean_rate(cells: Sequence[tuple[Rate, ClusteredRate | None]]) -> Mean:
    """Without an interval where a task has none, since all its trials share one start."""
    values = [rate.value for rate, _ in cells if rate.value is not None]
    if not values or len(values) < len(cells):
        return Mean(None, len(cells), None)
    intervals = [rate.interval if shared is None else shared.interval for rate, shared in cells]
    known = [interval for interval in intervals if interval is not None]
    spread = mean_rate(list(zip(values, known))) if len(known) == len(values) else None
    return Mean(
        _mean(values), len(cells), None if spread is None else (round(spread[0], DIGITS), round(spread[1], DIGITS))
    )


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), DIGITS) if values else None
