"""The world `calvin`: chains of subtasks in upstream's simulation, judged by upstream's oracle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from ...tasks.base import Event, Task, Trial
from ...tasks.calvin import RATE, CalvinTask, StartState, chain_of, start_state
from ..base import (
    ActionSpec,
    Control,
    Gripper,
    Image,
    LifecycleError,
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
from .checkout import code_in
from .upstream import CAMERAS, Upstream, oracle

_POSE = ("x", "y", "z", "roll", "pitch", "yaw")
_FRAME = 200
"""Pixels: both cameras of a film are as high as the static one."""


class Simulation(Protocol):
    """What the world needs of upstream's."""

    def put(self, start: StartState) -> None: ...

    def act(self, action: Vector) -> None: ...

    def info(self) -> Any: ...

    def robot(self) -> Vector: ...

    def scene(self) -> Vector: ...

    def picture(self, name: str, size: Size) -> Image: ...

    def end_hash(self) -> str: ...

    def close(self) -> None: ...


class CalvinEnv:
    """A hand that is moved by small steps, a slider, a drawer, two lights and three blocks.

    The state is upstream's `robot_obs`: the hand's place and angles, the width of its opening, seven joints, and what
    the gripper was told last. Each subtask that the oracle finds done is an event `solved`.
    """

    observation_spec = ObservationSpec(
        CAMERAS, (*_POSE, "width", *(f"joint_{number}" for number in range(1, 8)), "gripper")
    )
    action_spec = ActionSpec(
        names=(*_POSE, "gripper"),
        low=(-1.0,) * 7,
        high=(1.0,) * 7,
        units=("0.02 m",) * 3 + ("0.05 rad",) * 3 + ("",),
        control=Control.RELATIVE,
        gripper=Gripper.OPENS_AT_HIGH,
        rate=RATE,
        binary=("gripper",),
    )

    def __init__(self, tasks: Sequence[Task], *, calvin_root: str) -> None:
        """`calvin_root`: the checkout of `calvin_env`, or of `calvin` with that in it."""
        self._code = code_in(calvin_root)
        self._tasks = {task.name: task for task in tasks}
        self._simulation: Simulation | None = None
        self._oracle: Any = None
        self._over = True

    def reset(self, trial: Trial) -> Start:
        """A new simulation for every chain, so that nothing hangs on what was played before."""
        task = self._tasks[trial.task]
        if not isinstance(task, CalvinTask):
            raise TypeError(f"task '{task.name}' is no CalvinTask; the world 'calvin' plays only those")
        self._task, self._chain = task, chain_of(trial).subtasks
        start = start_state(chain_of(trial).situation)
        self._close()
        self._simulation = built = self._built(task.scene)
        built.put(start)
        self._oracle = self._oracle or self._judge()
        self._before = built.info()
        self._tick, self._stage, self._over = 0, 0, False
        return Start({"robot": start.robot, "scene": start.scene})

    def observe(self, cameras: Mapping[str, Size], privileged: bool = False) -> Observation:
        simulation = self._running()
        images = {name: simulation.picture(name, (size[0], size[1])) for name, size in cameras.items()}
        secret = {"scene": simulation.scene()} if privileged else {}
        return Observation(images, simulation.robot(), self._instruction(), self._tick / RATE, secret)

    def step(self, action: Vector) -> Step:
        if self._over:
            raise LifecycleError("the world 'calvin' was stepped outside a trial; call reset first")
        simulation = self._running()
        simulation.act(np.array(action, dtype=np.float64))
        self._tick += 1
        events = self._judged(simulation.info())
        done = self._stage == len(self._chain)
        return Step(simulation.robot(), done, False, self._stage / len(self._chain), self._stage, events)

    def _judged(self, info: Any) -> tuple[Event, ...]:
        """The next subtask is judged from the state in which the one before it was done."""
        if self._stage == len(self._chain):
            return ()
        subtask = self._chain[self._stage]
        if not self._oracle.get_task_info_for_set(self._before, info, {subtask}):
            return ()
        self._before, self._stage = info, self._stage + 1
        return (Event(self._tick / RATE, "solved", subtask),)

    def verdict(self, played: Played) -> Verdict:
        """A failure is named after the subtask at which the chain broke."""
        self._over = True
        verdict = confirmed(played, self._running().end_hash())
        if self._stage == len(self._chain):
            return verdict
        label = self._chain[self._stage]
        note = f"{self._stage} of {len(self._chain)} in a row"
        return Verdict(verdict.outcome, label, verdict.end_hash, note, verdict.by)

    def frame(self) -> Image:
        simulation = self._running()
        return np.concatenate([simulation.picture(name, (_FRAME, _FRAME)) for name in CAMERAS], axis=1)

    def close(self) -> None:
        self._over = True
        self._close()

    def _built(self, scene: str) -> Simulation:
        return Upstream(self._code, scene)

    def _judge(self) -> Any:
        return oracle(self._code)

    def _instruction(self) -> str:
        return self._task.asking(self._chain[min(self._stage, len(self._chain) - 1)])

    def _running(self) -> Simulation:
        if self._simulation is None:
            raise LifecycleError("the world 'calvin' was looked at before its first reset")
        return self._simulation

    def _close(self) -> None:
        if self._simulation is not None:
            self._simulation.close()
            self._simulation = None
