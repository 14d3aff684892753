"""The expert takes over: demonstrations that begin where a policy's own mistakes have led it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...tasks.base import derived_seed
from ..base import Plan, Policy, Query, World
from ..experts import expert
from .base import Amount, Wrapper

TAKEN_OVER = "taken_over"
"""The flag of the expert's plans: those behind the first of them are all flagged."""


class Takeover(Wrapper):
    """After some seconds, drawn for each trial, the world's expert plays on; what it does then can be learned from."""

    takes = Amount("seconds at most", 0.0, 600.0, default=20.0)

    def __init__(self, policy: Policy, world: World, name: str, amount: float) -> None:
        super().__init__(policy, world, name, amount)
        self._expert = expert(world)
        self._at: dict[int, float] = {}
        """By slot, the trial's time from which on the expert is asked."""
        horizon = max(policy.spec.horizon, self._expert.spec.horizon)
        self.spec = replace(self.spec, privileged=True, horizon=horizon)

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        super().reset(slot, trial_id, seed)
        self._expert.reset(slot, trial_id, seed)
        self._at[slot] = np.random.default_rng(derived_seed(seed, "takeover")).uniform(0.0, self._amount)

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        """The policy within is not shown what only the expert may see."""
        late = [query.observation.time >= self._at[query.slot] for query in queries]
        early = [_unprivileged(query) for query, taken in zip(queries, late) if not taken]
        within = iter(self._policy.plan(early)) if early else iter(())
        beyond = iter(self._expert.plan([query for query, taken in zip(queries, late) if taken]))
        return [replace(next(beyond), flags=(TAKEN_OVER,)) if taken else next(within) for taken in late]

    def close(self) -> None:
        super().close()
        self._expert.close()


def _unprivileged(query: Query) -> Query:
    return replace(query, observation=replace(query.observation, privileged={}))
