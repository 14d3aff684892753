"""An arm made of software, for rehearsals and tests: servos on a pty, the twin's joints behind them, its cameras."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import mujoco
import numpy as np

from ..envs.base import Env, Image, Size, Start, Step, Vector
from ..envs.so100.env import So100Env
from ..envs.so100.painter import Painter
from ..envs.so100.units import GRIPPER, JOINTS
from ..tasks.base import Event, Task, Trial
from . import registers as reg
from .calibrations import Range, software_ranges, written
from .servo_bus import ServoBus
from .servos import Servo

NAME = "twin"
"""The id under which its calibration is kept."""


class TwinPlant:
    """The twin's joints as servos see them: in ticks of their encoders."""

    def __init__(self, env: Env, ranges: Sequence[Range]) -> None:
        self._env, self._ranges = env, ranges
        self._low, self._high = np.array(env.action_spec.low), np.array(env.action_spec.high)
        self.ticks, self.loads = np.zeros(len(ranges)), np.zeros(len(ranges))
        self.last = Step(np.zeros(len(ranges)), False)
        self.events: list[Event] = []
        """Since the trial began."""

    def lay_out(self, trial: Trial) -> Start:
        """What a person does between trials, done at once; the arm is where trials begin."""
        start = self._env.reset(trial)
        self.events, self.last = [], Step(self._env.observe({}).state, False)
        self._measure(self.last.state)
        return start

    def advance(self, wanted: Sequence[int | None]) -> None:
        at = self._units(self.ticks)
        goals = self._units([tick if goal is None else goal for tick, goal in zip(self.ticks, wanted, strict=True)])
        goals = np.where([goal is None for goal in wanted], at, goals)
        self.last = self._env.step(np.clip(goals, self._low, self._high))
        self.events += self.last.events
        self._measure(self.last.state)
        self.loads = np.clip((goals - self.last.state) / 30.0, -1.0, 1.0) * [goal is not None for goal in wanted]

    def _measure(self, state: Vector) -> None:
        told = [entry.tick(value, joint == GRIPPER) for joint, (entry, value) in enumerate(zip(self._ranges, state))]
        self.ticks = np.array(told) + [entry.homing for entry in self._ranges]

    def _units(self, ticks: Sequence[float] | Vector) -> Vector:
        told = zip(self._ranges, ticks, strict=True)
        return np.array([entry.units(tick - entry.homing, i == GRIPPER) for i, (entry, tick) in enumerate(told)])


class Eyes:
    """Draws the twin as it was at one moment, while its servos go on."""

    def __init__(self) -> None:
        self._painters: dict[tuple[int, Size], Painter] = {}
        self._copies: dict[int, mujoco.MjData] = {}

    def now(self, model: mujoco.MjModel, data: mujoco.MjData) -> mujoco.MjData:
        if id(model) not in self._copies:
            self._copies[id(model)] = mujoco.MjData(model)
        mujoco.mj_copyData(self._copies[id(model)], model, data)
        return self._copies[id(model)]

    def drawn(self, model: mujoco.MjModel, data: mujoco.MjData, camera: str, size: Size) -> Image:
        if (id(model), size) not in self._painters:
            self._painters[id(model), size] = Painter(model, size, planes_cast=True)
        return self._painters[id(model), size].picture(data, camera)

    def close(self) -> None:
        for painter in self._painters.values():
            painter.close()
        self._painters.clear()


class SoftArm:
    """Opened like an arm by its `port` and `calibration_folder`; what only a rehearsal may know is shown apart."""

    def __init__(self, tasks: Sequence[Task], *, lockstep: bool) -> None:
        """`lockstep`: time goes on by a tick with every goal that is written, however fast that is."""
        self._folder = tempfile.TemporaryDirectory(prefix="armtrial-arm-")
        self._ranges = software_ranges()
        self.calibration = written(self._ranges, self.calibration_folder / f"{NAME}.json")
        self._env = So100Env(tasks, calibration=str(self.calibration), delay=None if lockstep else 0)
        self._plant = TwinPlant(self._env, self._ranges)
        for task in tasks:  # each scene is built here: later the servos would not answer for as long as it takes
            self._plant.lay_out(Trial("train", "rehearsal", 1, task.name, 0))
        self.bus = ServoBus(_calibrated(self._ranges), self._plant, lockstep=lockstep)
        self.frozen: set[str] = set()
        """Cameras that give no new picture."""
        self._pictures: dict[str, tuple[Image, float]] = {}
        self._eyes: dict[int, Eyes] = {}
        """By thread: what draws belongs to one."""

    @property
    def calibration_folder(self) -> Path:
        return Path(self._folder.name)

    @property
    def port(self) -> str:
        return self.bus.port

    def lay_out(self, trial: Trial) -> Start:
        with self.bus.inside():
            start = self._plant.lay_out(trial)
            self.bus.refresh()
        return start

    def privileged(self) -> Mapping[str, Vector]:
        with self.bus.inside():
            return self._env.observe({}, privileged=True).privileged

    def told(self) -> tuple[Step, tuple[Event, ...]]:
        """What the twin says of the last tick, and its events since it was asked last."""
        with self.bus.inside():
            events, self._plant.events = tuple(self._plant.events), []
            return self._plant.last, events

    def picture(self, camera: str, size: Size) -> tuple[Image, float]:
        """And its age in seconds of the arm's own time; of a frozen camera, the last one."""
        if camera in self.frozen and camera in self._pictures:
            image, taken = self._pictures[camera]
            return image, self.bus.time - taken
        eyes = self._eyes.setdefault(threading.get_ident(), Eyes())
        with self.bus.inside():
            model, data = self._env.inside()
            now, taken = eyes.now(model, data), self.bus.time
        self._pictures[camera] = eyes.drawn(model, now, camera, size), taken
        return self._pictures[camera][0], self.bus.time - taken

    def close(self) -> None:
        self.bus.close()
        for eyes in self._eyes.values():
            eyes.close()
        self._env.close()
        self._folder.cleanup()


def _calibrated(ranges: Sequence[Range]) -> list[Servo]:
    """Their memory holds what the file says."""
    servos = [Servo(number) for number in range(1, len(JOINTS) + 1)]
    for servo, entry in zip(servos, ranges, strict=True):
        for register, value in ((reg.LOWEST, entry.low), (reg.HIGHEST, entry.high), (reg.HOMING, entry.homing)):
            servo.put(register, value)
    return servos
