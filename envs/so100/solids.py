"""Solids as triangles, from outlines that are extruded or joined. Needs numpy only.

An outline is a closed polygon, an array (n, 2). Along the axis "z" its coordinates are x and y, along "y" x and z, and
along "x" y and z. Lengths are millimetres.
"""

from __future__ import annotations

import enum
import itertools
import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..base import Vector

Axis = Literal["x", "y", "z"]
Triangles = NDArray[np.float64]
"""(n, 3, 3): corners, counter-clockwise seen from outside."""
Corner = tuple[float, float, float]
"""The two coordinates of a polygon's corner, and the radius that rounds it."""


class End(enum.Enum):
    """How an extrusion ends."""

    EDGED = enum.auto()
    """With a face whose edge is bevelled."""
    FLAT = enum.auto()
    """With a face up to the outline."""
    OPEN = enum.auto()
    """With nothing: it lies in or on another solid, and nobody looks in."""


Ends = tuple[End, End]
"""The lower and the higher one."""
ARC_STEPS = 0.8
"""Edges of a rounded corner per radian and root of its radius: rounder where it shows, cheaper where it does not."""


def rounded(corners: Sequence[Corner]) -> Vector:
    """An outline with its corners rounded, as far as the edges between them are long enough."""
    points: list[Vector] = []
    for index, (u, v, radius) in enumerate(corners):
        here = np.array([u, v])
        before, after = np.array(corners[index - 1][:2]), np.array(corners[(index + 1) % len(corners)][:2])
        points.extend(_arc(before, here, after, radius) if radius else [here])
    return np.array(points, dtype=np.float64)


def _arc(before: Vector, here: Vector, after: Vector, radius: float) -> list[Vector]:
    lengths = np.linalg.norm(before - here), np.linalg.norm(after - here)
    back, onward = (before - here) / lengths[0], (after - here) / lengths[1]
    half = math.acos(float(np.clip(back @ onward, -1, 1))) / 2
    if half > 1.57:
        return [here]
    reach = min(radius / math.tan(half), 0.499 * float(min(lengths)))
    centre = here + (back + onward) / np.linalg.norm(back + onward) * reach / math.cos(half)
    start, end, turn = here + reach * back - centre, here + reach * onward - centre, math.pi - 2 * half
    ways = np.linspace(0, turn, 1 + max(1, round(ARC_STEPS * turn * math.sqrt(radius))))
    return [centre + (math.sin(turn - way) * start + math.sin(way) * end) / math.sin(turn) for way in ways]


def rectangle(low: Sequence[float], high: Sequence[float], radius: float = 0.0) -> Vector:
    corners = [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]
    return rounded([(u, v, radius) for u, v in corners])


def circle(centre: Sequence[float], radius: float, sides: int = 16) -> Vector:
    angles = np.arange(sides) * 2 * math.pi / sides
    return np.array(centre) + radius * np.column_stack([np.cos(angles), np.sin(angles)])


def slab(
    axis: Axis,
    outline: Vector,
    low: float,
    high: float,
    bevel: float = 0.0,
    holes: Sequence[Vector] = (),
    ends: Ends = (End.EDGED, End.EDGED),
) -> Triangles:
    """An outline with holes, extruded from `low` to `high`."""
    outer, inner = _wound(axis, outline, 1.0), [_wound(axis, hole, -1.0) for hole in holes]
    below = _end(outer, low, bevel if ends[0] is End.EDGED else 0.0)
    above = _end(outer, high, -bevel if ends[1] is End.EDGED else 0.0)
    sides = [_strip([*below, *reversed(above)]), *(_strip([(low, hole), (high, hole)]) for hole in inner)]
    faces = [
        _at(_triangulated([layers[0][1], *inner])[:, ::way], layers[0][0])
        for layers, end, way in ((below, ends[0], -1), (above, ends[1], 1))
        if end is not End.OPEN
    ]
    return _turned(axis, np.concatenate([*sides, *faces]))


def _end(outline: Vector, height: float, bevel: float) -> list[tuple[float, Vector]]:
    """Its layers, from the face inwards, which is up where the bevel is positive."""
    return [(height, _inset(outline, abs(bevel))), (height + bevel, outline)] if bevel else [(height, outline)]


def face(axis: Axis, outline: Vector, height: float, outward: int) -> Triangles:
    """The outline alone, seen from one side: 1 from above, -1 from below."""
    flat = _triangulated([_wound(axis, outline, 1.0)])
    return _turned(axis, _at(flat[:, ::outward], height))


def loft(axis: Axis, sections: Sequence[tuple[float, Vector]], ends: Ends = (End.FLAT, End.FLAT)) -> Triangles:
    """Convex outlines of equally many corners, joined one to the next along the axis, which ascends."""
    wound = [(height, _wound(axis, outline, 1.0)) for height, outline in sections]
    faces = [
        _at(_triangulated([outline])[:, ::way], height)
        for (height, outline), end, way in ((wound[0], ends[0], -1), (wound[-1], ends[1], 1))
        if end is not End.OPEN
    ]
    return _turned(axis, np.concatenate([_strip(wound), *faces]))


