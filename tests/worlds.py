"""Worlds, policies and suites that misbehave in one way each, for the tests of those who must bear them."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from armtrial.envs.base import (
    ActionSpec,
    Control,
    Gripper,
    Observation,
    ObservationSpec,
    Played,
    Start,
    Step,
    Vector,
    Verdict,
    confirmed,
)
from armtrial.envs.line import LineEnv
from armtrial.policies.base import Plan, Policy, PolicySpec, Query, TransportError, World
from armtrial.policies.toy import Toy
from armtrial.tasks.base import SuccessRule, Suite, Task, Trial, derived_seed
from armtrial.tasks.toy import REACH, TOY


def elsewhere(name: str) -> Suite:
    """The toy suite, played in a world of this file."""
    tasks = tuple(replace(task, env=f"armtrial.tests.worlds:{name}") for task in TOY.tasks)
    return replace(TOY, name=name.lower(), tasks=tasks)


class SlowLine(LineEnv):
    """Takes its time, so that a run can be killed in the middle of it."""

    def reset(self, trial: Trial) -> Start:
        time.sleep(0.01)
        return super().reset(trial)


class RaisingLine(LineEnv):
    """Raises in the third trial of `reach`, at the tenth tick."""

    def step(self, action: Vector) -> Step:
        if self._index == 2 and self._tick == 10 and self._task.name == "reach":
            raise ArithmeticError("the simulation diverged")
        return super().step(action)

    def reset(self, trial: Trial) -> Start:
        self._index = trial.index
        return super().reset(trial)


class DyingLine(LineEnv):
    """Takes its process with it, once for every trial whose index is 1: a file remembers."""

    def __init__(self, tasks: Sequence[Task], *, memory: str, always: bool = False) -> None:
        super().__init__(tasks)
        self._memory, self._always = memory, always

    def reset(self, trial: Trial) -> Start:
        mark = Path(self._memory) / trial.id
        if trial.index == 1 and (self._always or not mark.exists()):
            mark.touch()
            print("out of memory, or so it seems", flush=True)
            os._exit(7)
        return super().reset(trial)


class CalibratedLine(LineEnv):
    """Its speed stands in a file."""

    def __init__(self, tasks: Sequence[Task], *, calibration: str) -> None:
        super().__init__(tasks, speed=float(Path(calibration).read_text()))


class HangingLine(LineEnv):
    """Stops answering in the first trial of `fetch`."""

    def reset(self, trial: Trial) -> Start:
        if (trial.task, trial.index) == ("fetch", 0):
            time.sleep(600)
        return super().reset(trial)


class BrokenAtStart(LineEnv):
    def __init__(self, tasks: Sequence[Task]) -> None:
        raise OSError("no such scene file: table.xml")


class _Marked(LineEnv):
    """Leaves the number of its process in a folder, so that a test can ask what has become of it."""

    def __init__(self, tasks: Sequence[Task], *, marks: str) -> None:
        super().__init__(tasks)
        self.marks = Path(marks)
        self.started = len(list(self.marks.iterdir()))
        (self.marks / str(os.getpid())).touch()


class NeverSteps(_Marked):
    """Stops answering in the second trial of every task."""

    def reset(self, trial: Trial) -> Start:
        self._hangs = trial.index == 1
        return super().reset(trial)

    def step(self, action: Vector) -> Step:
        if self._hangs:
            time.sleep(600)
        return super().step(action)


class NeverStarts(_Marked):
    def __init__(self, tasks: Sequence[Task], *, marks: str) -> None:
        print("loading the scene ...", flush=True)
        super().__init__(tasks, marks=marks)
        time.sleep(600)


class StartsTwice(_Marked):
    """Two processes of it start; one leaves in the first trial of `fetch`, and its successor hangs in its beginning."""

    def __init__(self, tasks: Sequence[Task], *, marks: str) -> None:
        super().__init__(tasks, marks=marks)
        if self.started >= 2:
            time.sleep(600)

    def reset(self, trial: Trial) -> Start:
        time.sleep(0.01)
        if (trial.task, trial.index) == ("fetch", 0) and not (Path(os.environ["MARK_OF_FETCH"])).exists():
            Path(os.environ["MARK_OF_FETCH"]).touch()
            os._exit(7)
        return super().reset(trial)


class ClosesTogether(_Marked):
    """Has closed itself when every one that was started has begun to."""

    def close(self) -> None:
        (self.marks / f"{os.getpid()}.closing").touch()
        while self._number("*.closing") < self._number("*[0-9]"):
            time.sleep(0.01)
        (self.marks / f"{os.getpid()}.closed").touch()

    def _number(self, name: str) -> int:
        return len(list(self.marks.glob(name)))


class CannotClose(LineEnv):
    def close(self) -> None:
        raise OSError("the viewer is gone")


SLOW = elsewhere("SlowLine")
NEVER_STEPS = elsewhere("NeverSteps")
NEVER_STARTS = elsewhere("NeverStarts")
STARTS_TWICE = elsewhere("StartsTwice")
CANNOT_CLOSE = elsewhere("CannotClose")
RAISING = elsewhere("RaisingLine")
DYING = elsewhere("DyingLine")
CALIBRATED = elsewhere("CalibratedLine")
HANGING = elsewhere("HangingLine")
BROKEN = elsewhere("BrokenAtStart")
NEXT_VERSION = replace(TOY, version=2)


class CoinEnv:
    """Decided by the seed: a success is over after 20 ticks, a failure drags on for 200."""

    observation_spec = ObservationSpec({}, ("x",))
    action_spec = ActionSpec(
        names=("x",), low=(-1.0,), high=(1.0,), units=("m",), control=Control.ABSOLUTE, gripper=Gripper.NONE, rate=10.0
    )

    def __init__(self, tasks: Sequence[Task], *, probability: float = 0.5) -> None:
        self._probability = probability

    def reset(self, trial: Trial) -> Start:
        draw = np.random.default_rng(derived_seed(trial.seed, "coin")).uniform()
        self._tick, self.lucky = 0, bool(draw < self._probability)
        return Start({"draw": np.array([draw])})

    def observe(self, cameras: object, privileged: bool = False) -> Observation:
        return Observation({}, np.zeros(1), "Toss a coin.", self._tick / 10)

    def step(self, action: Vector) -> Step:
        self._tick += 1
        return Step(np.zeros(1), self.lucky and self._tick >= 20)

    def verdict(self, played: Played) -> Verdict:
        return confirmed(played, "")

    def frame(self) -> np.ndarray:
        return np.zeros((48, 64, 3), dtype=np.uint8)

    def close(self) -> None: ...


COIN_TASK = Task(
    name="coin",
    env="armtrial.tests.worlds:CoinEnv",
    instruction="Toss a coin.",
    max_seconds=20.0,
    success_rule=SuccessRule.ONCE,
)
COIN = Suite(name="coin", version=1, tasks=(COIN_TASK,), per_task=200)


class Raises(Toy):
    """Fails in every trial whose index is 1, and in no other."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._cursed: set[int] = set()

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        self._cursed.discard(slot)
        if trial_id.endswith("001"):
            self._cursed.add(slot)

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [self._answer(query) for query in queries]

    def _answer(self, query: Query) -> Plan:
        plan = super().plan([query])[0]
        return self.spoiled(plan) if query.slot in self._cursed else plan

    def spoiled(self, plan: Plan) -> Plan:
        raise RuntimeError("CUDA out of memory")


