"""The hand's trajectories in place of the joints' angles: what a wrist tells of a person's hand, an arm's own geometry
tells of its hand. Where it will be is what it is to do."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ....envs.so100.kinematics import hand_of
from ....envs.so100.units import Calibration
from ..config import Embodiment
from .episodes import Episode, Sights, Source, Vector

HAND = Embodiment(
    name="hand",
    state=("x", "y", "z", "pitch", "roll", "jaw"),
    actions=("x", "y", "z", "pitch", "roll", "jaw"),
    relative=(0, 1, 2, 3, 4),
    units=("mm", "mm", "mm", "deg", "deg", "%"),
    rate=30.0,
)


class HandEpisodes(Source):
    """A source of an SO-100's episodes, told by the hand."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._places = functools.cache(lambda number: hands(source.motion(number)[1]))

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, number: int) -> Episode:
        episode = self._source[number]
        actions, states = self.motion(number)
        return Episode(
            instruction=episode.instruction,
            actions=actions,
            states=states,
            ticks=episode.ticks,
            pictures=episode.pictures,
            sights=episode.sights,
        )

    def motion(self, number: int) -> tuple[Vector, Vector]:
        """An action is where the hand is one tick later."""
        places: Vector = self._places(number)
        return places[1:], places

    def ticks(self, number: int) -> NDArray[np.int64]:
        return self._source.ticks(number)

    def instruction(self, number: int) -> str:
        return self._source.instruction(number)

    def sights(self, number: int) -> Sights | None:
        return self._source.sights(number)

    def digest(self) -> str:
        """The pictures are the same, so their codes are."""
        return self._source.digest()

    def parts(self) -> Sequence[Source]:
        return self._source.parts()


def hands(states: Vector) -> Vector:
    """(T, 6) joints in LeRobot's units to (T, 6) of HAND."""
    joints = Calibration().to_radians(states)
    found = [hand_of(row) for row in joints]
    return np.array(
        [[*(1000 * hand.point), *np.degrees([hand.pitch, hand.roll]), row[5]] for hand, row in zip(found, states)]
    )
