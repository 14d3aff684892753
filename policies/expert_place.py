"""Where the expert brings what it holds, and how it lets go: poses of the hand over the goal. Radians and metres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..envs.base import Vector
from ..envs.so100.kinematics import Hand, Reach, axes_of
from ..tasks.tabletop import ROOMY, Block, Cup, Holder, Kind, Pen, Pose
from .expert_grasp import LEVEL, WIDER
from .expert_motion import over, route
from .expert_sight import Sight

CARRY = 0.115
"""Height of the tool on its way across the table: what it holds passes over a cup."""
UPRIGHT = math.radians(-15)
"""Pitch at which a pen goes into its holder: at 0 the arm runs out of reach on its way back."""
RING = 0.040
"""From the circle's centre to each of several blocks: as far out as leaves a centimetre to the line."""
ABOVE_RIM = 0.04
"""How high a pen's lower end is carried over the holder: the arm sags a centimetre while it stretches."""


@dataclass(frozen=True, slots=True)
class Held:
    """How a thing lies in the hand."""

    offset: Vector
    """From the tool to its centre, in the hand's frame: closing, fingers, along."""
    rotation: Vector
    """3x3; its axes in the hand's frame."""

    @classmethod
    def seen(cls, hand: Hand, pose: Pose) -> Held:
        frame = axes_of(hand).frame
        return cls(frame.T @ (pose.position - hand.point), frame.T @ pose.rotation)

    def lower_end(self, length: float) -> Held:
        """Of a long thing, once the hand is upright: its end away from where `along` points."""
        reach = length / 2 * self.rotation[:, 0]
        return replace(self, offset=self.offset - math.copysign(1.0, float(reach[2])) * reach)


@dataclass(frozen=True, slots=True)
class Way:
    """To a goal and back."""

    carry: Sequence[Hand]
    """With the thing held, until it is over the goal ..."""
    release: Hand
    """... and let go."""
    leave: Sequence[Hand]


def way(sight: Sight, held: Held, hand: Hand, spot: Vector, reach: Reach) -> Way | None:
    """From `hand`, to where the held thing lies at `spot` of the goal, (2,) metres from the goal's middle."""
    middle = sight.goal.position + sight.goal.rotation @ np.array([*spot, 0.0])
    if sight.kind is Kind.PEN:
        return _into_holder(middle, held, hand, reach)
    low = _onto(middle, held, hand, reach) if sight.kind is Kind.BLOCK else _above(middle, held, hand, reach)
    near = None if low is None else over(low, 0.035, reach)
    if low is None or near is None:
        return None
    aside = [replace(pose, tool=low.tool - WIDER / 2) for pose in (low, near)]
    return Way(route(hand, near, CARRY, reach), low, aside if sight.kind is Kind.BLOCK else [near])


def _onto(middle: Vector, held: Held, hand: Hand, reach: Reach) -> Hand | None:
    """So that the lowest corner of the block is just above the table."""
    low: Hand | None = replace(hand, pitch=-math.pi / 2)
    for _ in range(3):
        lying = axes_of(low).frame @ held.rotation
        support = Block().edge / 2 * float(np.abs(lying[2]).sum()) + 0.0015
        low = reach.steepest(_aimed(middle + np.array([0.0, 0.0, support]), held, low), least=-math.pi / 2)
        if low is None:
            return None
    return low


def _above(middle: Vector, held: Held, hand: Hand, reach: Reach) -> Hand | None:
    """Over the rim, so low that a strawberry falls in without a bounce."""
    low: Hand | None = replace(hand, pitch=-math.pi / 2)
    for _ in range(3):
        low = over(_aimed(middle + np.array([0.0, 0.0, Cup().height + 0.024]), held, low), 0.0, reach)
        if low is None:
            return None
    return low


def _into_holder(middle: Vector, held: Held, hand: Hand, reach: Reach) -> Way | None:
    """Let go at the rim: as the pen falls, it leaves the fingers behind."""
    upright = replace(hand, pitch=UPRIGHT, roll=LEVEL)
    end = held.lower_end(Pen().length)
    rim = middle + np.array([0.0, 0.0, Holder().height])
    above = _aimed(rim + np.array([0.0, 0.0, ABOVE_RIM]), end, upright)
    low = _aimed(rim, end, upright)
    if any(reach.joints(pose) is None for pose in (above, low)):
        return None
    back = low.moved(-0.05 * axes_of(low).fingers)
    return Way([*_upright(hand, above, reach), above], low, [back, back.raised(0.03)])


def _upright(hand: Hand, above: Hand, reach: Reach) -> list[Hand]:
    """From lying to standing, to beside the holder; a pen that stands already is pulled straight up."""
    if hand.pitch > -1.0:
        return [replace(hand, height=above.height)]
    before = replace(above, radius=above.radius - 0.06)
    lifted = over(replace(hand, pitch=-math.pi / 2), 0.05, reach) if hand.height < 0.05 else None
    return [*([] if lifted is None else [lifted]), replace(before, bearing=hand.bearing), before]


def _aimed(point: Vector, held: Held, hand: Hand) -> Hand:
    """The hand, at its pitch and roll, that brings what it holds to a point."""
    for _ in range(3):
        hand = Hand.at(point - axes_of(hand).frame @ held.offset, hand.pitch, hand.roll, hand.tool)
    return hand


def spot_for(sight: Sight, name: str, jitter: Vector) -> Vector:
    """Where in the goal to put a target, in the goal's frame: beside what lies there already."""
    if sight.kind is not Kind.BLOCK or len(sight.targets) < 2:
        return jitter
    inside = [sight.goal.seen_from(pose.position)[:2] for other, pose in sight.targets.items() if other != name]
    near = [there for there in inside if math.hypot(*there) < ROOMY.radius + 0.03]
    first = math.atan2(*(near[0] if near else jitter)[::-1])
    angles = first + 2 * math.pi * np.arange(len(sight.targets)) / len(sight.targets)
    free = RING * np.column_stack([np.cos(angles), np.sin(angles)])
    return free[int(np.argmax([min([1.0, *(math.dist(spot, there) for there in near)]) for spot in free]))]
