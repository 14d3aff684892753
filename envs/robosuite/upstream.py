"""robosuite's simulation: built anew for every trial, stepped as robosuite steps it, and drawn when somebody looks.

robosuite has no types, and is imported when a world is built: nothing here needs it before.
"""

from __future__ import annotations

import difflib
import functools
import math
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ...tasks.grasping import Point, Thing, Tick
from ...tasks.robosuite import RATE, RobosuiteTask
from ..base import Image, Size, Vector, state_hash
from ..locate import locate
from .pen import Pen
from .things import Fingers, Object, things_of

CAMERAS = {"agentview": "agentview", "wrist": "robot0_eye_in_hand"}
"""Ours, and robosuite's name for it."""
SAMPLED = ("body_pos", "body_quat", "geom_size", "geom_rgba", "light_pos", "cam_pos", "cam_quat")
"""Of the model: whatever a trial may have of its own. Fixtures stand in it, and the sizes of things."""
BLIND: Mapping[str, Any] = {"has_offscreen_renderer": False, "use_camera_obs": False}
"""Pictures are drawn when somebody looks."""
CLEARED = 5.0
"""Metres: what a task has no use for, robosuite puts farther away than this."""
Part = tuple[Any, Any, Vector, Vector]
"""Of a robot, with a controller: that, its motors, and how far they go."""


class Upstream:
    """One environment of robosuite for one trial: its own reset would leave what was drawn when it was built."""

    def __init__(self, task: RobosuiteTask, robot: str, seed: int, eyes: Mapping[str, Any] = BLIND) -> None:
        """`eyes`: what robosuite itself is to draw at every step."""
        self._mujoco: Any = import_module("mujoco")  # before robosuite, which changes MUJOCO_GL
        self.env: Any = environment(task.upstream)(
            robots=robot,
            has_renderer=False,
            renderer="mujoco",
            hard_reset=False,
            ignore_done=True,
            control_freq=RATE,
            seed=seed,
            **eyes,
            **dict(task.options),
        )
        self.env.reset()
        if self.env.action_dim != 7 or len(self.env.robots) != 1:
            raise ValueError(
                f"{task.upstream} takes {self.env.action_dim} numbers for {len(self.env.robots)} robots; "
                "the world 'robosuite' plays one arm of seven: six of its hand and one of its gripper"
            )
        self._model, self._data = self.env.sim.model._model, self.env.sim.data._data
        self._robot = self.env.robots[0]
        self._gripper = self._robot.gripper["right"]
        self._things = {thing.name: thing for thing in things_of(self.env, task.target)}
        self._target = task.target
        if task.target and task.target not in self._things:
            raise ValueError(f"{task.upstream} has no object '{task.target}'. There are: {', '.join(self._things)}")
        self._fingers = Fingers.of(self.env, self._gripper)
        self._parts = _driven(self._robot) if _is_plain(self.env, self._robot) else None
        self._pen = Pen(self._mujoco, self._model, self._data)
        self._before = self._hand()

    def sampled(self) -> dict[str, Vector]:
        """The whole start, before any physics."""
        return {"qpos": self._data.qpos.copy()} | {name: getattr(self._model, name).copy() for name in SAMPLED}

    def others(self) -> tuple[str, ...]:
        """Things that are not to be lifted."""
        return tuple(name for name, thing in self._things.items() if thing.free and name != self._target)

    def act(self, action: Vector) -> None:
        """robosuite's step to the last bit; without the sensors it reads 25 times, where nobody can ask for them."""
        self._before = self._hand()
        if self._parts is None:
            self.env.step(action)
        else:
            self._step(action, self._parts)

    def _step(self, action: Vector, parts: Sequence[Part]) -> None:
        env, sim = self.env, self.env.sim
        for substep in range(int(env.control_timestep / env.model_timestep)):
            sim.step1()
            self._drive(action if substep == 0 else None, parts)
            sim.step2()
        env.timestep += 1
        env.cur_time += env.control_timestep
        env._post_action(action)

    def _drive(self, goal: Vector | None, parts: Sequence[Part]) -> None:
        """What robosuite's robot does in a step of physics; it measures its own action's length thrice as well."""
        controller = self._robot.composite_controller
        controller.update_state()
        if goal is not None:
            controller.set_goal(goal)
        for part, motors, low, high in parts:
            self._data.ctrl[motors] = np.clip(part.run_controller(), low, high)

    def success(self) -> bool:
        return bool(self.env._check_success())

    def robot(self) -> Vector:
        """As robosuite's own sensors give it."""
        robot, data = self._robot, self._data
        w, x, y, z = self.env.sim.data.get_body_xquat(robot.robot_model.eef_name["right"])
        joints = data.qpos[[*robot._ref_joint_pos_indexes, *robot._ref_gripper_joint_pos_indexes["right"]]]
        return np.concatenate([self._hand(), [x, y, z, w], joints])

    def tick(self, time: float, opening: float) -> Tick:
        """`opening`: 0 where the gripper was last told to close, 1 where it was told to open."""
        touched, gripped = self._fingers.touching(self._data)
        speed = float(np.linalg.norm(self._hand() - self._before)) * RATE
        things = {name: self._thing(thing, touched, gripped) for name, thing in self._things.items()}
        near = {name: thing for name, thing in things.items() if max(map(abs, thing.position)) < CLEARED}
        return Tick(time=time, jaw_target=opening, tips=self._tips(), tip_speed=speed, things=near)

    def _tips(self) -> Point:
        """The height is above the target, since tables differ; where nothing is to be grasped, no closing is a try."""
        if not self._target:
            return math.inf, math.inf, math.inf
        x, y, z = (float(value) for value in self._hand())
        return x, y, z - float(self._things[self._target].place(self._data)[2])

    def _thing(self, thing: Object, touched: set[int], gripped: set[int]) -> Thing:
        """What cannot be carried away cannot be lifted: a handle that turns is always at one height."""
        x, y, z = (float(value) for value in thing.place(self._data))
        return Thing((x, y, z if thing.free else 0.0), bool(thing.geoms & touched), bool(thing.geoms & gripped))

    def privileged(self) -> dict[str, Vector]:
        """Where the target is, and the hand; its turn and the base's as matrices whose columns are their axes."""
        robot, data = self._robot, self._data
        site = robot.eef_site_id["right"]
        shown = {
            "hand": self._hand(),
            "hand_axes": data.site_xmat[site].reshape(3, 3).copy(),
            "base_axes": np.array(robot.part_controllers["right"].origin_ori, dtype=np.float64),
        }
        if not self._target:
            return shown
        thing = self._things[self._target]
        _, gripped = self._fingers.touching(data)
        return shown | {
            "target": np.array(thing.place(data)),
            "target_axes": data.xmat[thing.body].reshape(3, 3).copy(),
            "gripped": np.array([float(bool(thing.geoms & gripped))]),
        }

    def picture(self, camera: str, size: Size) -> Image:
        return self._pen.drawn(CAMERAS[camera], size)

    def end_hash(self) -> str:
        """Over everything that MuJoCo steps from, and what the controllers hold."""
        kind = self._mujoco.mjtState.mjSTATE_INTEGRATION
        state = np.empty(self._mujoco.mj_stateSize(self._model, kind))
        self._mujoco.mj_getState(self._model, self._data, state, kind)
        arm = self._robot.part_controllers["right"]
        goals = [getattr(arm, name) for name in ("goal_pos", "goal_ori") if getattr(arm, name, None) is not None]
        return state_hash(state, self._gripper.current_action, *goals)

    def close(self) -> None:
        self._pen.close()
        self.env.close()

    def _hand(self) -> Vector:
        return self._data.site_xpos[self._robot.eef_site_id["right"]].copy()


