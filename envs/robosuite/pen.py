"""Draws what a camera of robosuite sees, when somebody looks."""

from __future__ import annotations

from typing import Any

from ..base import Image, Size


class Pen:
    """Draws as robosuite does, to the last bit, with the first row on top."""

    def __init__(self, mujoco: Any, model: Any, data: Any) -> None:
        self._mujoco, self._model, self._data = mujoco, model, data
        self._renderers: dict[Size, Any] = {}
        self._options = mujoco.MjvOption()
        self._options.geomgroup[:2] = 0, 1

    def drawn(self, camera: str, size: Size) -> Image:
        if size not in self._renderers:
            self._model.vis.global_.offwidth, self._model.vis.global_.offheight = size
            self._renderers[size] = self._mujoco.Renderer(self._model, size[1], size[0])
        renderer = self._renderers[size]
        renderer.update_scene(self._data, camera, self._options)
        return renderer.render().copy()

    def close(self) -> None:
        for renderer in self._renderers.values():
            renderer.close()
        self._renderers.clear()
