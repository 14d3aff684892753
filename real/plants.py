"""What servos move: a line each towards its goal, or the twin's joints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..envs.base import Vector

PERIOD = 1 / 30
"""Seconds between two of a plant's states."""


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


class ByHand(FirstOrder):
    """Limp joints are moved to and fro, as a person does who calibrates an arm."""

    def __init__(self, middles: Sequence[float], swing: float = 900.0, seconds: float = 4.0) -> None:
        super().__init__(middles)
        self._middles, self._swing, self._turn = np.array(middles, dtype=np.float64), swing, 2 * np.pi / seconds
        self._time = 0.0

    def advance(self, wanted: Sequence[int | None]) -> None:
        super().advance(wanted)
        self._time += PERIOD
        phases = self._turn * self._time + np.arange(len(self.ticks))
        swung = self._middles + self._swing * np.sin(phases)
        self.ticks = np.where([goal is None for goal in wanted], swung, self.ticks)
