"""Where coloured things should appear in a picture, found by looking along rays: what hides a thing hides its mark."""

from __future__ import annotations

import math
from collections.abc import Iterable

import mujoco
import numpy as np

from ..base import Landmark, Size, Vector

GRID = (24, 18)
"""Pixels that are looked at, along and down a picture."""
DRAWN = np.array([1, 1, 1, 0, 0, 0], dtype=np.uint8)
"""Groups of geoms that a renderer shows."""
_STEPS = (-3.0, -1.0, 0.0, 1.0, 3.0)
AROUND = tuple((x, y) for x in _STEPS for y in _STEPS)
"""Pixels around a mark that must show the same geom; screws are small."""
COLOURFUL = 0.6
"""Share of the strongest channel by which the weakest falls short; greyer marks would not notice a swapped channel."""


def landmarks(
    model: mujoco.MjModel, data: mujoco.MjData, camera: str, size: Size, bodies: Iterable[int]
) -> list[Landmark]:
    """Pixels of a grid that show these bodies where they are colourful and plain."""
    wanted = set(bodies)
    geoms = {geom for geom in range(model.ngeom) if int(model.geom_bodyid[geom]) in wanted and _plain(model, geom)}
    columns = (np.arange(GRID[0]) + 0.5) * size[0] / GRID[0]
    rows = (np.arange(GRID[1]) + 0.5) * size[1] / GRID[1]
    pixels = [(float(column), float(row)) for row in rows for column in columns]
    shown = [(at, _hit(model, data, camera, size, at)) for at in pixels]
    sure = [(at, geom) for at, geom in shown if geom in geoms and _surrounded(model, data, camera, size, at, geom)]
    return [_landmark(model, at, geom) for at, geom in sure]


def _plain(model: mujoco.MjModel, geom: int) -> bool:
    """Drawn, in one strong colour."""
    material = int(model.geom_matid[geom])
    textured = material >= 0 and int(model.mat_texid[material].max()) >= 0
    colour = _colour(model, geom)
    strong = float(colour.max()) > 0 and float(colour.max() - colour.min()) >= COLOURFUL * float(colour.max())
    return bool(DRAWN[model.geom_group[geom]]) and not textured and strong


def _colour(model: mujoco.MjModel, geom: int) -> Vector:
    """A geom's own colour replaces its material's, unless it is the one that MuJoCo gives by default."""
    own, material = model.geom_rgba[geom, :3], int(model.geom_matid[geom])
    default = np.allclose(own, 0.5)
    return np.array(model.mat_rgba[material, :3] if material >= 0 and default else own, dtype=np.float64)


def _landmark(model: mujoco.MjModel, at: tuple[float, float], geom: int) -> Landmark:
    red, green, blue = (round(255 * float(value)) for value in _colour(model, geom))
    body = mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_BODY, int(model.geom_bodyid[geom]))
    return Landmark(body, *at, (red, green, blue))


def _surrounded(
    model: mujoco.MjModel, data: mujoco.MjData, camera: str, size: Size, at: tuple[float, float], geom: int
) -> bool:
    return all(_hit(model, data, camera, size, (at[0] + x, at[1] + y)) == geom for x, y in AROUND)


def _hit(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    camera: str,
    size: Size,
    at: tuple[float, float],
) -> int:
    """The geom that a pixel shows; -1 for none."""
    number = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_CAMERA, camera)
    focus = size[1] / 2 / math.tan(math.radians(model.cam_fovy[number]) / 2)
    column, row = at[0] - size[0] / 2, at[1] - size[1] / 2
    ray = data.cam_xmat[number].reshape(3, 3) @ np.array([column / focus, -row / focus, -1.0])
    geom = np.full(1, -1, dtype=np.int32)
    mujoco.mj_ray(model, data, data.cam_xpos[number], ray / np.linalg.norm(ray), DRAWN, 1, -1, geom)
    return int(geom[0])
