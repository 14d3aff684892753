"""The same observations through two ways to one policy: do the plans agree, and if not, which mistake lies between?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..envs.base import Observation, Vector
from ..envs.faults import Fault, caught
from ..tasks.base import Origin
from .base import Policy, Query, World
from .mistakes import Mistake, mistakes, pairs

Ask = Callable[[Observation], Vector]
SEED = 1
TRIAL = "check"


@dataclass(frozen=True, slots=True)
class Difference:
    """Of two plans, in the action and the entry where it is largest."""

    share: float
    """Of that entry's range."""
    action: int
    name: str
    here: float
    there: float


@dataclass(frozen=True, slots=True)
class Finding:
    difference: Difference
    agree: bool
    spread: float
    """Between two plans of the policy here for the same query: above 0 where it draws at random."""
    lengths: tuple[int, int]
    named: tuple[Mistake, ...]
    """Under each of them both agree; empty where none explains the difference."""
    hidden: tuple[Mistake, ...]
    """Mistakes that these observations would not show: the policy here plans the same with them."""


def asking(policy: Policy) -> Ask:
    """Every observation as the first of a trial."""

    def ask(seen: Observation) -> Vector:
        policy.reset(0, TRIAL, SEED)
        (plan,) = policy.plan([Query(0, seen, SEED)])
        return plan.actions

    return ask


@dataclass(frozen=True, slots=True)
class _Moment:
    """One observation, and what both ways plan for it."""

    ours: Observation
    local: Vector
    remote: Vector


def compared(
    here: Ask, there: Ask, seen: Sequence[tuple[Observation, Observation]], world: World, tolerance: float
) -> Finding:
    """`seen`: moments, each at the sizes that each way asks for. `tolerance`: of an action's range.

    What one moment does not show another may: a mistake is hidden only where none of them shows it, and explains a
    difference only where it explains it in all."""
    moments = [_Moment(ours, here(ours), there(theirs)) for ours, theirs in seen]
    spread = max(_apart(each.local, here(each.ours), world).share for each in moments)
    limit = max(tolerance, 2 * spread)
    difference = max((_apart(each.local, each.remote, world) for each in moments), key=lambda found: found.share)
    agree = difference.share <= limit
    named: list[Mistake] = []
    hidden: list[Mistake] = []
    singles = mistakes(world, seen[0][0])
    for mistake in singles:
        made = [_under(mistake, here, each) for each in moments]
        if _alike(made, [each.local for each in moments], world, limit):
            hidden.append(mistake)
        elif not agree and _alike(made, [each.remote for each in moments], world, limit):
            named.append(mistake)
    if not agree and not named:
        both = (mistake for mistake in pairs(singles) if not _told(mistake, hidden))
        remote = [each.remote for each in moments]
        named = [one for one in both if _alike([_under(one, here, each) for each in moments], remote, world, limit)]
    lengths = len(moments[0].local), len(moments[0].remote)
    return Finding(difference, agree, spread, lengths, tuple(named), tuple(hidden))


def _alike(ones: Sequence[Vector], others: Sequence[Vector], world: World, limit: float) -> bool:
    return all(_apart(one, other, world).share <= limit for one, other in zip(ones, others, strict=True))


def _under(mistake: Mistake, here: Ask, moment: _Moment) -> Vector:
    """The plan of a server that makes it. A policy that makes nothing of a picture may raise; it plans nothing then."""
    plan = moment.local
    if mistake.see is not None:
        found = caught(Origin.POLICY, here, mistake.see(moment.ours))
        plan = np.full_like(plan, np.nan) if isinstance(found, Fault) else found
    return plan if mistake.act is None else mistake.act(plan)


def _told(mistake: Mistake, hidden: list[Mistake]) -> bool:
    """Part of a pair makes no difference, so that the pair is a mistake that was tried alone."""
    return any(part.name in mistake.name for part in hidden)


def _apart(here: Vector, there: Vector, world: World) -> Difference:
    """Within the world's bounds, which a client keeps. A number that is none is as far as can be."""
    action = world.action
    low, high = np.array(action.low), np.array(action.high)
    rows = min(len(here), len(there))
    one, two = (np.clip(plan[:rows], low, high) for plan in (here, there))
    gap = np.nan_to_num(np.abs(one - two) / (high - low), nan=np.inf)
    row, column = (int(place) for place in np.unravel_index(np.argmax(gap), gap.shape))
    return Difference(
        float(gap[row, column]), row, action.names[column], float(one[row, column]), float(two[row, column])
    )
