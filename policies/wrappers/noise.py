"""Actions that are not quite what the policy asked for."""

from dataclasses import replace

import numpy as np

from ...tasks.base import derived_seed
from ..base import Plan, Query
from .base import Amount, Wrapper


class Noise(Wrapper):
    """Adds normal noise to every action; its standard deviation is a share of the action's range."""

    takes = Amount("the noise's standard deviation as a share of each action's range", 0.0, 1.0)

    def changed(self, plan: Plan, query: Query) -> Plan:
        """Drawn from the query's seed. What was within the bounds stays there; what was not remains to be seen."""
        if not self._amount:
            return plan
        low, high = np.array(self._world.action.low), np.array(self._world.action.high)
        stream = np.random.default_rng(derived_seed(query.seed, "action noise"))
        noisy = plan.actions + self._amount * (high - low) * stream.standard_normal(plan.actions.shape)
        return replace(plan, actions=np.clip(noisy, np.minimum(low, plan.actions), np.maximum(high, plan.actions)))
