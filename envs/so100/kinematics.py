"""Where the hand is and how to get it somewhere: the arm's geometry in closed form. Radians and metres, no physics.

The arm is a plane that turns about the pan axis. In it, two links carry the wrist, the wrist's pitch is minus the sum
of the three bending joints, and the roll turns the jaws about the fingers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..base import Vector
from .jaws import TCP
from .links import LINKS
from .units import MODEL_HIGH, MODEL_LOW

_PAN, _LIFT, _ELBOW, _WRIST, _ROLL = LINKS[:5]
PAN_AXIS = (_PAN.pos[0], _PAN.pos[1])
"""x, y of the vertical axis that the arm turns about."""
SHOULDER = (_LIFT.pos[2], _PAN.pos[2] + _LIFT.pos[1])
"""Outwards from the pan axis and up: the axis of shoulder_lift."""
UPPER, UPPER_BEND = math.hypot(_ELBOW.pos[1], _ELBOW.pos[2]), math.atan2(_ELBOW.pos[2], _ELBOW.pos[1])
FORE, FORE_BEND = math.hypot(_WRIST.pos[1], _WRIST.pos[2]), math.atan2(_WRIST.pos[1], _WRIST.pos[2])
"""From joint to joint; and how far that line rises above the link's own direction, where its joint reads 0."""
FINGER = -_ROLL.pos[1] - TCP[1]
"""From the axis of wrist_flex to the middle of the tip pads, along the fingers."""
_QUARTER = math.pi / 2


@dataclass(frozen=True, slots=True)
class Hand:
    """A pose of the hand, given by the tool: a point between the tips of the jaws."""

    radius: float
    """Of the tool from the pan axis."""
    bearing: float
    """Of the tool about the pan axis: 0 straight ahead, positive towards +x."""
    height: float
    """Of the tool above the table."""
    pitch: float
    """Of the fingers: 0 horizontal and outwards, -pi/2 straight down."""
    roll: float
    """The joint's angle. At -pi/2 the jaws close sideways and the camera looks from above."""
    tool: float = TCP[0]
    """x of the tool in the frame of the fixed jaw."""

    @classmethod
    def at(cls, point: Sequence[float] | Vector, pitch: float, roll: float, tool: float = TCP[0]) -> Hand:
        x, y = float(point[0]) - PAN_AXIS[0], float(point[1]) - PAN_AXIS[1]
        return cls(math.hypot(x, y), math.atan2(x, -y), float(point[2]), pitch, roll, tool)

    @property
    def point(self) -> Vector:
        """The tool in the world."""
        x, y = self.radius * math.sin(self.bearing), -self.radius * math.cos(self.bearing)
        return np.array([PAN_AXIS[0] + x, PAN_AXIS[1] + y, self.height])

    def moved(self, by: Sequence[float] | Vector) -> Hand:
        return Hand.at(self.point + np.asarray(by), self.pitch, self.roll, self.tool)

    def raised(self, by: float) -> Hand:
        return replace(self, height=self.height + by)


@dataclass(frozen=True, slots=True)
class Axes:
    """The directions of a hand in the world; unit vectors."""

    fingers: Vector
    """From the palm to the tips."""
    closing: Vector
    """From the moving jaw to the fixed one."""
    along: Vector
    """Along what is held: across the fingers and the way the jaws close."""

    @property
    def frame(self) -> Vector:
        """3x3; the columns are closing, fingers and along."""
        return np.column_stack([self.closing, self.fingers, self.along])


class Reach:
    """The poses that the five joints can take, and how."""

    def __init__(self, low: Vector = MODEL_LOW, high: Vector = MODEL_HIGH, margin: float = 0.0) -> None:
        """`margin`: radians to keep from the ends of each joint's range."""
        self._low, self._high = (low[:5] + margin).tolist(), (high[:5] - margin).tolist()

    def joints(self, hand: Hand) -> tuple[float, float, float, float, float] | None:
        """The angles from pan to roll that bring the hand there, or None where no angles do."""
        aside, above = _across(hand)
        if hand.radius < abs(aside):
            return None
        outwards = math.sqrt(hand.radius**2 - aside**2)
        cosine, sine = math.cos(hand.pitch), math.sin(hand.pitch)
        bends = _bends(
            outwards - FINGER * cosine + above * sine - SHOULDER[0],
            hand.height - FINGER * sine - above * cosine - SHOULDER[1],
        )
        if bends is None:
            return None
        lift, elbow = bends
        angles = (pan_of(hand), lift, elbow, -hand.pitch - lift - elbow, hand.roll)
        inside = all(low <= angle <= high for low, angle, high in zip(self._low, angles, self._high))
        return angles if inside else None

    def steepest(self, hand: Hand, least: float = -_QUARTER, most: float = 0.3) -> Hand | None:
        """The hand with the lowest pitch from `least` upwards that can be reached, in steps of 2.5 degrees."""
        steps = int((most - least) / math.radians(2.5))
        for step in range(steps + 1):
            tried = replace(hand, pitch=least + step * math.radians(2.5))
            if self.joints(tried) is not None:
                return tried
        return None


