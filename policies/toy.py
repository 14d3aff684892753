"""Two policies for the toy world: one that looks and solves it, one that does not look."""

from collections.abc import Sequence

import numpy as np

from ..envs.base import Image, Observation, Vector
from .base import Plan, Policy, PolicySpec, Query, World

_COLOURS = {"green": (40, 170, 60), "red": (200, 40, 50), "purple": (140, 60, 170), "ball": (230, 140, 20)}
_LEFT, _SPAN = -1.1, 2.2
"""What the front camera sees of the line, in metres."""
_CLOSE_ENOUGH = 0.03
_OPEN, _SHUT = 100.0, 0.0


class Toy(Policy):
    """Finds the coloured things in the front picture and moves to the one that the instruction names."""

    def __init__(self, world: World, *, horizon: int = 10) -> None:
        self.spec = PolicySpec(
            name="toy", cameras={"front": (220, 40)}, state=("x", "jaw"), action=world.action, horizon=horizon
        )

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [Plan(np.tile(self._target(query.observation), (self.spec.horizon, 1))) for query in queries]

    def _target(self, seen: Observation) -> Vector:
        colour = next((name for name in _COLOURS if f"{name} mark" in seen.instruction), "green")
        mark = _place(seen.images["front"], colour)
        if "ball" not in seen.instruction:
            return np.array([mark, _OPEN])
        return self._fetching(float(seen.state[0]), float(seen.state[1]), _place(seen.images["front"], "ball"), mark)

    def _fetching(self, x: float, jaw: float, ball: float, mark: float) -> Vector:
        at_ball, shut = abs(x - ball) < _CLOSE_ENOUGH, jaw < 50
        if abs(ball - mark) < _CLOSE_ENOUGH:
            return np.array([x, _OPEN])
        if at_ball and shut:
            return np.array([mark, _SHUT])
        return np.array([ball, _SHUT if at_ball else _OPEN])


class Blind(Policy):
    """Drifts to the left end of the line, where nothing ever is."""

    def __init__(self, world: World) -> None:
        self.spec = PolicySpec(name="blind", action=world.action, horizon=10)

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [Plan(np.tile([-1.0, _OPEN], (self.spec.horizon, 1))) for _ in queries]


def _place(picture: Image, colour: str) -> float:
    """Metres along the line of the columns whose colour points the same way, however bright the light."""
    wanted = np.array(_COLOURS[colour]) / np.linalg.norm(_COLOURS[colour])
    pixels = picture.astype(np.float64)
    likeness = pixels @ wanted / np.maximum(np.linalg.norm(pixels, axis=2), 1.0)
    columns = np.nonzero((likeness > 0.995).any(axis=0))[0]
    if not len(columns):
        raise LookupError(f"nothing {colour} is in the picture")
    return _LEFT + _SPAN * (float(columns.mean()) + 0.5) / picture.shape[1]
