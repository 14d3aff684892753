"""Actions beyond the world's bounds are cut to them, in place of an ERROR."""

from dataclasses import replace

import numpy as np

from ..base import Plan, Query
from .base import Wrapper

CLIPPED = "clipped"
"""The flag of a plan that was."""


class Clip(Wrapper):
    """Cuts actions to the world's bounds; plans that needed it are counted."""

    def changed(self, plan: Plan, query: Query) -> Plan:
        """What is no number stays none: no bound makes a target of it."""
        actions = np.clip(plan.actions, self._world.action.low, self._world.action.high)
        if np.array_equal(actions, plan.actions, equal_nan=True):
            return plan
        return replace(plan, actions=actions, flags=(*plan.flags, CLIPPED))
