"""What the harness itself costs: a world and a policy that do nothing, with two 224x224 pictures.

python -m armtrial.tests.bench.overhead
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from tabulate import tabulate

from armtrial.envs.base import (
    ActionSpec,
    Control,
    Gripper,
    Image,
    Observation,
    ObservationSpec,
    Played,
    Size,
    Start,
    Step,
    Vector,
    Verdict,
    confirmed,
)
from armtrial.envs.worker import EnvSource
from armtrial.evaluators import evaluate
from armtrial.evaluators.pool import open_local
from armtrial.evaluators.provenance import machine
from armtrial.evaluators.runner import play
from armtrial.policies.base import Plan, Policy, PolicySpec, Query, World
from armtrial.tasks.base import SuccessRule, Suite, Task, Trial

RATE = 30.0
REPEATS = 7


class FreeEnv:
    """Costs nothing: every answer was made before."""

    observation_spec = ObservationSpec({"front": (224, 224), "wrist": (224, 224)}, ("x",) * 6)
    action_spec = ActionSpec(
        names=("a", "b", "c", "d", "e", "f"),
        low=(-1.0,) * 6,
        high=(1.0,) * 6,
        units=("",) * 6,
        control=Control.ABSOLUTE,
        gripper=Gripper.NONE,
        rate=RATE,
    )

    def __init__(self, tasks: Sequence[Task]) -> None:
        picture = np.zeros((224, 224, 3), dtype=np.uint8)
        state = np.zeros(6)
        self._seen = Observation({"front": picture, "wrist": picture}, state, "Do nothing.", 0.0)
        self._step = Step(state, False)

    def reset(self, trial: Trial) -> Start:
        return Start({})

    def observe(self, cameras: Mapping[str, Size], privileged: bool = False) -> Observation:
        return self._seen

    def step(self, action: Vector) -> Step:
        return self._step

    def verdict(self, played: Played) -> Verdict:
        return confirmed(played, "")

    def frame(self) -> Image:
        return self._seen.images["front"]

    def close(self) -> None: ...


class FreePolicy(Policy):
    def __init__(self, world: World, *, horizon: int = 1) -> None:
        size = world.observation.cameras
        self.spec = PolicySpec(name="free", cameras=size, action=world.action, horizon=horizon)
        self._plan = Plan(np.zeros((horizon, 6)))

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [self._plan] * len(queries)


def suite(steps: int, trials: int) -> Suite:
    task = Task(
        name=f"free-{steps}",
        env="armtrial.tests.bench.overhead:FreeEnv",
        instruction="Do nothing.",
        max_seconds=steps / RATE,
        success_rule=SuccessRule.ONCE,
    )
    return Suite(name="free", version=1, tasks=(task,), per_task=trials)


def microseconds_per_step(steps: int, trials: int, horizon: int) -> float:
    """In this process, records made but not written: the loop itself."""
    asked = suite(steps, trials)
    seats, world = open_local(EnvSource(asked.env, asked.tasks, {}), 1)
    todo = [(trial, 1) for trial in asked.trials()]
    allowed = {asked.tasks[0].name: 600.0}
    began = time.perf_counter()
    policy = FreePolicy(world, horizon=horizon)
    takes = list(play(todo, seats, policy, world, execute=20, batch=None, allowed=allowed))
    assert sum(take.record.result.steps for take in takes) == steps * trials
    return 1e6 * (time.perf_counter() - began) / (steps * trials)


def trials_per_second(workers: int, trials: int, horizon: int) -> float:
    """The whole run, with every record and every step on the disk."""
    folder = Path(tempfile.mkdtemp())
    try:
        run = evaluate(
            FreePolicy, suite(300, trials), workers=workers, policy_arg=(f"horizon={horizon}",), out=folder / "run"
        )
        info = run.info.sittings[-1]
        assert info.how == "done"
        clocks = [record.clock for record in run.records]
        return trials / span(clocks)
    finally:
        shutil.rmtree(folder)


def span(clocks: Sequence[object]) -> float:
    """From the first trial's start to the last one's end."""
    from datetime import datetime

    starts = [datetime.fromisoformat(clock.started).timestamp() for clock in clocks]  # type: ignore[attr-defined]
    ends = [start + clock.wall_seconds for start, clock in zip(starts, clocks)]  # type: ignore[attr-defined]
    return max(ends) - min(starts)


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def main() -> None:
    rows: list[tuple[str, str]] = []
    for steps, trials, horizon in ((300, 40, 1), (3000, 4, 1), (300, 40, 20), (3000, 4, 20)):
        figures = [microseconds_per_step(steps, trials, horizon) for _ in range(REPEATS)]
        rows.append((f"in process, {steps} steps a trial, plan of {horizon}", f"{median(figures):.1f} us a step"))
    cores = int(machine()["cores"])
    for workers in sorted({0, 1, cores}):
        figures = [trials_per_second(workers, 100, 20) for _ in range(3)]
        where = f"{workers} workers" if workers else "in process"
        rows.append((f"whole run, records on disk, 300 steps, plan of 20, {where}", f"{median(figures):.0f} trials/s"))
    print(tabulate(rows, headers=("harness overhead: world and policy cost nothing", "median")))
    print(f"\n{machine()['cpu']}, {cores} cores")


if __name__ == "__main__":
    main()
