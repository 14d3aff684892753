# pyright: basic
"""The cameras of an arm, as LeRobot's configs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lerobot.cameras import CameraConfig

from ..envs.base import Size
from .soft_arm import SoftArm
from .twincamera import TwinCameraConfig

FPS = 30
KIND = "armtrial_twin"


def of_twin(arm: SoftArm, size: Size) -> dict[str, CameraConfig]:
    """Registered with LeRobot when it is wanted, not when this is imported."""
    if KIND not in CameraConfig.get_known_choices():
        CameraConfig.register_subclass(KIND)(TwinCameraConfig)
    width, height = size
    return {
        name: TwinCameraConfig(arm=arm, name=name, fps=FPS, width=width, height=height) for name in ("front", "wrist")
    }


def of_places(places: Mapping[str, str], size: Size) -> dict[str, CameraConfig]:
    """By number or by path, as OpenCV names them."""
    from lerobot.cameras.opencv import OpenCVCameraConfig

    width, height = size
    return {
        name: OpenCVCameraConfig(
            index_or_path=int(place) if place.isdigit() else Path(place), fps=FPS, width=width, height=height
        )
        for name, place in places.items()
        if place
    }
