"""The question that a server is asked before the first trial, so that what does not fit comes out at once."""

from collections.abc import Mapping

import numpy as np

from ...envs.base import Observation, Size
from ..base import Query, World

INSTRUCTION = "Wait."


def rehearsal(world: World, cameras: Mapping[str, Size]) -> Query:
    """Black pictures, and a state in the middle of the actions' bounds."""
    action = world.action
    middle = {name: (low + high) / 2 for name, low, high in zip(action.names, action.low, action.high)}
    images = {name: np.zeros((height, width, 3), np.uint8) for name, (width, height) in cameras.items()}
    state = np.array([middle.get(name, 0.0) for name in world.observation.state])
    return Query(0, Observation(images, state, INSTRUCTION, 0.0), 0)
