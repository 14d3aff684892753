"""Temporal ensembling: what is done at a tick is the mean of all that plans have said of it."""

import numpy as np

from ...envs.base import Vector
from ..base import Query
from .base import Amount, Begun, Remembering


class Ensemble(Remembering):
    """Averages the plans that overlap, the oldest with weight 1 and each later one with exp(-M) of the one before.

    It has something to average where plans overlap: play it with a small --execute, as 1.
    """

    takes = Amount("the rate M at which later plans count less", 0.0, 100.0, default=0.01)

    def merged(self, before: list[Begun], begun: Begun, query: Query) -> Vector:
        """Averages of what lies within bounds lie within them, to the last bit."""
        merged = np.empty_like(begun.actions)
        for index in range(len(begun.actions)):
            tick = begun.tick + index
            said = np.stack([plan.actions[tick - plan.tick] for plan in (*before, begun) if tick < plan.end])
            weights = np.exp(-self._amount * np.arange(len(said)))
            merged[index] = np.clip(weights @ said / weights.sum(), said.min(axis=0), said.max(axis=0))
        return merged
