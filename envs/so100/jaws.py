"""The two jaws: what they touch with, where they meet, and how wide they open. Plain data and geometry.

In the frame of the fixed jaw the fingers point along -y and the moving jaw lies towards -x; the pads' faces look at
each other. Each jaw touches with four pads in front of a finger of stepped boxes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..base import Vector
from .links import LINKS, Triple

FIXED, MOVING = LINKS[4], LINKS[5]


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned box in the frame of its body; metres."""

    name: str
    body: str
    low: Triple
    high: Triple

    @property
    def pos(self) -> Vector:
        return (np.array(self.low) + np.array(self.high)) / 2

    @property
    def half(self) -> Vector:
        return (np.array(self.high) - np.array(self.low)) / 2


def _pad(name: str, body: str, half: Triple, pos: Triple) -> Box:
    low = (pos[0] - half[0], pos[1] - half[1], pos[2] - half[2])
    return Box(name, body, low, (pos[0] + half[0], pos[1] + half[1], pos[2] + half[2]))


FIXED_PADS = (
    _pad("pad_fixed_0", FIXED.name, (0.001, 0.005, 0.004), (0.0089, -0.1014, 0.0)),
    _pad("pad_fixed_1", FIXED.name, (0.001, 0.005, 0.006), (0.0109, -0.0914, 0.0)),
    _pad("pad_fixed_2", FIXED.name, (0.001, 0.010, 0.007), (0.0126, -0.0768, 0.0)),
    _pad("pad_fixed_3", FIXED.name, (0.001, 0.010, 0.008), (0.0143, -0.0572, 0.0)),
)
"""From the tip inwards."""
MOVING_PADS = (
    _pad("pad_moving_0", MOVING.name, (0.001, 0.005, 0.004), (-0.0113, -0.0770, 0.0)),
    _pad("pad_moving_1", MOVING.name, (0.001, 0.005, 0.006), (-0.0093, -0.0670, 0.0)),
    _pad("pad_moving_2", MOVING.name, (0.001, 0.010, 0.006), (-0.0073, -0.0550, 0.0)),
    _pad("pad_moving_3", MOVING.name, (0.001, 0.010, 0.008), (-0.0073, -0.0350, 0.0)),
)
"""From the tip inwards."""
FINGERS = (
    Box("finger_fixed_0", FIXED.name, (0.0089, -0.1064, -0.0045), (0.0140, -0.0964, 0.0045)),
    Box("finger_fixed_1", FIXED.name, (0.0109, -0.0964, -0.0070), (0.0170, -0.0866, 0.0070)),
    Box("finger_fixed_2", FIXED.name, (0.0126, -0.0866, -0.0090), (0.0230, -0.0670, 0.0090)),
    Box("finger_fixed_3", FIXED.name, (0.0143, -0.0670, -0.0110), (0.0310, -0.0395, 0.0110)),
    Box("finger_fixed_heel", FIXED.name, (0.0200, -0.0405, -0.0165), (0.0352, -0.0060, 0.0165)),
    Box("finger_fixed_palm", FIXED.name, (-0.0304, -0.0395, -0.0240), (0.0200, -0.0060, 0.0240)),
    Box("finger_moving_0", MOVING.name, (-0.0113, -0.0820, -0.0045), (-0.0050, -0.0720, 0.0045)),
    Box("finger_moving_1", MOVING.name, (-0.0093, -0.0720, -0.0065), (-0.0010, -0.0620, 0.0065)),
    Box("finger_moving_2", MOVING.name, (-0.0073, -0.0620, -0.0090), (0.0045, -0.0450, 0.0090)),
    Box("finger_moving_3", MOVING.name, (-0.0073, -0.0450, -0.0108), (0.0077, -0.0200, 0.0108)),
    Box("finger_moving_hub", MOVING.name, (-0.0100, -0.0200, -0.0239), (0.0100, 0.0100, 0.0241)),
)
"""The faces of the fingers lie 1 mm behind those of the pads."""

PAD_FACE = FIXED_PADS[0].low[0]
"""x of the fixed tip pad's face in the frame of the fixed jaw; what is gripped at the tips rests against it."""
TIP = FIXED_PADS[0].low[1]
"""y of the fingers' tips in the frame of the fixed jaw."""


def _in_fixed_jaw(point: Triple, jaw: float) -> Vector:
    """A point of the moving jaw's frame in the frame of the fixed jaw, with the jaw joint at `jaw` radians."""
    x = math.cos(jaw) * point[0] - math.sin(jaw) * point[1]
    y = math.sin(jaw) * point[0] + math.cos(jaw) * point[1]
    return np.array(MOVING.pos) + np.array([-x, y, -point[2]])


def opening(jaw: float) -> float:
    """Metres between the tip pads with the jaw joint at `jaw` radians: between their middles, less their thickness."""
    fixed, moving = FIXED_PADS[0], MOVING_PADS[0]
    middle = (float(moving.pos[0]), float(moving.pos[1]), float(moving.pos[2]))
    apart = np.linalg.norm(_in_fixed_jaw(middle, jaw) - fixed.pos)
    return float(apart - fixed.half[0] - moving.half[0])


def jaw_for(width: float) -> float:
    """Radians of the jaw joint at which the tip pads are `width` metres apart, within the joint's range."""
    low, high = MOVING.limits
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if opening(middle) < width else (low, middle)
    return (low + high) / 2


TCP: Triple = (PAD_FACE - opening(MOVING.limits[0]) / 2, float(FIXED_PADS[0].pos[1]), 0.0)
"""The tool's centre in the frame of the fixed jaw: before the middle of its tip pad, by half the shut jaws' opening."""
