"""What the world measures of a tick: where things are, what touches them, and how hard the arm hits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np

from ...tasks.grasping import Thing, Tick
from ...tasks.tabletop import Pose
from ..base import Vector
from .arm import OWN, Arm
from .scene import GOAL, Scene
from .units import GRIPPER, JOINTS

TABLE = "table"
HARD = 25.0
"""Newtons across one contact between the arm and the table or the goal, as a tick ends: more is a collision.

Anything else may be pressed as hard as a grip presses."""


@dataclass(slots=True)
class Touching:
    """Who touches whom in one tick."""

    fixed: set[int]
    """Bodies that the fixed jaw touches."""
    moving: set[int]
    """Bodies that the moving jaw touches."""
    hit: str = ""
    """What the arm hits hard; empty: nothing."""


class Senses:
    """Reads one scene's data."""

    def __init__(self, scene: Scene, data: mujoco.MjData, arm: Arm = OWN) -> None:
        model = scene.model
        self._scene, self._model, self._data, self._robot = scene, model, data, arm
        self._fixed = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, arm.hand)
        self._moving = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, arm.jaw)
        self._tips = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_SITE, "tcp")
        self._table = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_GEOM, TABLE)
        whole = model.body_rootid == model.body_rootid[self._moving]
        self.arm = frozenset(int(body) for body in np.flatnonzero(whole))
        self._body_of = model.geom_bodyid

    def pose(self, body: int) -> Pose:
        return Pose(self._data.xpos[body].copy(), self._data.xmat[body].reshape(3, 3).copy())

    def row(self, body: int) -> Vector:
        """Position and quaternion (w, x, y, z)."""
        return np.concatenate([self._data.xpos[body], self._data.xquat[body]])

    def speed(self, name: str) -> float:
        """m/s of a free thing's centre."""
        first = self._model.jnt_dofadr[self._model.body_jntadr[self._scene.items[name].body]]
        return float(np.linalg.norm(self._data.qvel[first : first + 3]))

    def tips(self) -> Vector:
        return self._data.site_xpos[self._tips].copy()

    def touching(self) -> Touching:
        found = Touching(set(), set())
        contact = self._data.contact
        for number, (one, two) in enumerate(contact.geom[: self._data.ncon]):
            bodies = int(self._body_of[one]), int(self._body_of[two])
            for mine, other in (bodies, bodies[::-1]):
                if mine == self._fixed:
                    found.fixed.add(other)
                elif mine == self._moving:
                    found.moving.add(other)
            if not found.hit and (bodies[0] in self.arm) != (bodies[1] in self.arm):
                found.hit = self._hit(number, bodies, self._table in (one, two))
        return found

    def tick(self, time: float, tips: Vector, tip_speed: float, shown: Mapping[str, int], touching: Touching) -> Tick:
        """`shown`: the free things of this trial, by name, as bodies."""
        things = {name: self._thing(body, touching) for name, body in shown.items()}
        point = (float(tips[0]), float(tips[1]), float(tips[2]))
        jaw = float(self._robot.angles(self._data.ctrl[: len(JOINTS)])[GRIPPER])
        return Tick(time, jaw, point, tip_speed, things)

    def _thing(self, body: int, touching: Touching) -> Thing:
        x, y, z = (float(value) for value in self._data.xpos[body])
        fixed, moving = body in touching.fixed, body in touching.moving
        return Thing((x, y, z), fixed or moving, fixed and moving)

    def _hit(self, number: int, bodies: tuple[int, int], table: bool) -> str:
        """The table or the goal, if the arm presses on it; a grip may press as it likes."""
        goal = self._scene.goal in bodies
        if not (table or goal):
            return ""
        force = np.zeros(6)
        mujoco.mj_contactForce(self._model, self._data, number, force)
        return (GOAL if goal else TABLE) if abs(float(force[0])) > HARD else ""
