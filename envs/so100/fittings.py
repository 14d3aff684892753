"""What the arm's parts have in common: servos with their horns, sleeves, screws and studs. Millimetres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..base import Vector
from .solids import Axis, Corner, Triangles, circle, rectangle, slab

Flat = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Part:
    """What one link looks like, by material."""

    printed: list[Triangles]
    black: list[Triangles]
    """Servos, screws, and openings that one looks into."""
    metal: list[Triangles]
    """Horns."""


@dataclass(frozen=True, slots=True)
class Servo:
    """An STS3215: a case, the round housing of its gears, and a horn at either end of its shaft."""

    axis: Axis
    shaft: Flat
    low: Flat
    """Of the case, across the shaft."""
    high: Flat
    faces: Flat
    """Of the horns, along the shaft."""

    def case(self) -> list[Triangles]:
        low, high = self.faces
        block = slab(self.axis, rectangle(self.low, self.high, 1.5), low + 4.8, high - 4.8, 0.8)
        return [block, slab(self.axis, circle(self.shaft, 11.0), low + 4.0, high - 4.0)]

    def horns(self) -> list[Triangles]:
        ends = ((self.faces[0], self.faces[0] + 4.5), (self.faces[1] - 4.5, self.faces[1]))
        return [slab(self.axis, circle(self.shaft, 10.0), low, high) for low, high in ends]


def part(printed: list[Triangles], servo: Servo | None, *fittings: list[Triangles]) -> Part:
    """A bracket, the servo in it, and black things on it."""
    case, horns = (servo.case(), servo.horns()) if servo else ([], [])
    return Part(printed, [*case, *(piece for pieces in fittings for piece in pieces)], horns)


def plate(axis: Axis, outline: Vector, face: float, outward: int) -> Triangles:
    """A flat thing on a face; it stands out by a hair, enough for the depth buffer."""
    low, high = sorted((face - 0.5 * outward, face + 0.25 * outward))
    return slab(axis, outline, low, high)


def screws(axis: Axis, *faces: float) -> list[Triangles]:
    """The heads around the horn on the joint's axis, on a face to either side."""
    places = [(u, v) for u in (-5.0, 5.0) for v in (-5.0, 5.0)]
    return [plate(axis, circle(place, 1.8, 8), face, 1 if face > 0 else -1) for face in faces for place in places]


def studs(axis: Axis, rows: Sequence[float], face: float, outward: int) -> list[Triangles]:
    """Rows of diamond openings in a wall."""
    return [plate(axis, circle((u, v), 2.3, 4), face, outward) for u in (-12, -4, 4, 12) for v in rows]


def sleeve(axis: Axis, low: Flat, high: Flat, ends: Flat) -> Triangles:
    """The frame around a servo."""
    wall = 4.0
    inner = rectangle((low[0] + wall, low[1] + wall), (high[0] - wall, high[1] - wall), 3.0)
    return slab(axis, rectangle(low, high, 6.0), ends[0], ends[1], 1.0, holes=[inner])


def mirrored(half: Sequence[Corner]) -> list[Corner]:
    """A polygon from its half at u > 0."""
    return [*half, *((-u, v, radius) for u, v, radius in reversed(half))]


def mirrored_across(half: Sequence[Corner]) -> list[Corner]:
    """A polygon from its half at v > 0."""
    return [*half, *((u, -v, radius) for u, v, radius in reversed(half))]
