"""Third parties' worlds and policies that give something else than they owe, in one way each."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from armtrial.envs.base import Observation, Played, Size, Start, Step, Vector, Verdict
from armtrial.envs.line import LineEnv
from armtrial.policies.base import Plan, Policy, PolicySpec, Query, World
from armtrial.policies.toy import Toy
from armtrial.tasks.base import Event, Outcome, Suite, Trial
from armtrial.tasks.toy import REACH, TOY


def suite_of(world: type[LineEnv]) -> Suite:
    task = replace(REACH, env=f"armtrial.tests.misfits:{world.__name__}")
    return replace(TOY, name=world.__name__.lower(), tasks=(task,))


class Exits(LineEnv):
    def step(self, action: Vector) -> Step:
        sys.exit(0)


class NanState(LineEnv):
    def step(self, action: Vector) -> Step:
        return replace(super().step(action), state=np.array([np.nan, 0.0]))


class ShortState(LineEnv):
    def step(self, action: Vector) -> Step:
        return replace(super().step(action), state=np.zeros(1))


class TooMuchProgress(LineEnv):
    def step(self, action: Vector) -> Step:
        return replace(super().step(action), progress=7.0)


class NoStep(LineEnv):
    def step(self, action: Vector) -> Step:
        return None  # type: ignore[return-value]


class NanEvent(LineEnv):
    def step(self, action: Vector) -> Step:
        return replace(super().step(action), events=(Event(float("nan"), "touched"),))


class NoStart(LineEnv):
    def reset(self, trial: Trial) -> Start:
        super().reset(trial)
        return None  # type: ignore[return-value]


class NoPicture(LineEnv):
    def observe(self, cameras: Mapping[str, Size], privileged: bool = False) -> Observation:
        return replace(super().observe(cameras), images={})


class NoVerdict(LineEnv):
    def verdict(self, played: Played) -> Verdict:
        return None  # type: ignore[return-value]


class ErrorVerdict(LineEnv):
    def verdict(self, played: Played) -> Verdict:
        return Verdict(Outcome.ERROR, "", "")


class OddMessage(LineEnv):
    def step(self, action: Vector) -> Step:
        raise ValueError("boom \x1b[31mred \udcff")


class Unspeakable(Exception):
    origin = "somewhere"

    def __str__(self) -> str:
        raise RuntimeError("no words")


class NoMessage(LineEnv):
    def step(self, action: Vector) -> Step:
        raise Unspeakable


MISFITS: Mapping[type[LineEnv], str] = {
    Exits: "SystemExit: 0",
    NanState: "BrokenContract: a state is [nan, 0.0]; every entry is finite",
    ShortState: "BrokenContract: a state has the shape (1,); it has one entry for each of x, jaw",
    TooMuchProgress: "BrokenContract: the progress is 7; it lies between 0 and 1",
    NoStep: "BrokenContract: step gave a NoneType; it owes a Step",
    NanEvent: "BrokenContract: Event(time=nan, kind='touched', object='') is no event: it has a finite time",
    NoStart: "BrokenContract: reset gave a NoneType; it owes a Start",
    NoPicture: "BrokenContract: observe gave pictures of {}; asked for were {'front': (40, 220, 3)}",
    NoVerdict: "BrokenContract: verdict gave a NoneType; it owes a Verdict",
    ErrorVerdict: "an outcome is success, failure or void, and the rest are texts",
    OddMessage: "ValueError: boom ?[31mred ?",
    NoMessage: "Unspeakable: <exception str() failed>",
}


class WritesIntoActions(LineEnv):
    """And gives the same array again and again."""

    def reset(self, trial: Trial) -> Start:
        self._mine = np.zeros(2)
        return super().reset(trial)

    def step(self, action: Vector) -> Step:
        step = super().step(action)
        action[:] = 5.0
        self._mine[:] = step.state
        return replace(step, state=self._mine)


class NumpyFlags(LineEnv):
    """Right, but in numpy's types."""

    def step(self, action: Vector) -> Step:
        step = super().step(action)
        return replace(step, success=np.bool_(step.success), progress=np.float64(step.success))  # type: ignore[arg-type]


class ExitingPolicy(Toy):
    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        sys.exit(3)


class OddFlags(Toy):
    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [replace(plan, flags="odd") for plan in super().plan(queries)]  # type: ignore[arg-type]


class ComplexPlan(Toy):
    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [replace(plan, actions=plan.actions * 1j) for plan in super().plan(queries)]


class CannotClose(Toy):
    def close(self) -> None:
        raise OSError("the socket is gone")


class NoSpec(Policy):
    def __init__(self, world: World) -> None: ...


class NotAPolicy:
    def __init__(self, world: World) -> None:
        self.spec: Any = PolicySpec(name="x", action=world.action, horizon=1)


class ExitsWhenBuilt(Policy):
    def __init__(self, world: World) -> None:
        sys.exit(3)


class LongPlans(Policy):
    """Thirty actions a plan, of which a run executes fewer."""

    def __init__(self, world: World) -> None:
        self.spec = PolicySpec(name="long", action=world.action, horizon=30)

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [Plan(np.zeros((30, 2))) for _ in queries]
