"""Where things may stand on the table, and how a place is drawn for each. Metres and radians."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .tabletop import Holder, Kind, TabletopTask
from .tabletop_things import FOOTPRINTS, PAN_AXIS, TARGETS, Footprint, Placement, distance

Vector = NDArray[np.float64]

TRIES = 1000
"""Draws before a fixed place is taken, so that sampling always ends."""


@dataclass(frozen=True, slots=True)
class Region:
    """A sector of the table around the pan axis."""

    near: float
    far: float
    half_angle: float

    def at(self, u: float, v: float) -> tuple[float, float]:
        """x and y of a point of the unit square, so that equal areas get equal shares."""
        radius = math.sqrt(self.near**2 + u * (self.far**2 - self.near**2))
        return polar(radius, (2 * v - 1) * self.half_angle)


TARGET_REGIONS: Mapping[Kind, Region] = {
    Kind.BLOCK: Region(0.17, 0.26, 0.9),
    Kind.STRAWBERRY: Region(0.17, 0.26, 0.9),
    Kind.PEN: Region(0.17, 0.25, 0.9),
}
"""Where a target's centre is grasped without exception. A pen farther out meets tilted fingers, which slide over it."""
GOAL_REGIONS: Mapping[Kind, Region] = {
    Kind.BLOCK: Region(0.17, 0.30, 0.9),
    Kind.STRAWBERRY: Region(0.20, 0.30, 0.9),
    Kind.PEN: Region(0.25, 0.32, 0.9),
}
OTHERS_REGION = Region(0.14, 0.34, 1.0)
"""In reach and in the front picture."""
CELLS = (4, 5)
"""Along radius and bearing: trial by trial the first target visits another cell, so that twenty trials cover all."""

APART = 0.080
"""Between a target and anything else: the open jaws touch nothing beside it."""
OTHERS_TO_GOAL = 0.090
"""From the goal's centre."""
TARGET_TO_GOAL = 0.120
"""Between centres."""
OTHERS_APART = 0.015
"""Between the edges of two things that are no targets."""
CLEAR_OF_BASE = 0.085
"""From the pan axis to the nearest point of a thing."""
PEN_TO_BORE = 0.040
"""Every point of a pen is this far from the holder's bore."""
PEN_BEARING = 0.35
"""Radians about the pan axis between a pen's middle and the holder."""
UNDER_HAND, HAND_CLEAR = 0.18, 0.080
"""The hand waits above this radius, straight ahead; a goal's centre keeps this distance from the place below it."""
DECOY_TARGETS_FROM, NEARER = 0.21, 0.020
"""Where there is a decoy, the target lies beyond this radius, and the decoy at least this much nearer to the arm."""


def polar(radius: float, bearing: float) -> tuple[float, float]:
    """x and y of a place given about the pan axis."""
    return PAN_AXIS[0] + radius * math.sin(bearing), PAN_AXIS[1] - radius * math.cos(bearing)


def start_of(
    task: TabletopTask, index: int, decoy: bool, stream: Generator, tries: int = TRIES
) -> tuple[dict[str, Placement], Placement]:
    """Targets by name, and the goal."""
    names = TARGETS[task.kind][: number_of_targets(task, index)]
    region, goals = TARGET_REGIONS[task.kind], GOAL_REGIONS[task.kind]
    if decoy:
        region = Region(DECOY_TARGETS_FROM, region.far, region.half_angle)
    for _ in range(tries):
        first = _drawn(region, stream, _cell(index))
        targets = [first, *(_drawn(region, stream) for _ in names[1:])]
        goal = _drawn(goals, stream)
        if _solvable(task, targets, goal):
            return dict(zip(names, targets)), goal
    return _fixed(names, goals)


def number_of_targets(task: TabletopTask, index: int) -> int:
    """By the index and not by chance: each rig has as many trials with few as with many, but for one."""
    return task.fewest_targets + index // 2 % (task.most_targets - task.fewest_targets + 1)


