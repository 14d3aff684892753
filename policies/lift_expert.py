"""The expert of robosuite's world: it is shown where the cube is, and lifts it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..envs.base import Observation, Vector
from .base import Plan, Policy, PolicySpec, Query, World

STEP, TURN = 0.05, 0.5
"""Metres and radians that a number of 1 asks for."""
ABOVE = 0.08
"""Metres over the cube at which the hand is put right before it goes down."""
BESIDE, ASKEW = 0.008, 0.08
"""Metres and radians that it may be off by, to go down and to close."""
DEEP = 0.006
"""Metres above the cube's middle at which it closes."""
GRASP_SECONDS, OPEN_SECONDS = 2.5, 0.4
"""After so long what is not held was missed, since some grippers close slowly; for so long the hand rises from a miss
before it comes again."""
DOWN = np.array([0.0, 0.0, -1.0])


class LiftExpert(Policy):
    """Over the cube, down, close, up, and again after a miss. A pure function of what it is shown."""

    def __init__(self, world: World) -> None:
        self.spec = PolicySpec(
            name="expert", state=world.observation.state, action=world.action, horizon=2, privileged=True
        )

    def readable(self, words: str) -> None:
        if not words.lower().startswith("lift"):
            raise ValueError(f"in robosuite's world the expert can lift, and no more: --task lift. This asks: {words}")

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [Plan(np.tile(action(query.observation), (self.spec.horizon, 1))) for query in queries]


def action(seen: Observation) -> Vector:
    """What to do now."""
    shown = seen.privileged
    opening, since = shown["jaws"]
    held = bool(shown["gripped"][0])
    if opening == 0.0:
        if held:
            return _command(shown, np.array([0.0, 0.0, STEP / 2]), 0.0, close=True)
        missed = since >= GRASP_SECONDS
        return _command(shown, np.zeros(3), 0.0, close=not missed)
    off = shown["target"] - shown["hand"]
    if 0.0 < since < OPEN_SECONDS and seen.time > since:
        return _command(shown, np.array([0.0, 0.0, STEP]), 0.0, close=False)
    askew = _quarter(_heading(shown["target_axes"]) - _heading(shown["hand_axes"]))
    if math.hypot(*off[:2]) > BESIDE or abs(askew) > ASKEW:
        return _command(shown, off + np.array([0.0, 0.0, ABOVE]), askew, close=False)
    low = off[2] + DEEP
    if low < -DEEP:
        return _command(shown, np.array([off[0], off[1], low]), askew, close=False)
    return _command(shown, np.zeros(3), 0.0, close=True)


def _command(shown: Mapping[str, Vector], way: Vector, turn: float, close: bool) -> Vector:
    """A step along this way in metres of the world, and a turn about the vertical; the hand is kept pointing down."""
    spin = np.cross(shown["hand_axes"][:, 2], DOWN) - turn * DOWN
    base = shown["base_axes"]
    moved = np.concatenate([base.T @ way / STEP, base.T @ spin / TURN])
    return np.append(np.clip(moved, -1.0, 1.0), 1.0 if close else -1.0)


def _heading(axes: Vector) -> float:
    """Of the first axis, seen from above."""
    return math.atan2(axes[1, 0], axes[0, 0])


def _quarter(angle: float) -> float:
    """A cube has four sides: the shortest turn to any of them."""
    return (angle + math.pi / 4) % (math.pi / 2) - math.pi / 4
