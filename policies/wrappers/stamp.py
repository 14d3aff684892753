"""A plan is about the moment at which its pictures were taken."""

from dataclasses import replace

from ..base import Plan, Query
from .base import Wrapper


class Stamp(Wrapper):
    """Plans begin at the time of their observation: played in realtime, actions that come too late are left out."""

    def changed(self, plan: Plan, query: Query) -> Plan:
        return plan if plan.starts_at is not None else replace(plan, starts_at=query.observation.time)
