"""How an arm goes from one pose to another between trials: slowly, and up before aside."""

from __future__ import annotations

import numpy as np

from ..envs.base import Vector
from ..envs.so100.kinematics import Reach, hand_of
from ..envs.so100.units import GRIPPER, Calibration

GENTLE = 25.0
"""Units a second of the fastest joint, over the whole of its way ..."""
PEAK = 1.875
"""... and so many times that in the middle of it."""


def gentle(start: Vector, goal: Vector, rate: float) -> Vector:
    """(T, 6) units, smooth, the last at the goal."""
    count = max(1, int(np.ceil(np.abs(goal - start).max() / GENTLE * rate)))
    share = np.arange(1, count + 1) / count
    eased = share**3 * (10 - 15 * share + 6 * share**2)
    return start + np.outer(eased, goal - start)


def raised(units: Vector, arm: Calibration, height: float = 0.16) -> list[Vector]:
    """Straight up from what the hand may be in, in small steps; nothing where it is high, or cannot be followed."""
    joints = arm.to_radians(units)
    hand, reach = hand_of(joints), Reach()
    way: list[Vector] = []
    while hand.height < height:
        hand = hand.raised(0.01)
        higher = reach.steepest(hand, least=hand.pitch)
        angles = None if higher is None else reach.joints(higher)
        if angles is None:
            break
        way.append(arm.to_units([*angles, joints[GRIPPER]]))
    return way
