"""The things that stand on the table beside arm and goal: their names, how much room each takes, who joins whom."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .tabletop import TARGETS, Kind

PAN_AXIS = (0.0, -0.0452)
"""x and y of the axis about which the arm turns; the arm faces -y. Metres, as everything here."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a thing stands on the table."""

    x: float
    y: float
    yaw: float
    """Radians, about the table's normal. The long axis of long things points along it, a pen's tip ahead."""

    @property
    def radius(self) -> float:
        """From the pan axis."""
        return math.hypot(self.x - PAN_AXIS[0], self.y - PAN_AXIS[1])

    @property
    def bearing(self) -> float:
        """Radians about the pan axis: 0 straight ahead of the arm, positive towards +x."""
        return math.atan2(self.x - PAN_AXIS[0], PAN_AXIS[1] - self.y)


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a thing covers of the table: all points within `radius` of a line through its middle."""

    radius: float
    half_length: float = 0.0
    """Half the line, which lies along the thing's yaw; 0 for a point."""

    def line(self, at: Placement) -> NDArray[np.float64]:
        """Its two ends: (2, 2)."""
        reach = self.half_length * np.array([math.cos(at.yaw), math.sin(at.yaw)])
        return np.array([at.x, at.y]) + np.array([-reach, reach])


def distance(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    """Between two lines, each given by its ends."""
    if _crossing(one, two):
        return 0.0
    return min(
        _to_line(one[0], two),
        _to_line(one[1], two),
        _to_line(two[0], one),
        _to_line(two[1], one),
    )


def _to_line(point: NDArray[np.float64], line: NDArray[np.float64]) -> float:
    along = line[1] - line[0]
    length = float(along @ along)
    share = 0.0 if length == 0.0 else min(1.0, max(0.0, float((point - line[0]) @ along) / length))
    return math.dist(point, line[0] + share * along)


def _crossing(one: NDArray[np.float64], two: NDArray[np.float64]) -> bool:
    return _sides(one, two) < 0 and _sides(two, one) < 0


def _sides(line: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Negative where the ends of the other lie on different sides of this line."""
    (ax, ay), (bx, by) = line[1] - line[0], other[0] - line[0]
    cx, cy = other[1] - line[0]
    return float((ax * by - ay * bx) * (ax * cy - ay * cx))


_BLOCK, _BERRY, _PEN = Footprint(0.025), Footprint(0.015, 0.006), Footprint(0.009, 0.066)

FOOTPRINTS: Mapping[str, Footprint] = {
    **dict.fromkeys(TARGETS[Kind.BLOCK], _BLOCK),
    **dict.fromkeys(TARGETS[Kind.STRAWBERRY], _BERRY),
    **dict.fromkeys(TARGETS[Kind.PEN], _PEN),
    "red_block": _BLOCK,
    "blue_block": _BLOCK,
    "yellow_block": _BLOCK,
    "kumquat": _BERRY,
    "plum": _BERRY,
    "pencil": _PEN,
    "chopstick": _PEN,
    "green_ball": Footprint(0.017),
    "green_cylinder": Footprint(0.018),
    "tomato": Footprint(0.020),
    "lemon": Footprint(0.018, 0.010),
    "mandarin": Footprint(0.023),
    "marker": Footprint(0.010, 0.030),
    "battery": Footprint(0.008, 0.021),
    "eraser": Footprint(0.012, 0.014),
    "matchbox": Footprint(0.024, 0.010),
    "nut": Footprint(0.015),
    "dice": Footprint(0.015),
    "spool": Footprint(0.016),
}


@dataclass(frozen=True, slots=True)
class Cast:
    """Who may join the target of a task."""

    decoys: tuple[str, ...]
    """Of its shape and of another colour. No second pen and no second strawberry: the instruction stays unambiguous."""
    foreign: tuple[str, ...]
    """Targets of the other tasks."""
    others: tuple[str, ...]
    """Near misses in colour or shape among them."""

    @property
    def names(self) -> tuple[str, ...]:
        return self.decoys + self.foreign + self.others


CASTS: Mapping[Kind, Cast] = {
    Kind.BLOCK: Cast(
        decoys=("red_block", "blue_block", "yellow_block"),
        foreign=("strawberry", "pen"),
        others=("green_ball", "green_cylinder", "eraser", "battery", "dice", "matchbox", "spool"),
    ),
    Kind.STRAWBERRY: Cast(
        decoys=("kumquat", "plum"),
        foreign=("green_block", "pen"),
        others=("tomato", "lemon", "mandarin", "red_block", "spool", "eraser", "nut", "green_ball"),
    ),
    Kind.PEN: Cast(
        decoys=("pencil", "chopstick"),
        foreign=("green_block", "strawberry"),
        others=("marker", "battery", "blue_block", "eraser", "dice", "nut", "matchbox", "lemon"),
    ),
}
