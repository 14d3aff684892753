"""Records -> scores: pure functions, so that every figure can be rebuilt from records.jsonl alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..tasks.base import Origin, Outcome
from ..tasks.rubric import Grasp
from .records import EpisodeRecord
from .stats import Rate

NOTHING_PLAYED = Rate(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One row of the result table: a task, or all of them."""

    task: str
    success: Rate
    first_attempt: Rate
    """Succeeded with no attempt other than HELD, one for each thing placed; over the same trials as `success`."""
    wrong_object: Rate = NOTHING_PLAYED
    """Lifted something that is no target, whether it succeeded or not; over the same trials as `success`."""
    progress: float | None
    """Mean over the trials that were played; None without any."""
    steps: float | None
    """Mean length of a trial."""
    errors: dict[str, int]
    """By origin. They count as not succeeded."""
    voids: int
    """Declared by a person; they count as not played."""
    failures: dict[str, int]
    """By label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    tasks: tuple[Score, ...]
    overall: Score
    planned: int
    """Trials of the list."""
    played: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """How long it took; never part of what is compared."""

    wall_seconds: float
    """Sum over trials; they run side by side."""
    world_seconds: float
    plan_ms_median: float | None
    plans: int


def last_takes(records: Sequence[EpisodeRecord]) -> list[EpisodeRecord]:
    """The take that counts of every trial, in the order of the list: index first, then as recorded first."""
    last = {record.id: record for record in records}
    order = {record.id: position for position, record in reversed(list(enumerate(records)))}
    return sorted(last.values(), key=lambda record: (record.trial.index, order[record.id]))


def scores(records: Sequence[EpisodeRecord], tasks: Sequence[str], planned: int) -> Scores:
    """`tasks`: in the order of the table."""
    counted = last_takes(records)
    rows = tuple(score(name, [record for record in counted if record.trial.task == name]) for name in tasks)
    return Scores(tasks=rows, overall=score("all", counted), planned=planned, played=len(counted))


def score(name: str, records: Sequence[EpisodeRecord]) -> Score:
    counted = [record for record in records if record.result.outcome is not Outcome.VOID]
    errors = Counter(origin(record).value for record in counted if record.result.outcome is Outcome.ERROR)
    labels = Counter(record.result.label for record in counted if record.result.outcome is Outcome.FAILURE)
    played = sorted((record.id, record.result) for record in counted if record.result.progress is not None)
    return Score(
        task=name,
        success=Rate(sum(succeeded(record) for record in counted), len(counted)),
        first_attempt=Rate(sum(at_first_attempt(record) for record in counted), len(counted)),
        wrong_object=Rate(sum(took_another(record) for record in counted), len(counted)),
        progress=_mean([result.progress or 0.0 for _, result in played]),
        steps=_mean([result.steps for _, result in played]),
        errors=dict(sorted(errors.items())),
        voids=len(records) - len(counted),
        failures=dict(sorted(labels.items(), key=lambda item: (-item[1], item[0]))),
    )


def succeeded(record: EpisodeRecord) -> bool:
    return record.result.outcome is Outcome.SUCCESS


def at_first_attempt(record: EpisodeRecord) -> bool:
    """Every attempt held, none had to be made twice, and what was placed was placed by one: pushed things are not.

    Where the world tells of nothing placed, nothing had to be grasped."""
    attempts = record.result.attempts
    grasped = {attempt.object for attempt in attempts}
    placed = {event.object for event in record.result.events if event.kind == "placed"}
    clean = len(grasped) == len(attempts) and all(attempt.outcome is Grasp.HELD for attempt in attempts)
    return succeeded(record) and clean and placed <= grasped


def took_another(record: EpisodeRecord) -> bool:
    return any(attempt.outcome is Grasp.WRONG_OBJECT for attempt in record.result.attempts)


def origin(record: EpisodeRecord) -> Origin:
    assert record.result.error is not None, f"{record.id} is an ERROR without a reason"
    return record.result.error.origin


def clocks(records: Sequence[EpisodeRecord]) -> Clocks:
    latencies = sorted(value for record in records for value in record.clock.plan_ms)
    return Clocks(
        wall_seconds=round(sum(record.clock.wall_seconds for record in records), 3),
        world_seconds=round(sum(record.clock.world_seconds for record in records), 3),
        plan_ms_median=latencies[len(latencies) // 2] if latencies else None,
        plans=len(latencies),
    )


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 6) if values else None
