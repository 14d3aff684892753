"""How the expert takes hold of a thing: poses of the hand around it, the best first. Radians and metres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..envs.base import Vector
from ..envs.so100.jaws import PAD_FACE, jaw_for
from ..envs.so100.kinematics import Hand, Reach, axes_of, roll_along
from ..tasks.tabletop import Block, Kind, Pen, Pose, Strawberry
from .expert_sight import Sight

CLEAR = 0.006
"""Between the fixed finger and the thing."""
WIDER = 0.018
"""How much wider than the thing the jaws open."""
SQUEEZE = 0.20
"""Radians beyond contact that the jaws are told to close: what they hold with."""
LOWEST = 0.0095
"""Of the tool. The tips reach 5 mm below it and sink by a few more under the arm's weight."""
LEVEL = -math.pi / 2
"""The roll with the camera on top, which the hand likes best."""
ROLL_LIMIT = 2.70
"""To either side; the joint ends at 2.79."""
STANDING = 0.5
"""z of the axis of a pen that leans on something: it is gripped from the side."""
FROM_TOP = 0.03
"""Metres from its upper end to where a standing pen is gripped."""
WIDTHS = {Kind.BLOCK: Block().edge, Kind.STRAWBERRY: 2 * Strawberry().radius, Kind.PEN: Pen().diameter}
"""Between the jaws."""


@dataclass(frozen=True, slots=True)
class Grip:
    """A way to hold a thing."""

    hand: Hand
    """Before the jaws close: the fixed finger is `CLEAR` of the thing."""
    open: float
    """Radians of the jaw joint around the thing ..."""
    shut: float
    """... and holding it."""
    middle: float
    """Metres from the tool to the thing's middle."""

    @property
    def tool(self) -> float:
        """Of the hand once the jaws are closed: in the middle of what they hold."""
        return self.hand.tool + CLEAR


def grips(sight: Sight, name: str, reach: Reach, along: float = 0.0) -> list[Grip]:
    """All that can be reached, the best first.

    `along`: metres from a pen's middle to where it is gripped, towards the end that will be up.
    """
    pose, width = sight.targets[name], WIDTHS[sight.kind]
    tool = PAD_FACE - CLEAR - width / 2
    if sight.kind is Kind.PEN and abs(float(pose.rotation[2, 0])) > STANDING:
        hands = _by_the_top(pose, tool, reach)
    else:
        point = np.array([*pose.position[:2], max(float(pose.position[2]), LOWEST)])
        off = along if sight.kind is Kind.PEN else 0.0
        hands = [
            _around(point, axis, turn, off, tool, reach) for axis in _axes(sight.kind, pose) for turn in (0, -1, 1)
        ]
    spots = sight.spots(without=name)
    reached = sorted((hand for hand in hands if hand is not None), key=lambda hand: _cost(hand, spots))
    jaws = jaw_for(width + WIDER), jaw_for(width) - SQUEEZE
    return [Grip(hand, *jaws, math.dist(hand.point, pose.position)) for hand in reached]


def _axes(kind: Kind, pose: Pose) -> list[Vector]:
    """What the jaws may close square to."""
    if kind is Kind.BLOCK:
        flattest = np.argsort(np.abs(pose.rotation[2]))[:2]
        return [pose.rotation[:, int(column)] for column in flattest]
    if kind is Kind.STRAWBERRY and abs(float(pose.rotation[2, 0])) > 0.7:
        return [np.array([math.cos(angle), math.sin(angle), 0.0]) for angle in np.arange(4) * math.pi / 4]
    return [pose.rotation[:, 0]]


def _around(point: Vector, axis: Vector, turn: int, off: float, tool: float, reach: Reach) -> Hand | None:
    """Steep above the point, closing square to the axis; a roll moves the arm aside, and that turns the hand."""
    hand = Hand.at(point, -math.pi / 2, LEVEL, tool)
    for _ in range(4):
        steep = reach.steepest(Hand.at(point + off * axes_of(hand).along, -math.pi / 2, hand.roll, tool))
        if steep is None:
            return None
        roll = roll_along(steep, axis) + turn * math.pi
        if abs(roll) > ROLL_LIMIT:
            return None
        hand = replace(steep, roll=roll)
    return hand if reach.joints(hand) is not None else None


def _by_the_top(pen: Pose, tool: float, reach: Reach) -> list[Hand | None]:
    """With the fingers across it, outwards or downwards, whichever is squarest to it."""
    up = pen.rotation[:, 0] * math.copysign(1.0, float(pen.rotation[2, 0]))
    point = pen.position + (Pen().length / 2 - FROM_TOP) * up
    hands: list[Hand] = []
    for pitch in np.radians(np.arange(0, -75, -15)):
        hand = Hand.at(point, float(pitch), LEVEL, tool)
        for _ in range(2):
            hand = replace(hand, roll=roll_along(hand, up))
        if reach.joints(hand) is not None:
            hands.append(hand)
    return [min(hands, key=lambda hand: abs(float(axes_of(hand).fingers @ up)))] if hands else []


def _cost(hand: Hand, spots: Sequence[Vector]) -> float:
    """Steep, with the camera on top, and with room for the fingers."""
    tilt = hand.pitch + math.pi / 2
    return tilt + 0.3 * abs(hand.roll - LEVEL) + 40.0 * sum(max(0.0, 0.03 - gap) for gap in _gaps(hand, spots))


def _gaps(hand: Hand, spots: Sequence[Vector]) -> list[float]:
    """Between each spot and the line from finger to finger."""
    closing = axes_of(hand).closing[:2]
    fixed = hand.point[:2] + (PAD_FACE - hand.tool + 0.012) * closing
    moving = hand.point[:2] - (PAD_FACE - hand.tool + WIDER + 0.012) * closing
    way = fixed - moving
    shares = [min(1.0, max(0.0, float((spot - moving) @ way / (way @ way)))) for spot in spots]
    return [math.dist(spot, moving + share * way) for spot, share in zip(spots, shares)]