def environment(name: str) -> Any:
    """The class: one of robosuite's, or the user's own from a file."""
    environments = _own()
    if ":" in name:
        return locate(name)
    if name not in environments:
        close = difflib.get_close_matches(name, environments, n=1)
        meant = f" Did you mean '{close[0]}'?" if close else ""
        raise ValueError(
            f"robosuite has no environment '{name}'.{meant} There are: {', '.join(sorted(environments))}. "
            "Your own: /path/to/file.py:Class"
        )
    return environments[name]


@functools.cache
def _own() -> Mapping[str, Any]:
    """robosuite's environments, as they are before a class of the user's takes the name of one."""
    import_module("robosuite")
    known: Mapping[str, Any] = import_module("robosuite.environments.base").REGISTERED_ENVS
    return {name: kind for name, kind in known.items() if kind.__module__.startswith("robosuite.")}


def warm() -> None:
    """Compiles what robosuite compiles at its first step, so that no worker has to."""
    task = RobosuiteTask(name="warm", upstream="Lift", target="cube", instruction="Lift.")
    Upstream(task, "Panda", 0).act(np.zeros(7))
    sys.stdout.write("robosuite is ready\n")


def _driven(robot: Any) -> list[Part]:
    limits = robot.sim.model.actuator_ctrlrange
    found: list[Part] = []
    for name, part in robot.composite_controller.part_controllers.items():
        if robot._enabled_parts.get(name, False):
            motors = np.array(robot._ref_actuators_indexes_dict[name], dtype=np.intp)
            found.append((part, motors, limits[motors, 0].copy(), limits[motors, 1].copy()))
    return found


def _is_plain(env: Any, robot: Any) -> bool:
    """It is one of robosuite's own and acts as they do: a step may leave out what these do for their sensors. A user's
    own check may read what these saw, or what was done of late."""
    if type(env) is not _own().get(type(env).__name__):
        return False
    acts: Any = import_module("robosuite.environments.robot_env").RobotEnv._pre_action
    moves: Any = import_module("robosuite.robots.fixed_base_robot").FixedBaseRobot.control
    runs: Any = import_module("robosuite.controllers.composite.composite_controller").CompositeController.run_controller
    kinds: Any = (type(env), type(robot), type(robot.composite_controller))
    own = (kinds[0]._pre_action, kinds[1].control, kinds[2].run_controller)
    return own == (acts, moves, runs) and bool(env.lite_physics)
