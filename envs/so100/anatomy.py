"""How an arm in a model is built, measured from its joints: what they read, where the hand is, how it must be placed.

Names and zeros differ from file to file, the SO-100's and the SO-101's shape does not: the way from axis to axis says
which way a joint turns, and what our own model's joint reads in the same pose.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from ..base import Vector
from .cameras import HAND, Mount, quaternion
from .jaws import MOVING
from .kinematics import FORE, FORE_BEND, PAN_AXIS, SHOULDER, UPPER, UPPER_BEND
from .links import LINKS
from .units import GRIPPER, JOINTS, MODEL_LOW

TO_PIVOT = -LINKS[4].pos[1] - MOVING.pos[1]
"""Metres along the fingers from the axis of wrist_flex to the one that the moving jaw turns about."""
LENGTH_SLACK = 0.010
"""Metres by which an SO-100 may differ from another: the tasks' things lie within an arm's reach."""
ANGLES = ((1, 0, 90), (2, 1, 0), (3, 1, 0), (4, 1, 90), (5, 4, 90))
"""Two joints, and the degrees between their axes."""
ASKEW = 1.0
"""Degrees by which an angle may differ."""
UP = np.array([0.0, 0.0, 1.0])


class AnatomyError(ValueError):
    """The joints are not those of an SO-100; the message has what differs and by how much."""


@dataclass(frozen=True, slots=True)
class Frame:
    pos: Vector
    turn: Vector
    """3x3; the columns are the axes."""

    @property
    def quat(self) -> Vector:
        return quaternion(self.turn)


@dataclass(frozen=True, slots=True)
class Anatomy:
    base: Frame
    """Of the file's world in ours: pan axis and shoulder where ours are, the arm facing -y."""
    hand: Frame
    """Where our fixed jaw's frame would be, in the frame of the body that the moving jaw hangs on."""
    turns: tuple[float, ...]
    shifts: tuple[float, ...]
    """As `arm.Arm` has them."""


def measured(model: mujoco.MjModel, joints: Sequence[int]) -> Anatomy:
    """Of a compiled file that holds nothing but an arm. `joints`: its six, in the order of `units.JOINTS`."""
    low, high = model.jnt_range[list(joints)].T
    data = mujoco.MjData(model)
    data.qpos[model.jnt_qposadr[list(joints)]] = (low + high) / 2
    mujoco.mj_kinematics(model, data)
    shape = _Shape(data.xanchor[list(joints)].copy(), data.xaxis[list(joints)].copy())
    shape.check()
    turns = shape.turns()
    shifts = (low + high) / 2 - turns * shape.angles()
    jaw_shut = low[GRIPPER] if turns[GRIPPER] > 0 else high[GRIPPER]
    shifts[GRIPPER] = jaw_shut - turns[GRIPPER] * MODEL_LOW[GRIPPER]
    body = int(model.body_parentid[model.jnt_bodyid[joints[GRIPPER]]])
    seen_from = data.xmat[body].reshape(3, 3).T
    hand = Frame(seen_from @ (shape.palm - data.xpos[body]), seen_from @ shape.hand)
    return Anatomy(shape.base(), hand, tuple(turns.tolist()), tuple(shifts.tolist()))


