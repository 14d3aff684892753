"""What the arm's parts have in common: servos with their horns, sleeves, screws and studs. Millimetres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..base import Vector
from .solids import Axis, Corner, End, Ends, Triangles, circle, face, rectangle, slab

Flat = tuple[float, float]
HAIR = 0.25
"""How far a flat thing stands out of the face that it is on: enough for the depth buffer."""


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
    """An STS3215: a case, and a horn at either end of its shaft."""

    axis: Axis
    shaft: Flat
    low: Flat
    """Of the case, across the shaft."""
    high: Flat
    faces: Flat
    """Of the horns, along the shaft."""
    horn_ends: Ends = (End.OPEN, End.OPEN)
    """A horn's face is not seen where it is in the bracket that it turns."""

    def case(self) -> list[Triangles]:
        low, high = self.faces
        return [slab(self.axis, rectangle(self.low, self.high), low + 4.8, high - 4.8, 0.8)]

    def horns(self) -> list[Triangles]:
        (low, high), (below, above) = self.faces, self.horn_ends
        disc = circle(self.shaft, 10.0)
        return [
            slab(self.axis, disc, low - _sunk(below), low + 5.0, ends=(below, End.OPEN)),
            slab(self.axis, disc, high - 5.0, high + _sunk(above), ends=(End.OPEN, above)),
        ]


def _sunk(end: End) -> float:
    return 1.5 if end is End.OPEN else 0.0


def part(printed: list[Triangles], servo: Servo | None, *fittings: list[Triangles]) -> Part:
    """A bracket, the servo in it, and black things on it."""
    case, horns = (servo.case(), servo.horns()) if servo else ([], [])
    return Part(printed, [*case, *(piece for pieces in fittings for piece in pieces)], horns)


def plate(axis: Axis, outline: Vector, height: float, outward: int) -> Triangles:
    """A flat thing on a face."""
    return face(axis, outline, height + HAIR * outward, outward)


def screws(axis: Axis, *faces: float) -> list[Triangles]:
    """The heads around the horn on the joint's axis, on a face to either side."""
    places = [(u, v) for u in (-5.0, 5.0) for v in (-5.0, 5.0)]
    return [plate(axis, circle(place, 1.8, 8), at, 1 if at > 0 else -1) for at in faces for place in places]


def studs(axis: Axis, rows: Sequence[float], height: float, outward: int) -> list[Triangles]:
    """Rows of diamond openings in a wall."""
    return [plate(axis, circle((u, v), 2.3, 4), height, outward) for u in (-12, -4, 4, 12) for v in rows]


def sleeve(axis: Axis, low: Flat, high: Flat, reach: Flat, ends: Ends = (End.EDGED, End.EDGED)) -> Triangles:
    """The frame around a servo."""
    wall = 4.0
    inner = rectangle((low[0] + wall, low[1] + wall), (high[0] - wall, high[1] - wall))
    return slab(axis, rectangle(low, high, 6.0), *reach, 1.0, [inner], ends)


def mirrored(half: Sequence[Corner]) -> list[Corner]:
    """A polygon from its half at u > 0."""
    return [*half, *((-u, v, radius) for u, v, radius in reversed(half))]


def mirrored_across(half: Sequence[Corner]) -> list[Corner]:
    """A polygon from its half at v > 0."""
    return [*half, *((u, -v, radius) for u, v, radius in reversed(half))]
