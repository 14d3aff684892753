# pyright: basic
"""A camera that shows what the twin draws, as LeRobot wants one. LeRobot finds it by this module's name."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from lerobot.cameras import Camera, CameraConfig

from ..envs.base import Image, Size
from .soft_arm import SoftArm


@dataclass(kw_only=True)
class TwinCameraConfig(CameraConfig):
    arm: SoftArm
    name: str


class TwinCamera(Camera):
    def __init__(self, config: TwinCameraConfig) -> None:
        super().__init__(config)
        self._arm, self._name = config.arm, config.name
        self._size: Size = (config.width or 0, config.height or 0)
        self._open = False
        self.latest_timestamp: float | None = None

    @property
    def is_connected(self) -> bool:
        return self._open

    @staticmethod
    def find_cameras() -> list[dict[str, Any]]:
        return []

    def connect(self, warmup: bool = True) -> None:
        self._open = True

    def read(self) -> Image:
        image, age = self._arm.picture(self._name, self._size)
        self.latest_timestamp = time.perf_counter() - age
        return image

    def async_read(self, timeout_ms: float = 200) -> Image:
        return self.read()

    def read_latest(self, max_age_ms: int = 500) -> Image:
        image = self.read()
        age = time.perf_counter() - (self.latest_timestamp or 0.0)
        if age > max_age_ms / 1000:
            raise TimeoutError(f"the picture of '{self._name}' is {age * 1000:.0f} ms old")
        return image

    def disconnect(self) -> None:
        self._open = False
