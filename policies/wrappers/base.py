"""A policy in a wrapper: another policy, whose name says so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ...envs.base import Vector
from ..base import Plan, Policy, Query, World


@dataclass(frozen=True, slots=True)
class Amount:
    """The one number that a wrapper takes."""

    what: str
    """In words: "ticks"."""
    low: float
    high: float
    whole: bool = False
    default: float | None = None
    """None: it must be given."""


class Wrapper(Policy):
    """Asks the policy within, and changes what it answers in `changed`."""

    takes: ClassVar[Amount | None] = None

    def __init__(self, policy: Policy, world: World, name: str, amount: float) -> None:
        """`name`: as the user says it. `amount`: 0 where none is taken."""
        self._policy, self._world, self._amount = policy, world, amount
        mark = name if self.takes is None else f"{name}({amount:g})"
        self.spec = replace(policy.spec, name=f"{policy.spec.name}+{mark}")

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        self._policy.reset(slot, trial_id, seed)

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        plans = self._policy.plan(queries)
        return [self.changed(plan, query) for plan, query in zip(plans, queries, strict=True)]

    def changed(self, plan: Plan, query: Query) -> Plan:
        raise NotImplementedError

    def close(self) -> None:
        self._policy.close()


@dataclass(frozen=True, slots=True)
class Begun:
    """A plan that was given, by the trial's clock."""

    tick: int
    """Of its first action."""
    actions: Vector

    @property
    def end(self) -> int:
        return self.tick + len(self.actions)


class Remembering(Wrapper):
    """What becomes of a plan depends on those that the trial had before."""

    def __init__(self, policy: Policy, world: World, name: str, amount: float) -> None:
        super().__init__(policy, world, name, amount)
        self._before: dict[int, list[Begun]] = {}
        """By slot, the oldest first."""

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        self._before.pop(slot, None)
        super().reset(slot, trial_id, seed)

    def changed(self, plan: Plan, query: Query) -> Plan:
        """A query that is asked again counts once: its plan takes the place of the one that was given before."""
        now = query.observation.time if plan.starts_at is None else plan.starts_at
        begun = Begun(round(now * self.spec.action.rate), np.array(plan.actions, dtype=np.float64))
        before = [other for other in self._before.get(query.slot, []) if other.tick < begun.tick]
        merged = self.merged(before, begun, query)
        self._before[query.slot] = self.kept(before, begun, merged)
        return replace(plan, actions=merged)

    def kept(self, before: list[Begun], begun: Begun, merged: Vector) -> list[Begun]:
        """Those that still matter for the next plan."""
        return [*(other for other in before if other.end > begun.tick), begun]

    def merged(self, before: list[Begun], begun: Begun, query: Query) -> Vector:
        raise NotImplementedError


class Marked(Policy):
    """The same policy under a name that says how it is played."""

    def __init__(self, policy: Policy, mark: str, *, repeatable: bool) -> None:
        self._policy = policy
        spec = policy.spec
        self.spec = replace(spec, name=f"{spec.name}+{mark}", deterministic=spec.deterministic and repeatable)

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        self._policy.reset(slot, trial_id, seed)

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return self._policy.plan(queries)

    def close(self) -> None:
        self._policy.close()
