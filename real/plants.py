"""What servos move: a line each towards its goal, or the twin's joints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..envs.base import Vector


class Plant(Protocol):
    @property
    def ticks(self) -> Vector:
        """Where each joint is, in ticks of its encoder."""
        ...

    @property
    def loads(self) -> Vector:
        """How hard each is pushed, -1 to 1."""
        ...

    def advance(self, wanted: Sequence[int | None]) -> None:
        """One period towards these ticks; None: limp."""
        ...


class FirstOrder:
    """Every joint goes a share of its way in each period; nothing weighs anything."""

    def __init__(self, ticks: Sequence[float], share: float = 0.5) -> None:
        self.ticks, self.loads = np.array(ticks, dtype=np.float64), np.zeros(len(ticks))
        self._share = share

    def advance(self, wanted: Sequence[int | None]) -> None:
        goals = np.array([at if goal is None else goal for at, goal in zip(self.ticks, wanted, strict=True)])
        self.loads = np.clip((goals - self.ticks) / 500, -1.0, 1.0)
        self.ticks = self.ticks + self._share * (goals - self.ticks)
