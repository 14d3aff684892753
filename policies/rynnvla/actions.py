"""Chunks of actions as the model sees them, and back: differences for joints, the gripper as it is, all scaled."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from .config import Embodiment, Scaling, Statistics

Vector = NDArray[np.float64]

LEAST_STD = 1e-8
"""A figure that never changes cannot be scaled by its deviation."""


def relative(actions: Vector, state: Vector, embodiment: Embodiment) -> Vector:
    """(..., T, D) executed actions, told from (..., S) the state before the first of them."""
    rows = np.array(actions, dtype=np.float64)
    joints = list(embodiment.relative)
    rows[..., 1:, joints] = np.diff(actions[..., joints], axis=-2)
    rows[..., 0, joints] -= state[..., joints]
    return rows


def absolute(rows: Vector, state: Vector, embodiment: Embodiment) -> Vector:
    """The other way round."""
    actions = np.array(rows, dtype=np.float64)
    joints = list(embodiment.relative)
    actions[..., joints] = np.cumsum(rows[..., joints], axis=-2) + state[..., None, joints]
    return actions


class Scaler:
    """Numbers of about 1, by the statistics of the training data."""

    def __init__(self, statistics: Statistics) -> None:
        self._middle, self._spread = _affine(statistics)
        self._state_mean, self._state_std = np.array(statistics.state_mean), np.array(statistics.state_std)

    def scaled(self, rows: Vector) -> Vector:
        return (rows - self._middle) / self._spread

    def unscaled(self, rows: Vector) -> Vector:
        return rows * self._spread + self._middle

    def state(self, state: Vector) -> Vector:
        return (state - self._state_mean) / self._state_std


def _affine(statistics: Statistics) -> tuple[Vector, Vector]:
    if statistics.scaling is Scaling.MEAN_STD:
        return np.array(statistics.action_mean), np.array(statistics.action_std)
    low, high = np.array(statistics.action_low), np.array(statistics.action_high)
    return (low + high) / 2, (high - low) / 2


def measured(
    episodes: Iterable[tuple[Vector, Vector]], embodiment: Embodiment, scaling: Scaling = Scaling.MEAN_STD
) -> Statistics:
    """Over (actions, states) of whole episodes. The rows of all chunks of all starts are pooled."""
    rows: list[Vector] = []
    states: list[Vector] = []
    for actions, seen in episodes:
        starts = np.arange(len(actions) - embodiment.chunk + 1)
        if len(starts):
            rows.append(chunks(actions, seen, starts, embodiment).reshape(-1, len(embodiment.actions)))
            states.append(seen[starts])
    if not rows:
        raise ValueError(f"no episode has {embodiment.chunk} actions, which is what one plan takes")
    pooled, seen = np.concatenate(rows), np.concatenate(states)
    return Statistics(
        action_mean=_told(pooled.mean(axis=0)),
        action_std=_told(np.maximum(pooled.std(axis=0), LEAST_STD)),
        action_low=_told(np.percentile(pooled, 1, axis=0)),
        action_high=_told(np.percentile(pooled, 99, axis=0)),
        state_mean=_told(seen.mean(axis=0)),
        state_std=_told(np.maximum(seen.std(axis=0), LEAST_STD)),
        scaling=scaling,
    )


def chunks(actions: Vector, states: Vector, starts: NDArray[np.int64], embodiment: Embodiment) -> Vector:
    """(len(starts), chunk, D), told from the states at the starts. Past an episode's end its last action is held."""
    places = np.minimum(starts[:, None] + np.arange(embodiment.chunk), len(actions) - 1)
    return relative(actions[places], states[starts], embodiment)


def _told(values: Vector) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
