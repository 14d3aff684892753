"""The world `robosuite`: one arm at one of robosuite's tasks, judged by robosuite's own check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from ...tasks.base import STAGES, Event, Task, Trial
from ...tasks.grasping import Thresholds, Tick, Watch
from ...tasks.robosuite import RATE, RobosuiteTask
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
from .robots import robot_of
from .upstream import CAMERAS, Upstream

_SIZE = (256, 256)
_FRAME = (320, 240)
_PLACING = STAGES[STAGES.index("place") :]
"""The last stages of tasks in which a thing is placed."""
_THRESHOLDS = Thresholds(
    closing=0.5,
    late_ticks=20,
    height=0.06,
    speed=0.3,
    distance=0.06,
    lift=0.02,
    lift_ticks=4,
    drop_ticks=4,
    forget_ticks=20,
)
"""In ticks of this world. Its gripper is told to close or to open and nothing between; heights are above the target."""


class Simulation(Protocol):
    """What the world needs of robosuite's."""

    def sampled(self) -> dict[str, Vector]: ...

    def others(self) -> tuple[str, ...]: ...

    def act(self, action: Vector) -> None: ...

    def success(self) -> bool: ...

    def robot(self) -> Vector: ...

    def tick(self, time: float, opening: float) -> Tick: ...

    def privileged(self) -> dict[str, Vector]: ...

    def picture(self, camera: str, size: Size) -> Image: ...

    def end_hash(self) -> str: ...

    def close(self) -> None: ...


class RobosuiteEnv:
    """robosuite's own worlds: a hand that is moved and turned by small steps, and a gripper.

    Steps are in the frame of the robot's base. The gripper closes where its number is above 0, opens where it is below,
    and stays at 0.
    """

    action_spec = ActionSpec(
        names=("x", "y", "z", "roll", "pitch", "yaw", "gripper"),
        low=(-1.0,) * 7,
        high=(1.0,) * 7,
        units=("0.05 m",) * 3 + ("0.5 rad",) * 3 + ("",),
        control=Control.RELATIVE,
        gripper=Gripper.OPENS_AT_LOW,
        rate=RATE,
    )

    def __init__(self, tasks: Sequence[Task], *, robot: str = "Panda") -> None:
        """`robot`: Panda, Sawyer, IIWA, Jaco, Kinova3, UR5e or XArm7, each with its usual gripper."""
        self.observation_spec = ObservationSpec(dict.fromkeys(CAMERAS, _SIZE), robot_of(robot).state)
        self._robot = robot
        self._tasks = {task.name: task for task in tasks}
        self._simulation: Simulation | None = None
        self._over = True

    def reset(self, trial: Trial) -> Start:
        """A new simulation for every trial, so that nothing hangs on what was played before."""
        task = self._tasks[trial.task]
        if not isinstance(task, RobosuiteTask):
            raise TypeError(f"task '{task.name}' is no RobosuiteTask; the world 'robosuite' plays only those")
        self._close()
        self._task = task
        self._simulation = built = self._built(task, trial.seed)
        self._watch = Watch(_THRESHOLDS)
        self._opening, self._told, self._tick = 1.0, 0, 0
        self._over = self._done = False
        self._watch.see(built.tick(0.0, self._opening))
        return Start(built.sampled(), built.others())

    def observe(self, cameras: Mapping[str, Size], privileged: bool = False) -> Observation:
        simulation = self._running()
        images = {name: simulation.picture(name, (size[0], size[1])) for name, size in cameras.items()}
        secret = simulation.privileged() | {"jaws": self._jaws()} if privileged else {}
        return Observation(images, simulation.robot(), self._task.instruction, self._tick / RATE, secret)

    def step(self, action: Vector) -> Step:
        if self._over:
            raise LifecycleError("the world 'robosuite' was stepped outside a trial; call reset first")
        simulation = self._running()
        simulation.act(np.array(action, dtype=np.float64))
        self._tick += 1
        self._tell(float(action[-1]))
        success = simulation.success()
        events = (*self._watch.see(simulation.tick(self._tick / RATE, self._opening)), *self._placed(success))
        return Step(simulation.robot(), success, events=events)

    def _tell(self, gripper: float) -> None:
        """What the jaws were told last; a zero tells nothing."""
        opening = self._opening if gripper == 0.0 else float(gripper < 0.0)
        if opening != self._opening:
            self._opening, self._told = opening, self._tick - 1

    def _jaws(self) -> Vector:
        """1 where they were told to open, 0 to close, and how many seconds ago."""
        return np.array([self._opening, (self._tick - self._told) / RATE])

    def _placed(self, success: bool) -> tuple[Event, ...]:
        """Once, where the target lies as it should and was let go: a thing that is to be lifted is not placed, even
        where it is still high enough as it falls."""
        if self._task.last_stage not in _PLACING or not self._task.target:
            return ()
        if not success or self._done or self._opening == 0.0:
            return ()
        self._done = True
        return (Event(self._tick / RATE, "placed", self._task.target),)

    def verdict(self, played: Played) -> Verdict:
        self._over = True
        return confirmed(played, self._running().end_hash())

    def frame(self) -> Image:
        simulation = self._running()
        return np.concatenate([simulation.picture(name, _FRAME) for name in CAMERAS], axis=1)

    def close(self) -> None:
        self._over = True
        self._close()

    def _built(self, task: RobosuiteTask, seed: int) -> Simulation:
        return Upstream(task, self._robot, seed)

    def _running(self) -> Simulation:
        if self._simulation is None:
            raise LifecycleError("the world 'robosuite' was looked at before its first reset")
        return self._simulation

    def _close(self) -> None:
        if self._simulation is not None:
            self._simulation.close()
            self._simulation = None
