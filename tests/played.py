"""Records of trials that nobody played, for the tests of figures."""

from collections.abc import Sequence

from armtrial.evaluators.records import Clock, EpisodeRecord, ErrorNote, Result
from armtrial.tasks.base import Event, Origin, Outcome, Suite, Task, Trial
from armtrial.tasks.rubric import Attempt, Grasp
from armtrial.tasks.toy import TOY

REACH = [trial for trial in TOY.trials(200) if trial.task == "reach"]
FETCH = [trial for trial in TOY.trials(200) if trial.task == "fetch"]
S, F, E, V = Outcome.SUCCESS, Outcome.FAILURE, Outcome.ERROR, Outcome.VOID


def record(
    trial: Trial,
    outcome: Outcome,
    *,
    label: str = "",
    attempts: Sequence[Grasp] = (),
    stages: Sequence[str] = (),
    events: Sequence[Event] = (),
    flags: dict[str, int] | None = None,
    progress: float = 0.5,
    seconds: float = 1.0,
    plan_ms: Sequence[float] = (5.0,),
    start: str = "",
    take: int = 1,
) -> EpisodeRecord:
    """Attempts are on balls of their own."""
    broken = outcome is Outcome.ERROR
    result = Result(
        outcome=outcome,
        label=label,
        progress=None if broken else progress,
        steps=0 if broken else 100,
        seconds=seconds,
        plans=len(plan_ms),
        attempts=tuple(Attempt(0.0, f"ball{number}", grasp) for number, grasp in enumerate(attempts)),
        stages=tuple(stages),
        events=tuple(events),
        flags=flags or {},
        path=(),
        start_hash=start,
        end_hash="",
        error=ErrorNote(origin=Origin.WORLD, kind="E", message="m") if broken else None,
    )
    clock = Clock(
        started="2026-01-01T00:00:00+00:00",
        wall_seconds=1,
        world_seconds=1,
        plan_ms=tuple(plan_ms),
        worker="w",
        host="h",
    )
    return EpisodeRecord(id=trial.id, seed=trial.seed, take=take, trial=trial, result=result, clock=clock)


def published(task: Task, successes: int, trials: int) -> list[EpisodeRecord]:
    """As many trials, of which the first ones succeeded."""
    listed = Suite(name="published", version=1, tasks=(task,), per_task=trials).trials()
    return [record(trial, S if number < successes else F) for number, trial in enumerate(listed)]