def corner_normals(triangles: Triangles, crease: float = math.radians(40)) -> Triangles:
    """A normal for each corner: the mean, by angle, of the faces that meet there at less than `crease`."""
    across = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals = np.repeat(across / np.linalg.norm(across, axis=1, keepdims=True), 3, axis=0)
    weighed = normals * _corner_angles(triangles).reshape(-1, 1)
    _, place = np.unique(np.round(triangles.reshape(-1, 3), 4), axis=0, return_inverse=True)
    order = np.argsort(place, kind="stable")
    smooth = np.empty_like(normals)
    for group in np.split(order, np.flatnonzero(np.diff(place[order])) + 1):
        near = normals[group] @ normals[group].T > math.cos(crease)
        smooth[group] = near @ weighed[group]
    return (smooth / np.linalg.norm(smooth, axis=1, keepdims=True)).reshape(-1, 3, 3)


def _corner_angles(triangles: Triangles) -> Vector:
    """(n, 3), radians."""
    onward, back = np.roll(triangles, -1, axis=1) - triangles, np.roll(triangles, 1, axis=1) - triangles
    cosine = np.sum(onward * back, axis=2) / (np.linalg.norm(onward, axis=2) * np.linalg.norm(back, axis=2))
    return np.arccos(np.clip(cosine, -1, 1))


def _wound(axis: Axis, outline: Vector, sign: float) -> Vector:
    """Counter-clockwise about the axis where `sign` is 1, clockwise where it is -1."""
    given = np.asarray(outline, dtype=np.float64)
    loop = given[:, ::-1] if axis == "y" else given
    return loop if _area(loop) * sign > 0 else loop[::-1]


def _area(loop: Vector) -> float:
    ahead = np.roll(loop, -1, axis=0)
    return float(np.sum(loop[:, 0] * ahead[:, 1] - loop[:, 1] * ahead[:, 0])) / 2


def _inset(loop: Vector, distance: float) -> Vector:
    """Moved to its left, which is into the material of outlines and holes alike."""
    along = np.roll(loop, -1, axis=0) - loop
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    left = np.column_stack([-along[:, 1], along[:, 0]])
    mean = left + np.roll(left, 1, axis=0)
    return loop + distance * 2 * mean / np.maximum(np.sum(mean**2, axis=1, keepdims=True), 1.0)


def _strip(layers: Sequence[tuple[float, Vector]]) -> Triangles:
    """The skin between loops of equally many corners."""
    skins: list[Triangles] = []
    for (low, below), (high, above) in itertools.pairwise(layers):
        here, there = _at(below, low), _at(above, high)
        here_next, there_next = np.roll(here, -1, axis=0), np.roll(there, -1, axis=0)
        skins.append(np.stack([here, here_next, there_next], axis=1))
        skins.append(np.stack([here, there_next, there], axis=1))
    return np.concatenate(skins)


def _at(points: Vector, height: float) -> Vector:
    return np.concatenate([points, np.full((*points.shape[:-1], 1), height)], axis=-1)


def _turned(axis: Axis, triangles: Triangles) -> Triangles:
    """From (u, v, height) to (x, y, z), without mirroring."""
    order = {"x": [2, 0, 1], "y": [1, 2, 0], "z": [0, 1, 2]}[axis]
    return triangles[:, :, order]


def _triangulated(loops: Sequence[Vector]) -> Vector:
    """An outline and its holes as flat triangles (n, 3, 2), by cutting off ears."""
    ring = _bridged(loops)
    left, ears = list(range(len(ring))), list[tuple[int, int, int]]()
    while len(left) > 3:
        ear = next((at for at in range(len(left)) if _is_ear(ring, left, at)), 0)
        ears.append((left[ear - 1], left[ear], left[(ear + 1) % len(left)]))
        del left[ear]
    return ring[np.array([*ears, tuple(left)])]


def _bridged(loops: Sequence[Vector]) -> Vector:
    """One ring: each hole joined to the outline's nearest corner by a bridge without width."""
    ring = loops[0]
    for hole in loops[1:]:
        apart = np.linalg.norm(ring[:, None] - hole[None], axis=2)
        at, start = (int(i) for i in np.unravel_index(np.argmin(apart), apart.shape))
        turned = np.roll(hole, -start, axis=0)
        ring = np.concatenate([ring[: at + 1], turned, turned[:1], ring[at:]])
    return ring


def _is_ear(ring: Vector, left: Sequence[int], at: int) -> bool:
    a, b, c = ring[left[at - 1]], ring[left[at]], ring[left[(at + 1) % len(left)]]
    if _cross(a, b, c) <= 1e-9:
        return False
    rest = ring[left]
    corner = np.any([np.all(rest == point, axis=1) for point in (a, b, c)], axis=0)
    inside = (_cross(a, b, rest) >= 0) & (_cross(b, c, rest) >= 0) & (_cross(c, a, rest) >= 0)
    return not bool(np.any(inside & ~corner))


def _cross(a: Vector, b: Vector, points: Vector) -> Vector:
    """Positive for points left of the line from a to b."""
    return (b[0] - a[0]) * (points[..., 1] - a[1]) - (b[1] - a[1]) * (points[..., 0] - a[0])
