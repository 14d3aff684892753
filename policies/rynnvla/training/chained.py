"""Several sources of episodes as one."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .episodes import Episode, Sights, Source, Vector


class Chained(Source):
    """Sources as one, in their order."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = tuple(sources)
        self._ends = np.cumsum([len(source) for source in self._sources])

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, number: int) -> Episode:
        source, place = self._found(number)
        return source[place]

    def motion(self, number: int) -> tuple[Vector, Vector]:
        source, place = self._found(number)
        return source.motion(place)

    def ticks(self, number: int) -> NDArray[np.int64]:
        source, place = self._found(number)
        return source.ticks(place)

    def instruction(self, number: int) -> str:
        source, place = self._found(number)
        return source.instruction(place)

    def sights(self, number: int) -> Sights | None:
        source, place = self._found(number)
        return source.sights(place)

    def digest(self) -> str:
        return hashlib.sha256(" ".join(source.digest() for source in self._sources).encode()).hexdigest()

    def parts(self) -> Sequence[Source]:
        return [part for source in self._sources for part in source.parts()]

    def _found(self, number: int) -> tuple[Source, int]:
        place = range(len(self))[number]
        which = int(np.searchsorted(self._ends, place, side="right"))
        return self._sources[which], place - (int(self._ends[which - 1]) if which else 0)
