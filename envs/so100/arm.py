"""An arm as the world needs to know it, whether it is ours or comes from a file: its axes, its stops, its jaws.

Angles are radians of our own model's axes, in the order of `units.JOINTS`. A file may count its joints otherwise:
what it counts is called native.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from ..base import Vector
from .cameras import Mount
from .jaws import FIXED, MOVING
from .units import JOINTS, MODEL_STOPS, Stops


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    hand: str
    """Name of the body that is the fixed jaw ..."""
    jaw: str
    """... and of the one that moves."""
    stops: Stops
    turns: tuple[float, ...]
    """1 where a joint turns our way, -1 where it turns the other ..."""
    shifts: tuple[float, ...]
    """... and what it reads where ours reads 0."""
    cameras: Mapping[str, Mount] = field(default_factory=dict[str, Mount])
    """Those that it carries in place of the rigs'."""

    def native(self, angles: ArrayLike) -> Vector:
        return np.array(self.turns) * np.asarray(angles, dtype=np.float64) + self.shifts

    def angles(self, native: ArrayLike) -> Vector:
        return np.array(self.turns) * (np.asarray(native, dtype=np.float64) - self.shifts)


OWN = Arm(
    hand=FIXED.name,
    jaw=MOVING.name,
    stops=MODEL_STOPS,
    turns=(1.0,) * len(JOINTS),
    shifts=(0.0,) * len(JOINTS),
)
