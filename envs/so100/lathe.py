"""Meshes made of numbers: what MuJoCo's primitives cannot draw, at a tenth of their triangles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Profile = tuple[tuple[float, float], ...]
"""Points (radius, height) along the outline of a turned solid, from its bottom outwards and up."""

CREASE = math.radians(35)
"""An outline that bends by more has an edge there."""


@dataclass(frozen=True, slots=True)
class Mesh:
    vertices: NDArray[np.float64]
    """(n, 3), metres."""
    faces: NDArray[np.int32]
    """(m, 3), seen from outside against the clock; empty where the convex hull is meant."""
    texture: NDArray[np.float64]
    """(n, 2): around and along a turned solid; empty where no picture is laid on."""


def turned(profile: Profile, sides: int) -> Mesh:
    """A solid as a lathe makes it, about z; open where the outline neither meets the axis nor itself.

    Each stretch between two edges has vertices of its own, so that light breaks at the edge.
    """
    around = 2 * np.pi * np.arange(sides + 1) / sides
    along = _shares(profile)
    rings: list[NDArray[np.float64]] = []
    faces: list[tuple[int, int, int]] = []
    marks: list[float] = []
    for first, last in pairwise(_edges(profile)):
        faces += _strips(profile[first : last + 1], sides, len(marks) * (sides + 1))
        rings += [_ring(*point, around) for point in profile[first : last + 1]]
        marks += along[first : last + 1]
    picture = np.column_stack([np.tile(around / (2 * np.pi), len(marks)), np.repeat(marks, sides + 1)])
    return Mesh(np.concatenate(rings), np.array(faces, dtype=np.int32), picture)


def _shares(profile: Profile) -> list[float]:
    """How far along the outline each of its points is, 0 to 1."""
    lengths = np.cumsum([0.0, *(math.dist(one, two) for one, two in pairwise(profile))])
    return [float(length / lengths[-1]) for length in lengths]


def _edges(profile: Profile) -> list[int]:
    """The points where the outline begins, bends sharply or ends."""
    angles = [math.atan2(two[1] - one[1], two[0] - one[0]) for one, two in pairwise(profile)]
    bends = [abs(math.remainder(after - before, 2 * math.pi)) for before, after in pairwise(angles)]
    return [0, *(point for point, bend in enumerate(bends, 1) if bend > CREASE), len(profile) - 1]


def _ring(radius: float, height: float, around: NDArray[np.float64]) -> NDArray[np.float64]:
    """Its first point comes again at the end, where the picture that is laid around it ends."""
    ring = np.column_stack([radius * np.cos(around), radius * np.sin(around), np.full_like(around, height)])
    ring[-1] = ring[0]
    return ring


def _strips(profile: Profile, sides: int, offset: int) -> list[tuple[int, int, int]]:
    faces: list[tuple[int, int, int]] = []
    for ring, (low, high) in enumerate(pairwise(profile)):
        for side in range(sides):
            a = offset + ring * (sides + 1) + side
            b, c, d = a + 1, a + sides + 1, a + sides + 2
            faces += [(a, b, d)] if low[0] > 0 else []
            faces += [(a, d, c)] if high[0] > 0 else []
    return faces


def bevelled(half: Sequence[float], bevel: float) -> Mesh:
    """A box whose edges and corners are cut by `bevel`: the hull of three boxes."""
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)
    cuts = bevel * (1 - np.eye(3))
    corners = np.concatenate([signs * (np.array(half) - cut) for cut in cuts])
    return Mesh(corners, np.empty((0, 3), dtype=np.int32), np.empty((0, 2)))
