"""Where the cameras are, how finely they are drawn, and where a point of the world falls in a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from ...tasks.tabletop_layout import Nudge
from ..base import Size, Vector

WORLD, HAND = "world", "Fixed_Jaw"
"""Frames that cameras are mounted in."""


@dataclass(frozen=True, slots=True)
class Look:
    """What drawing costs. The physics knows nothing of it, a policy's pictures do: it belongs to the run."""

    name: str
    shadow_map: int
    """Pixels along an edge of the picture that the light sees."""
    samples: int
    """Of each pixel; 0: one, edges stay jagged."""
    originals: bool = False
    """Whether the arm is drawn from the files in `meshes`, which are not the package's own."""


FAST = Look("fast", shadow_map=1024, samples=0)
"""Shadows stay: they tell how high a thing is."""
PRETTY = Look("pretty", shadow_map=4096, samples=4)
"""MuJoCo's own settings."""
MESHES = Look("meshes", shadow_map=FAST.shadow_map, samples=FAST.samples, originals=True)
"""Shadows and edges as in `fast`; what differs is the arm."""
LOOKS: Mapping[str, Look] = {look.name: look for look in (FAST, PRETTY, MESHES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A camera, looking from `eye` to `target`. Metres in its frame."""

    frame: str
    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    up: tuple[float, float, float]
    fovy: float
    """Degrees from the lower to the upper edge."""

    @property
    def rotation(self) -> Vector:
        """3x3; a camera's x points right, its y up, its z backwards."""
        back = _unit(np.array(self.eye) - np.array(self.target))
        right = _unit(np.cross(self.up, back))
        return np.column_stack([right, _unit(np.cross(back, right)), back])


def _unit(direction: NDArray[Any]) -> Vector:
    length = math.hypot(*direction)
    return np.array([value / length for value in direction])


def quaternion(rotation: Vector) -> Vector:
    """(w, x, y, z)."""
    found = np.empty(4)
    mujoco.mju_mat2Quat(found, rotation.ravel())
    return found


def nudged(mount: Mount, nudge: Nudge) -> tuple[Vector, Vector]:
    """Position and quaternion of a camera that is not mounted exactly as planned."""
    turn, angle, total = np.empty(4), float(np.linalg.norm(nudge.turn)), np.empty(4)
    axis = np.array(nudge.turn) / angle if angle else np.array([1.0, 0.0, 0.0])
    mujoco.mju_axisAngle2Quat(turn, axis, angle)
    mujoco.mju_mulQuat(total, quaternion(mount.rotation), turn)
    return np.array(mount.eye) + nudge.shift, total


def project(
    model: mujoco.MjModel, data: mujoco.MjData, camera: str, point: Vector, size: Size
) -> tuple[float, float] | None:
    """Column and row at which a camera sees a point of the world; None where it is not in the picture.

    What hides the point is not asked. Column 0.5 is the middle of the leftmost pixel.
    """
    number = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_CAMERA, camera)
    right, up, back = data.cam_xmat[number].reshape(3, 3).T @ (point - data.cam_xpos[number])
    if back >= 0:
        return None
    width, height = size
    focus = height / 2 / math.tan(math.radians(model.cam_fovy[number]) / 2)
    column, row = width / 2 - focus * right / back, height / 2 + focus * up / back
    return (float(column), float(row)) if 0 <= column < width and 0 <= row < height else None
