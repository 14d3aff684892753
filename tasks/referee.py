"""The rules of a task applied tick by tick: success, time limits, failed grasps. Pure; it lives beside the world.

Guest interpreters import this file: it stays valid on Python 3.10.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from .base import End, Event, SuccessRule, Task
from .rubric import Reading


class Referee:
    """Sees every tick of one trial and says when it ends and why."""

    def __init__(self, task: Task, rate: float, distractors: Iterable[str] = ()) -> None:
        self.reading = Reading(frozenset(distractors))
        self.events: list[Event] = []
        self.ticks = 0
        self.success = False
        """Under the task's rule."""
        self._rule = task.success_rule
        self._max_failed = task.max_failed_grasps
        self._limit = max(1, round(task.max_seconds * rate))
        self._hold = max(1, math.ceil(task.hold_seconds * rate - 1e-9)) if self._rule is SuccessRule.HELD else 1
        self._stage_limit = None if task.stage_seconds is None else max(1, round(task.stage_seconds * rate))
        self._stage = self._stage_since = self._held_for = 0

    def see(self, success: bool, terminated: bool, stage: int, events: Sequence[Event]) -> End | None:
        """One tick. Gives the reason to end, or None."""
        self.ticks += 1
        if events:
            self.events.extend(events)
            for event in events:
                self.reading.see(event)
        if stage > self._stage:
            self._stage, self._stage_since = stage, self.ticks
        self._held_for = self._held_for + 1 if success else 0
        reached = self._held_for >= self._hold
        if reached and self._rule is not SuccessRule.LAST:
            self.success = True
            return End.SUCCESS
        end = self._limit_reached(terminated, bool(events))
        if end is not None and self._rule is SuccessRule.LAST:
            self.success = success
            return End.SUCCESS if success else end
        return end

    def _limit_reached(self, terminated: bool, anything_happened: bool) -> End | None:
        if terminated:
            return End.WORLD
        if self.ticks >= self._limit:
            return End.TIMEOUT
        if self._stage_limit is not None and self.ticks - self._stage_since >= self._stage_limit:
            return End.STAGE_TIMEOUT
        failed = self._max_failed is not None and anything_happened and self.reading.failed_in_a_row > self._max_failed
        return End.TOO_MANY_FAILED_GRASPS if failed else None
