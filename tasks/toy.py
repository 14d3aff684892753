"""The toy suite: three tasks on a line, small enough to read in a minute."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from .base import Score, SuccessRule, Suite, Task


class Goal(enum.Enum):
    REACH = "reach"
    FETCH = "fetch"
    TOUR = "tour"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTask(Task):
    """A task of the world `line`."""

    goal: Goal
    tolerance: float = 0.05
    """Metres between the point (or the ball) and the mark."""


TOUR_STOPS = ("green", "red", "purple")
"""Colours of the marks that a tour visits, in order."""

REACH = LineTask(
    name="reach",
    env="line",
    goal=Goal.REACH,
    instruction="Move the point onto the green mark.",
    max_seconds=6.0,
    success_rule=SuccessRule.HELD,
    hold_seconds=0.5,
)
FETCH = LineTask(
    name="fetch",
    env="line",
    goal=Goal.FETCH,
    instruction="Bring the ball to the green mark.",
    max_seconds=10.0,
    success_rule=SuccessRule.HELD,
    hold_seconds=0.5,
    max_failed_grasps=5,
)
TOUR = LineTask(
    name="tour",
    env="line",
    goal=Goal.TOUR,
    instruction="Move the point onto the green, the red and the purple mark, one after the other.",
    max_seconds=12.0,
    stage_seconds=4.0,
    told_by_stage=tuple(f"Move the point onto the {colour} mark." for colour in TOUR_STOPS),
    success_rule=SuccessRule.ONCE,
    score=Score.PROGRESS,
)
TOY = Suite(name="toy", version=1, tasks=(REACH, FETCH, TOUR), per_task=20)