def mounted(model: mujoco.MjModel, body: int, hand: Frame, camera: int) -> Mount:
    """A camera of the file as it sits on the hand, in our fixed jaw's frame. `hand`: that frame in the body's."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    mujoco.mj_camlight(model, data)
    turn = data.xmat[body].reshape(3, 3) @ hand.turn
    eye = turn.T @ (data.cam_xpos[camera] - data.xpos[body]) - hand.turn.T @ hand.pos
    _, up, back = (turn.T @ data.cam_xmat[camera].reshape(3, 3)).T
    fovy = float(model.cam_fovy[camera])
    return Mount(frame=HAND, eye=tuple(eye), target=tuple(eye - back), up=tuple(up), fovy=fovy)


class _Shape:
    """Six axes in one pose, the pan in the middle of its range. Metres and radians, in the file's world."""

    def __init__(self, anchors: Vector, axes: Vector) -> None:
        self.pan, self.lift, self.elbow, self.wrist, self.roll, self.jaw = anchors
        self.axes = axes
        level = _unit(_cross(axes[1], UP))
        self.outwards = level * math.copysign(1.0, float((self.lift - self.pan) @ level))
        self.side = _cross(self.outwards, UP)
        """About it, a turn raises what points outwards."""
        self.fingers: Vector = axes[4] * math.copysign(1.0, float((self.jaw - self.wrist) @ axes[4]))
        aside = self.jaw - self.roll
        for direction in (self.fingers, axes[5]):
            aside = aside - (aside @ direction) * direction
        self.aside = float(np.linalg.norm(aside))
        self.closing = -_unit(aside)
        """From the moving jaw to the fixed one."""
        self.hand = np.column_stack([self.closing, -self.fingers, _cross(self.closing, -self.fingers)])
        pivot = float((self.jaw - self.roll) @ self.fingers)
        self.palm = self.roll + (pivot + MOVING.pos[1]) * self.fingers

    def check(self) -> None:
        """Raises an `AnatomyError`."""
        for one, other, ours in ANGLES:
            _check_angle(f"{JOINTS[one]} and {JOINTS[other]}", _between(self.axes[one], self.axes[other]), ours)
        _check_angle(f"{JOINTS[0]} and the world's z", _between(self.axes[0], UP), 0)
        for what, (found, ours) in self._lengths().items():
            if not abs(found - ours) <= LENGTH_SLACK:
                raise AnatomyError(f"{what} it measures {found:.3f} m, an SO-100 {ours:.3f} m")

    def _lengths(self) -> dict[str, tuple[float, float]]:
        """Of this arm and of ours."""
        upper, fore = self._flat(self.elbow - self.lift), self._flat(self.wrist - self.elbow)
        return {
            "from the pan axis to the shoulder": (float((self.lift - self.pan) @ self.outwards), SHOULDER[0]),
            "from shoulder to elbow": (math.hypot(*upper), UPPER),
            "from elbow to wrist": (math.hypot(*fore), FORE),
            "from the wrist to the moving jaw": (float((self.jaw - self.wrist) @ self.fingers), TO_PIVOT),
            "from the roll axis to the moving jaw": (self.aside, -MOVING.pos[0]),
            "from the plane of the arm to the roll axis": (abs(float((self.roll - self.pan) @ self.side)), 0.0),
        }

    def turns(self) -> Vector:
        """1 for each joint that turns our way."""
        pan, lift, elbow, wrist, roll, jaw = self.axes
        opening = float(_cross(self.fingers, jaw) @ self.closing)
        ours = [pan @ UP, *(-axis @ self.side for axis in (lift, elbow, wrist)), -roll @ self.fingers, opening]
        return np.sign(ours)

    def angles(self) -> Vector:
        """What our joints read in this pose; of the jaw nothing is known."""
        lift = -self._rise(self.elbow - self.lift) - UPPER_BEND
        elbow = FORE_BEND - lift - self._rise(self.wrist - self.elbow)
        pitch = self._rise(self.fingers)
        above = math.cos(pitch) * UP - math.sin(pitch) * self.outwards
        roll = math.atan2(-self.closing @ above, -self.closing @ self.side) - math.pi / 2
        return np.array([0.0, lift, elbow, -pitch - lift - elbow, roll, 0.0])

    def base(self) -> Frame:
        yaw = -math.pi / 2 - math.atan2(self.outwards[1], self.outwards[0])
        cosine, sine = math.cos(yaw), math.sin(yaw)
        turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
        ours = np.array([*PAN_AXIS, SHOULDER[1]])
        return Frame(ours - turn @ np.array([*self.pan[:2], self.lift[2]]), turn)

    def _flat(self, way: Vector) -> tuple[float, float]:
        """Outwards and up, in the arm's plane."""
        return float(way @ self.outwards), float(way @ UP)

    def _rise(self, way: Vector) -> float:
        out, up = self._flat(way)
        return math.atan2(up, out)


def _cross(one: Vector, other: Vector) -> Vector:
    return np.asarray(np.cross(one, other), dtype=np.float64)


def _unit(direction: Vector) -> Vector:
    """Zero where there is no direction."""
    return direction / max(float(np.linalg.norm(direction)), 1e-9)


def _between(one: Vector, other: Vector) -> float:
    """Degrees between two lines, 0 to 90."""
    return math.degrees(math.acos(min(1.0, abs(float(one @ other)))))


def _check_angle(what: str, found: float, ours: float) -> None:
    if abs(found - ours) > ASKEW:
        raise AnatomyError(f"the axes of {what} are {found:.0f} degrees apart, an SO-100's {ours:.0f}")
