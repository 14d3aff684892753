"""One observation through two ways to the same policy: do the plans agree, and if not, which mistake lies between?"""

from __future__ import annotations

from collections.abc import Callable
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
    """Mistakes that this observation would not show: the policy here plans the same with them."""


def asking(policy: Policy) -> Ask:
    """Every observation as the first of a trial."""

    def ask(seen: Observation) -> Vector:
        policy.reset(0, TRIAL, SEED)
        (plan,) = policy.plan([Query(0, seen, SEED)])
        return plan.actions

    return ask


def compared(here: Ask, there: Ask, ours: Observation, theirs: Observation, world: World, tolerance: float) -> Finding:
    """`ours`, `theirs`: the same moment, at the sizes that each way asks for. `tolerance`: of an action's range."""
    remote = there(theirs)
    local = here(ours)
    spread = _apart(local, here(ours), world).share
    limit = max(tolerance, 2 * spread)
    difference = _apart(local, remote, world)
    agree = difference.share <= limit
    named: list[Mistake] = []
    hidden: list[Mistake] = []
    singles = mistakes(world)
    for mistake in singles:
        made = _under(mistake, here, ours, local)
        if _apart(local, made, world).share <= limit:
            hidden.append(mistake)
        elif not agree and _apart(made, remote, world).share <= limit:
            named.append(mistake)
    if not agree and not named:
        both = (mistake for mistake in pairs(singles) if not _told(mistake, hidden))
        named = [one for one in both if _apart(_under(one, here, ours, local), remote, world).share <= limit]
    return Finding(difference, agree, spread, (len(local), len(remote)), tuple(named), tuple(hidden))


def _under(mistake: Mistake, here: Ask, seen: Observation, plan: Vector) -> Vector:
    """The plan of a server that makes it. A policy that makes nothing of a picture may raise; it plans nothing then."""
    if mistake.see is not None:
        found = caught(Origin.POLICY, here, mistake.see(seen))
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
