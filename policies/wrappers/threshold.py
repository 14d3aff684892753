"""A continuous gripper in a world that knows only open and closed."""

from dataclasses import replace

from ..base import Plan, Query
from .base import Wrapper


class Threshold(Wrapper):
    """Moves entries that have two values and nothing between, as CALVIN's gripper, to the nearer one."""

    def changed(self, plan: Plan, query: Query) -> Plan:
        """What lies outside the bounds stays there, to be refused or clipped by name."""
        actions = plan.actions.astype(float)
        snapped = self._world.action.snapped(actions)
        inside = (actions >= self._world.action.low) & (actions <= self._world.action.high)
        actions[inside] = snapped[inside]
        return replace(plan, actions=actions)
