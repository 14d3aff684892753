"""What a training learns from: episodes with pictures at some of their ticks, wherever they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Pixels = NDArray[np.uint8]
Sights = NDArray[np.float32]
"""(looks, views, THINGS, 2): column and row, as shares of the picture, at which a thing is; negative: out of sight, or
nobody knows."""
THINGS = ("target", "goal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    instruction: str
    actions: Vector
    """(T, D), as executed, in the embodiment's units."""
    states: Vector
    """(T + 1, S), measured: before the first action and after each."""
    ticks: NDArray[np.int64]
    """Ticks with pictures, rising, evenly spaced; tick t is the look before action t."""
    pictures: Mapping[str, Pixels]
    """`front` and `wrist`: (len(ticks), height, width, 3)."""
    sights: Sights | None = None
    """Of each picture; None where nobody knows."""


class Source(Protocol):
    """Episodes by number. Reading one may take a while (a file, a video); nothing is kept in memory."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> Episode: ...

    def motion(self, number: int) -> tuple[Vector, Vector]:
        """An episode's actions and states, without reading its pictures."""
        ...

    def ticks(self, number: int) -> NDArray[np.int64]:
        """At which an episode has pictures."""
        ...

    def instruction(self, number: int) -> str: ...

    def sights(self, number: int) -> Sights | None:
        """Of an episode's looks, without reading its pictures."""
        return None

    def digest(self) -> str:
        """Of everything in it: what is derived from a source is kept for that very source only."""
        ...

    def parts(self) -> Sequence[Source]:
        """What it was put together from, in order, or itself. What is derived from a part outlives new neighbours."""
        return (self,)
