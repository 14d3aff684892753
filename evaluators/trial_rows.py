"""A run as a table: one flat row for each trial, of the take that counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from .attempts import at_first_attempt, needed, took_another
from .punctuality import late_plans
from .records import EpisodeRecord
from .takes import last_takes
from .traces import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """Its fields are the columns of CSV and Parquet; None is an empty cell, never 0."""

    id: str
    """Key of every join."""
    suite: str
    version: int
    domain: str
    """Where the seed comes from: eval, demo or train."""
    task: str
    index: int
    seed: int
    take: int
    """1, or higher where the trial was played again."""
    outcome: str
    """success, failure, error or void."""
    label: str
    """Why it failed; empty for a success."""
    progress: float | None
    first_attempt: bool
    """Succeeded at the first attempt."""
    attempts: int
    """Made, whatever they came to."""
    attempts_needed: int | None
    """To succeed; empty where it did not."""
    wrong_object: bool
    stages: str
    """Those reached, with spaces between."""
    collisions: int
    flags: str
    """name=count, with spaces between."""
    steps: int
    seconds: float
    """In the world's time."""
    plans: int
    plans_late: int | None
    """Empty where no steps are kept."""
    sparc: float | None
    log_jerk: float | None
    path: float | None
    """Of the arm's joints, in their unit."""
    start_hash: str
    """Equal for trials that start alike."""
    end_hash: str
    judged_by: str
    note: str
    error_origin: str
    error_kind: str
    error_message: str
    started: str
    """UTC, ISO 8601. What follows differs between any two runs."""
    wall_seconds: float
    world_seconds: float
    plan_ms_mean: float | None
    plan_ms_max: float | None
    worker: str
    host: str


def trial_rows(records: Sequence[EpisodeRecord], rate: float, traces: dict[str, Trace]) -> tuple[TrialRow, ...]:
    """In the order of the list. `rate`: actions per second."""
    ordered = sorted(last_takes(records), key=lambda record: (record.trial.index, record.trial.task))
    return tuple(_row(record, rate, traces.get(record.id)) for record in ordered)


def _row(record: EpisodeRecord, rate: float, trace: Trace | None) -> TrialRow:
    trial, result, clock = record.trial, record.result, record.clock
    moved = None if trace is None else trace.moved
    error = result.error
    return TrialRow(
        id=record.id,
        suite=trial.suite,
        version=trial.version,
        domain=trial.domain,
        task=trial.task,
        index=trial.index,
        seed=record.seed,
        take=record.take,
        outcome=result.outcome.value,
        label=result.label,
        progress=result.progress,
        first_attempt=at_first_attempt(record),
        attempts=len(result.attempts),
        attempts_needed=needed(record),
        wrong_object=took_another(record),
        stages=" ".join(result.stages),
        collisions=sum(event.kind == "collided" for event in result.events),
        flags=" ".join(f"{name}={count}" for name, count in result.flags.items()),
        steps=result.steps,
        seconds=result.seconds,
        plans=result.plans,
        plans_late=None if trace is None else late_plans(record, trace.executed, rate)[0],
        sparc=None if moved is None else moved.sparc,
        log_jerk=None if moved is None else moved.log_jerk,
        path=None if moved is None else moved.path,
        start_hash=result.start_hash,
        end_hash=result.end_hash,
        judged_by=result.judged_by,
        note=result.note,
        error_origin="" if error is None else error.origin.value,
        error_kind="" if error is None else error.kind,
        error_message="" if error is None else error.message,
        started=clock.started,
        wall_seconds=clock.wall_seconds,
        world_seconds=clock.world_seconds,
        plan_ms_mean=round(sum(clock.plan_ms) / len(clock.plan_ms), 3) if clock.plan_ms else None,
        plan_ms_max=max(clock.plan_ms, default=None),
        worker=clock.worker,
        host=clock.host,
    )
