"""A policy with a fault planted in it, which the gate has to find: the ground stays as it was."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from armtrial.envs.base import Vector
from armtrial.evaluators.names import POLICY_TABLE
from armtrial.policies.base import Plan, Policy, Query, World


class Faulty(Policy):
    """The same policy, whose actions come late in a share of the trials, or are never quite what it meant."""

    def __init__(
        self,
        world: World,
        *,
        policy: str = "toy",
        ticks: int = 0,
        share: float = 1.0,
        shake: float = 0.0,
    ) -> None:
        """`ticks`: by which actions come late; until then the robot stays. `share`: of the trials in which they do.
        `shake`: how far off actions are, in their units."""
        self._policy: Policy = POLICY_TABLE.factory(policy)(world)
        self._ticks, self._share, self._shake = ticks, share, shake
        self.spec = replace(self._policy.spec, name=f"faulty {policy}", deterministic=False)
        self._late: dict[int, bool] = {}
        self._waiting: dict[int, Vector] = {}

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        self._policy.reset(slot, trial_id, seed)
        self._waiting.pop(slot, None)
        self._late[slot] = bool(np.random.default_rng(seed).uniform() < self._share)

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        plans = self._policy.plan(queries)
        return [Plan(self._delayed(query, self._shaken(query, plan.actions))) for query, plan in zip(queries, plans)]

    def _shaken(self, query: Query, actions: Vector) -> Vector:
        off = self._shake * np.random.default_rng(query.seed).normal(size=actions.shape)
        return (actions + off).clip(self.spec.action.low, self.spec.action.high)

    def _delayed(self, query: Query, actions: Vector) -> Vector:
        if not self._late[query.slot] or not self._ticks:
            return actions
        stays = np.tile(query.observation.state, (self._ticks, 1)).clip(self.spec.action.low, self.spec.action.high)
        line = np.concatenate([self._waiting.get(query.slot, stays), actions])
        self._waiting[query.slot] = line[len(actions) :]
        return line[: len(actions)]

    def close(self) -> None:
        self._policy.close()