def hand_of(joints: Sequence[float] | Vector, tool: float = TCP[0]) -> Hand:
    """Where these joint angles, from pan to roll, hold the hand."""
    pan, lift, elbow, wrist, roll = (float(angle) for angle in joints[:5])
    pitch = -(lift + elbow + wrist)
    upper, fore = -lift - UPPER_BEND, FORE_BEND - lift - elbow
    aside, above = _across(Hand(0.0, 0.0, 0.0, pitch, roll, tool))
    outwards = SHOULDER[0] + UPPER * math.cos(upper) + FORE * math.cos(fore)
    outwards += FINGER * math.cos(pitch) - above * math.sin(pitch)
    height = SHOULDER[1] + UPPER * math.sin(upper) + FORE * math.sin(fore)
    height += FINGER * math.sin(pitch) + above * math.cos(pitch)
    bearing = pan + math.atan2(aside, outwards)
    return Hand(math.hypot(aside, outwards), bearing, height, pitch, roll, tool)


def pan_of(hand: Hand) -> float:
    """The angle of the pan joint. The tool lies beside the arm's plane where the roll carries it there."""
    aside, _ = _across(hand)
    return hand.bearing - math.atan2(aside, math.sqrt(max(0.0, hand.radius**2 - aside**2)))


def axes_of(hand: Hand) -> Axes:
    return axes(pan_of(hand), hand.pitch, hand.roll)


def axes(pan: float, pitch: float, roll: float) -> Axes:
    outwards, aside = np.array([math.sin(pan), -math.cos(pan), 0.0]), np.array([math.cos(pan), math.sin(pan), 0.0])
    up = np.array([0.0, 0.0, 1.0])
    above = math.cos(pitch) * up - math.sin(pitch) * outwards
    turn = roll + _QUARTER
    return Axes(
        fingers=math.cos(pitch) * outwards + math.sin(pitch) * up,
        closing=math.cos(turn) * aside - math.sin(turn) * above,
        along=math.sin(turn) * aside + math.cos(turn) * above,
    )


def roll_along(hand: Hand, axis: Vector) -> float:
    """The roll with which this hand closes its jaws square to an axis: what they hold lies along it."""
    level = axes(pan_of(hand), hand.pitch, -_QUARTER)
    return math.atan2(float(level.closing @ axis), float(level.along @ axis)) - _QUARTER


def _across(hand: Hand) -> tuple[float, float]:
    """How far the roll carries the tool out of the arm's plane, and up from the fingers' axis within it."""
    turn = hand.roll + _QUARTER
    return math.cos(turn) * hand.tool, -math.sin(turn) * hand.tool


def _bends(out: float, up: float) -> tuple[float, float] | None:
    """Lift and elbow that hold the wrist this far out and up from the shoulder, with the elbow above the two."""
    cosine = (out**2 + up**2 - UPPER**2 - FORE**2) / (2 * UPPER * FORE)
    if not -1.0 <= cosine <= 1.0:
        return None
    fold = math.acos(cosine)
    upper = math.atan2(up, out) + math.atan2(FORE * math.sin(fold), UPPER + FORE * cosine)
    lift = _wrapped(-upper - UPPER_BEND)
    return lift, fold + UPPER_BEND + FORE_BEND


def _wrapped(angle: float) -> float:
    """Within the turn that shoulder_lift's range lies in: from -3 pi / 2 to pi / 2."""
    return (angle + 1.5 * math.pi) % (2 * math.pi) - 1.5 * math.pi
