"""An arm that hears every action some ticks late."""

import numpy as np

from ...envs.base import Vector
from ..base import Policy, Query, World
from ..still import still_in
from .base import Amount, Begun, Remembering


class Delay(Remembering):
    """Executes every action some ticks later; until the first one is there the arm stays where it is."""

    takes = Amount("ticks", 0, 1000, whole=True)

    def __init__(self, policy: Policy, world: World, name: str, amount: float) -> None:
        super().__init__(policy, world, name, amount)
        self._ticks = int(amount)
        self._still = still_in(world)
        self._rest: dict[int, Vector] = {}
        """By slot, the action before the first."""

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        self._rest.pop(slot, None)
        super().reset(slot, trial_id, seed)

    def kept(self, before: list[Begun], begun: Begun, merged: Vector) -> list[Begun]:
        """All that began within the delay, and the one before: it lasted until then."""
        since = begun.tick - self._ticks
        old = [number for number, other in enumerate(before) if other.tick <= since]
        return [*before[old[-1] if old else 0 :], begun]

    def merged(self, before: list[Begun], begun: Begun, query: Query) -> Vector:
        if not self._ticks:
            return begun.actions
        if not before:
            self._rest[query.slot] = self._still(None, query.observation.state)
        since = begun.tick - self._ticks
        asked = [*before, begun]
        return np.stack([self._at(since + index, asked, query.slot) for index in range(len(begun.actions))])

    def _at(self, tick: int, asked: list[Begun], slot: int) -> Vector:
        """What the policy wanted at this tick."""
        begun = next((other for other in reversed(asked) if other.tick <= tick), None)
        if begun is None:
            return self._rest[slot]
        if tick < begun.end:
            return begun.actions[tick - begun.tick]
        return self._still(begun.actions[-1], np.empty(0))
