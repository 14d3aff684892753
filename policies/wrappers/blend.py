"""Chunk blending: a new plan takes over step by step from the one before."""

import numpy as np

from ...envs.base import Vector
from ..base import Query
from .base import Amount, Begun, Remembering


class Blend(Remembering):
    """Crosses over from the rest of the last plan to the new one, over some ticks or as many as that still has."""

    takes = Amount("ticks", 0, 1000, whole=True)

    def kept(self, before: list[Begun], begun: Begun, merged: Vector) -> list[Begun]:
        """As it will be executed, so that the next one takes over from where the arm is going; and the one before, in
        case that the query is asked again."""
        return [*before[-1:], Begun(begun.tick, merged)]

    def merged(self, before: list[Begun], begun: Begun, query: Query) -> Vector:
        over = min(int(self._amount), before[-1].end - begun.tick, len(begun.actions)) if before else 0
        if over <= 0:
            return begun.actions
        since = begun.tick - before[-1].tick
        old, new = before[-1].actions[since : since + over], begun.actions[:over]
        share = (np.arange(over) + 1)[:, None] / (over + 1)
        crossed = np.clip(old + share * (new - old), np.minimum(old, new), np.maximum(old, new))
        return np.concatenate([crossed, begun.actions[over:]])
