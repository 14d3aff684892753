"""What a robot does from look to look in one trial: the last plan runs on, then the arm holds, then a plan arrives."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..envs.base import ActionError, Observation, Vector
from ..policies.base import Plan, World
from ..policies.still import still_in
from .pace import WAITS, Pace, ticks_until
from .records import Paced

FURTHEST = 60.0
"""Seconds ahead at which a plan may begin: a stamp beyond that is of another clock."""


@dataclass(frozen=True, slots=True)
class Leg:
    """From one look to the next, as it is sent to the world."""

    thinking: int
    """Ticks until the plan was there."""
    waited: int
    """Ticks until the plan began."""
    lasted: int
    """Of these, ticks for which the plan before had actions left."""
    dropped: int
    """Actions whose time had passed."""
    fresh: int
    """Actions of the plan that follow."""
    first: bool
    """There was no plan before."""

    def paced(self, executed: int) -> Paced:
        """`executed`: ticks of it that were played; a rule may have ended the trial within it."""
        waited = min(self.waited, executed)
        held = max(0, waited - self.lasted)
        wanted = self.thinking > 0 or not self.fresh
        return Paced(
            thinking=min(self.thinking, executed),
            held=held,
            dropped=self.dropped,
            judged=int(wanted and not self.first),
            missed=int(wanted and not self.first and (held > 0 or not self.fresh)),
        )


class Timeline:
    """Of one trial. Where the world waits and no plan is stamped a leg is the plan's own actions, untouched."""

    def __init__(self, world: World, execute: int, pace: Pace = WAITS) -> None:
        self._action, self._execute, self._pace = world.action, execute, pace
        self._still = still_in(world)
        self._left = self._none
        """Actions of the last plan that were not executed."""
        self._sent = self._none
        self._last: Vector | None = None
        """The action that was executed last."""
        self._legs: list[Leg] = []
        self._first = True

    @property
    def _none(self) -> Vector:
        return np.empty((0, len(self._action.names)))

    def leg(self, plan: Plan, seen: Observation, milliseconds: float) -> Vector:
        """What is to be executed before the next look. `milliseconds`: how long the plan took."""
        actions = self._action.checked(plan.actions)
        thinking = self._pace.thinking(milliseconds, self._action.rate)
        ahead = 0 if plan.starts_at is None else self._ahead(plan.starts_at, seen.time, thinking)
        dropped = min(max(-ahead, 0), len(actions))
        wait = thinking + max(ahead, 0)
        if dropped == len(actions):
            wait = max(wait, 1)  # a plan that is late from end to end changes nothing: what was under way goes on
        fresh = actions[dropped:][: self._execute]
        self._legs.append(Leg(thinking, wait, min(wait, len(self._left)), dropped, len(fresh), self._first))
        self._sent = np.concatenate([self._until(wait, seen.state), fresh]) if wait else fresh
        self._left = actions[dropped + self._execute :] if len(fresh) else self._left[wait:]
        self._first = False
        return self._sent

    def went_on(self, executed: int, new_stage: bool) -> None:
        """The world played so many ticks of the leg. At a new stage the rest of the plan is dropped."""
        if executed:
            self._last = self._sent[min(executed, len(self._sent)) - 1]
        if new_stage:
            self._left, self._first = self._none, True

    @property
    def rest(self) -> Vector:
        """Of the last plan, behind what was sent."""
        return self._left

    def paced(self, begun: Sequence[int], ticks: int) -> Paced:
        """Of the trial. `begun`: the tick of each look."""
        ends = [*begun[1:], ticks]
        parts = [leg.paced(end - start) for leg, start, end in zip(self._legs, begun, ends)]
        return Paced(**{name: sum(getattr(part, name) for part in parts) for name in Paced.__dataclass_fields__})

    def waited(self, number: int) -> list[int]:
        """Ticks from each of so many looks to the plan's beginning."""
        return [leg.waited for leg in self._legs[:number]]

    def _ahead(self, starts_at: float, now: float, thinking: int) -> int:
        """Ticks from the plan's arrival to its first action; below zero, how many actions come too late."""
        if type(starts_at) not in (int, float) or not math.isfinite(starts_at) or starts_at > now + FURTHEST:
            raise ActionError(
                f"a plan starts at {starts_at!r}, and the trial's clock is at {now:g}; starts_at is in seconds since "
                f"the start of the trial, as the observation's time, at most {FURTHEST:g} ahead, or None for now"
            )
        return ticks_until((starts_at - now) * self._action.rate) - thinking

    def _until(self, ticks: int, state: Vector) -> Vector:
        """The last plan's remaining actions, and the last of all as long as there is no other."""
        lasting = self._left[:ticks]
        last = lasting[-1] if len(lasting) else self._last
        return np.concatenate([lasting, np.tile(self._still(last, state), (ticks - len(lasting), 1))])
