"""What an arm's cameras show, at the moment it is looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Protocol

from ..envs.base import Image, Size
from .pictures import resized
from .reading import ArmError, CameraFrozen

LOOKS = 3
"""At a camera that gives nothing, at least: the first may take long."""


class Lenses(Protocol):
    """What is asked of a driver that has cameras."""

    def picture(self, name: str) -> tuple[Image, float]: ...

    def open_cameras(self) -> None: ...


class Views:
    """Fresh pictures, in the shape that is asked for."""

    def __init__(self, lenses: Lenses, names: Sequence[str], size: Size, on_frozen: Callable[[str], None]) -> None:
        """`size`: what the cameras give. `on_frozen`: told which one stands still, before the error is raised."""
        self._lenses, self._on_frozen = lenses, on_frozen
        self.size, self.sizes = size, dict.fromkeys(names, size)

    def looked(self, cameras: Mapping[str, Size], ages: list[float] | None = None) -> dict[str, Image]:
        """A camera that stands still is waited for a moment; then it is told, and a `CameraFrozen`. `ages`: the age
        of each picture is added, in seconds."""
        images: dict[str, Image] = {}
        for name, size in cameras.items():
            if name not in self.sizes:
                there = ", ".join(self.sizes) or "none"
                raise ArmError(f"the arm has no camera '{name}'. There are: {there}; give them by --front and --wrist")
            image, age = self._fresh(name)
            if ages is not None:
                ages.append(age)
            images[name] = resized(image, size)
        return images

    def reopen(self) -> None:
        """Those that give nothing."""
        self._lenses.open_cameras()

    def _fresh(self, name: str) -> tuple[Image, float]:
        until = time.monotonic() + 1.0
        for number in count(1):
            try:
                return self._lenses.picture(name)
            except CameraFrozen:
                if time.monotonic() > until and number >= LOOKS:
                    self._on_frozen(name)
                    raise
                time.sleep(0.05)
        raise AssertionError("looked at without end")
