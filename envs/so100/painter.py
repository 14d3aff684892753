"""Draws one scene at one size, and nothing in vain."""

from __future__ import annotations

from typing import Any

import mujoco

from ..base import Image, Size


class Painter:
    """MuJoCo's renderer; table and wall are left out of its shadow map unless `planes_cast`.

    They keep the lamp's light from nothing else, and fill the map: a fifth of what two small pictures cost. What
    changes are the speckles near the map's border, where a plane takes itself for something in front of it.
    """

    def __init__(self, model: mujoco.MjModel, size: Size, planes_cast: bool = False) -> None:
        self._renderer: Any = mujoco.Renderer(model, size[1], size[0])
        self._planes_cast = planes_cast

    def picture(self, data: mujoco.MjData, camera: str) -> Image:
        self._renderer.update_scene(data, camera)
        if not self._planes_cast:
            self._make_planes_decoration()
        return self._renderer.render()

    def _make_planes_decoration(self) -> None:
        """Which casts no shadow."""
        scene = self._renderer.scene
        for geom in scene.geoms[: scene.ngeom]:
            if geom.type == mujoco.mjtGeom.mjGEOM_PLANE:
                geom.category = mujoco.mjtCatBit.mjCAT_DECOR

    def close(self) -> None:
        self._renderer.close()