def distractors_beside(
    names: Sequence[str],
    decoy: bool,
    targets: Mapping[str, Placement],
    goal: Placement,
    stream: Generator,
    tries: int = TRIES,
) -> dict[str, Placement]:
    """A place for each; the first is the decoy if there is one."""
    lines = [FOOTPRINTS[name].line(at) for name, at in targets.items()]
    nearest = min(at.radius for at in targets.values())
    closer = Region(OTHERS_REGION.near, nearest - NEARER, OTHERS_REGION.half_angle)
    placed: dict[str, Placement] = {}
    for number, name in enumerate(names):
        region = closer if decoy and number == 0 else OTHERS_REGION
        draws = (_drawn(region, stream) for _ in range(tries))
        free = (at for at in draws if _free(FOOTPRINTS[name], at, lines, goal, placed))
        placed[name] = next(free, _beside_base(number))
    return placed


def _cell(index: int) -> tuple[int, int]:
    """Steps of seven visit all twenty cells, neighbours far apart in time."""
    row, column = divmod(index * 7 % (CELLS[0] * CELLS[1]), CELLS[1])
    return row, column


def _drawn(region: Region, stream: Generator, cell: tuple[int, int] | None = None) -> Placement:
    u, v, turn = (float(value) for value in stream.uniform(size=3))
    if cell is not None:
        u, v = (cell[0] + u) / CELLS[0], (cell[1] + v) / CELLS[1]
    return Placement(*region.at(u, v), yaw=(2 * turn - 1) * math.pi)


def _solvable(task: TabletopTask, targets: Sequence[Placement], goal: Placement) -> bool:
    footprint = FOOTPRINTS[TARGETS[task.kind][0]]
    lines = [footprint.line(at) for at in targets]
    pairs = [(one, two) for i, one in enumerate(lines) for two in lines[:i]]
    return (
        math.dist(polar(UNDER_HAND, 0.0), (goal.x, goal.y)) >= HAND_CLEAR
        and all(math.dist((at.x, at.y), (goal.x, goal.y)) >= TARGET_TO_GOAL for at in targets)
        and all(distance(one, two) >= APART for one, two in pairs)
        and all(_clear_of_base(footprint, line) for line in lines)
        and all(_clear_of_bore(task.goal, at, footprint, goal) for at in targets if isinstance(task.goal, Holder))
    )


def _clear_of_base(footprint: Footprint, line: Vector) -> bool:
    return distance(line, np.array([PAN_AXIS, PAN_AXIS])) - footprint.radius >= CLEAR_OF_BASE


def _clear_of_bore(holder: Holder, pen: Placement, footprint: Footprint, at: Placement) -> bool:
    gap = distance(footprint.line(pen), Footprint(0.0).line(at)) - footprint.radius
    return gap >= holder.inner_radius + PEN_TO_BORE and abs(pen.bearing - at.bearing) >= PEN_BEARING


def _fixed(names: Sequence[str], goals: Region) -> tuple[dict[str, Placement], Placement]:
    """A start that satisfies every rule of every task: long things point away from the arm."""
    bearings = (-0.8, -0.2, 0.25)
    targets = {name: Placement(*polar(0.215, at), yaw=at - math.pi / 2) for name, at in zip(names, bearings)}
    return targets, Placement(*polar((goals.near + goals.far) / 2, 0.9), yaw=0.0)


def _free(
    footprint: Footprint, at: Placement, targets: Sequence[Vector], goal: Placement, placed: Mapping[str, Placement]
) -> bool:
    line = footprint.line(at)
    return (
        _clear_of_base(footprint, line)
        and distance(line, Footprint(0.0).line(goal)) >= OTHERS_TO_GOAL
        and all(distance(line, target) >= APART for target in targets)
        and all(_apart(footprint, line, FOOTPRINTS[name], there) for name, there in placed.items())
    )


def _apart(footprint: Footprint, line: Vector, other: Footprint, there: Placement) -> bool:
    return distance(line, other.line(there)) >= footprint.radius + other.radius + OTHERS_APART


def _beside_base(number: int) -> Placement:
    """Six places where neither target nor goal nor anything drawn ever is, each long enough for a pen."""
    side, rank = (-1) ** number, number // 2
    return Placement(side * (0.13 + 0.07 * rank), 0.09, math.pi / 2)
