"""How the expert moves: smoothly, at a person's pace, in commands for every tick. Radians, metres and seconds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..envs.base import Vector
from ..envs.so100.kinematics import Hand, Reach, hand_of

Joints = tuple[float, ...]
"""Commands of the six joints, or of the five without the jaw."""
PEAK = 1.875
"""How much faster a minimum-jerk move is at its middle than on average."""
SAMPLES = 12
"""Per leg, to find its fastest joint."""
SHORTEST = 0.25
"""Seconds. A quicker move is a jerk."""
SPARE = 0.02
"""Metres of height that a pose of the hand leaves at its pitch: the way on from it does not start at a limit."""
NEAR = 0.04
"""Metres along the table that need no detour by way of a safe height."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast, at the middle of a move."""

    joints: float = 1.2
    """rad/s of the fastest joint."""
    hand: float = 0.30
    """m/s of the tool while it travels."""
    jaw: float = 1.1
    """rad/s."""
    rate: float = 30.0
    """Ticks per second."""


class Mover:
    """Turns poses of the hand into commands."""

    def __init__(self, reach: Reach, pace: Pace) -> None:
        self.reach, self.pace = reach, pace

    def travel(
        self,
        start: Joints,
        hands: Sequence[Hand],
        jaw: float | None = None,
        blend: float = 0.35,
        slowness: float = 1.0,
    ) -> Vector | None:
        """Through the poses, rounding those between by `blend` of a leg, while the jaws go to `jaw`.

        (T, 6), or None where the last pose cannot be reached. Straight for the tool about the pan axis where that
        can be followed, else straight for the joints.
        """
        ends = [self.reach.joints(hand) for hand in hands]
        if ends[-1] is None:
            return None
        stops = [hand for hand, end in zip(hands, ends) if end is not None]
        first = hand_of(start, stops[0].tool)
        for rounding in (blend, 0.0):
            path = self._along(first, stops, rounding, slowness)
            if path is not None:
                break
        else:
            path = self._by_joints(start, [end for end in ends if end is not None])
        return self._with_jaw(path, start[5], jaw)

    def set_jaw(self, start: Joints, jaw: float) -> Vector:
        count = self._ticks(PEAK * abs(jaw - start[5]) / self.pace.jaw)
        return _straight(start, (*start[:5], jaw), count)

    def rest(self, start: Joints, seconds: float) -> Vector:
        return _straight(start, start, max(1, round(seconds * self.pace.rate)))

    def brake(self, before: Joints, last: Joints) -> Vector:
        """Runs a broken move out within a quarter of a second."""
        count = self._ticks(SHORTEST)
        left = np.cumsum(1 - np.arange(1, count + 1) / count)
        return np.array(last, np.float64) + np.outer(left, np.array(last, np.float64) - np.array(before, np.float64))

    def _ticks(self, seconds: float) -> int:
        return max(1, math.ceil(max(seconds, SHORTEST) * self.pace.rate))

    def _along(self, first: Hand, stops: Sequence[Hand], blend: float, slowness: float) -> Vector | None:
        starts = [first, *stops[:-1]]
        times = [self._seconds(one, two) for one, two in zip(starts, stops)]
        if any(math.isinf(seconds) for seconds in times):
            return None
        seconds = np.array(times) * slowness
        begins = np.concatenate([[0.0], np.cumsum(seconds - blend * np.minimum(seconds, np.append(seconds[1:], 0.0)))])
        count = self._ticks(float(begins[-2] + seconds[-1]))
        now = np.arange(1, count + 1) / self.pace.rate
        shares = _eased(np.clip((now[:, None] - begins[:-1]) / seconds, 0.0, 1.0))
        steps = np.array([_coordinates(two) - _coordinates(one) for one, two in zip(starts, stops)])
        return self._followed(_coordinates(first) + shares @ steps)

    def _followed(self, rows: Vector) -> Vector | None:
        path: list[Joints] = []
        for row in rows.tolist():
            joints = self.reach.joints(Hand(*row))
            if joints is None:
                return None
            path.append(joints)
        return np.array(path)

    def _seconds(self, one: Hand, two: Hand) -> float:
        """For the leg at full pace; infinite where the arm cannot follow it."""
        steps = np.linspace(0.0, 1.0, SAMPLES)[:, None]
        joints = self._followed(_coordinates(one) * (1 - steps) + _coordinates(two) * steps)
        if joints is None:
            return math.inf
        fastest = float(np.abs(np.diff(joints, axis=0)).max()) * (SAMPLES - 1)
        way = float(np.linalg.norm(two.point - one.point))
        return max(PEAK * fastest / self.pace.joints, PEAK * way / self.pace.hand, SHORTEST)

    def _by_joints(self, start: Joints, ends: Sequence[Joints]) -> Vector:
        parts: list[Vector] = []
        for one, two in zip([start[:5], *ends[:-1]], ends):
            fastest = max(abs(to - at) for at, to in zip(one, two))
            parts.append(_straight(one, two, self._ticks(PEAK * fastest / self.pace.joints)))
        return np.concatenate(parts)

    def _with_jaw(self, path: Vector, before: float, jaw: float | None) -> Vector:
        """The jaws start with the hand; where they need longer, it waits for them."""
        wanted = before if jaw is None else jaw
        count = self._ticks(PEAK * abs(wanted - before) / self.pace.jaw)
        waiting = np.tile(path[-1], (max(0, count - len(path)), 1)) if wanted != before else path[:0]
        path = np.concatenate([path, waiting])
        shares = np.clip(np.arange(1, len(path) + 1) / count, 0.0, 1.0)
        return np.column_stack([path, before + (wanted - before) * _eased(shares)])


def over(hand: Hand, rise: float, reach: Reach) -> Hand | None:
    """Above a pose: no steeper than that, and as steep as the arm can with some height to spare."""
    steep = reach.steepest(hand.raised(rise + SPARE), least=hand.pitch)
    return None if steep is None else replace(steep, height=hand.height + rise)


def route(here: Hand, to: Hand, height: float, reach: Reach) -> list[Hand]:
    """Up, across at a height that is safe, and down."""
    if math.dist(here.point[:2], to.point[:2]) < NEAR:
        return [to]
    start, end = (replace(pose, pitch=-math.pi / 2) for pose in (here, to))
    up = over(start, height - here.height, reach) if here.height < height - 0.01 else None
    across = over(end, height - to.height, reach) if to.height < height - 0.01 else None
    return [pose for pose in (up, across, to) if pose is not None]


def _straight(start: Joints, end: Joints, count: int) -> Vector:
    """(count, J), the last row at the end."""
    first, last = np.array(start, np.float64), np.array(end, np.float64)
    return first + np.outer(_eased(np.arange(1, count + 1) / count), last - first)


def _eased(share: Vector) -> Vector:
    """Minimum jerk from 0 to 1."""
    return share**3 * (10 - 15 * share + 6 * share**2)


def _coordinates(hand: Hand) -> Vector:
    return np.array([hand.radius, hand.bearing, hand.height, hand.pitch, hand.roll, hand.tool])