class GivesNan(Raises):
    def spoiled(self, plan: Plan) -> Plan:
        actions = plan.actions.copy()
        actions[0, 1] = np.nan
        return Plan(actions)


class GivesWrongShape(Raises):
    def spoiled(self, plan: Plan) -> Plan:
        return Plan(plan.actions[:, :1])


class GivesNothing(Raises):
    def spoiled(self, plan: Plan) -> Plan:
        return None  # type: ignore[return-value]


class LosesTheWire(Raises):
    """The connection breaks once for each of its trials, then holds."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._seen: set[str] = set()

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        super().reset(slot, trial_id, seed)
        if trial_id in self._seen:
            self._cursed.discard(slot)
        self._seen.add(trial_id)

    def spoiled(self, plan: Plan) -> Plan:
        raise TransportError("ws://127.0.0.1:8000 closed the connection")


class TooFewPlans(Toy):
    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return super().plan(queries)[:-1]


class WrongCamera(Toy):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.spec = replace(self.spec, cameras={"top": (64, 64)}, state=("jaw", "x"))


class CannotBeBuilt(Policy):
    def __init__(self, world: World) -> None:
        raise FileNotFoundError("weights.safetensors is missing")


class Counts(Policy):
    """Remembers how many queries came in each call."""

    def __init__(self, world: World) -> None:
        self.spec = PolicySpec(name="counts", action=world.action, horizon=10)
        self.batches: list[int] = []

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        self.batches.append(len(queries))
        return [Plan(np.zeros((10, len(self.spec.action.names)))) for _ in queries]


ONE_REACH = replace(TOY, tasks=(REACH,))
