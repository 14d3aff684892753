"""A world on trial: what the rules of `contract.py` look at, with trials of the check's own and actions from a seed."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..tasks.base import End, Task, Trial
from .base import Control, Env, HasLandmarks, Image, Landmark, Observation, Played, Size, Start, Step, Vector, Verdict

Arrays = dict[str, NDArray[Any]]
View = tuple[Image, Sequence[Landmark]]
"""A picture, and what the world says is in it."""

TRIALS = 4
"""Starts that are looked at where one could be a lucky one."""
PLAY_SECONDS, HELD_SECONDS = 4.0, 0.5
"""Random targets are drawn for so long, and each is held for so long."""


def arrays_of(seen: Observation) -> Arrays:
    """Every array of an observation, by words for a message."""
    pictures = {f"the picture of '{name}'": picture for name, picture in seen.images.items()}
    return pictures | {"the state": seen.state} | {f"privileged '{name}'": a for name, a in seen.privileged.items()}


def unequal(one: Mapping[str, NDArray[Any]], two: Mapping[str, NDArray[Any]]) -> list[str]:
    """Names of the arrays that are not the same in both."""
    both = one.keys() & two.keys()
    same = {name for name in both if np.array_equal(one[name], two[name], equal_nan=True)}
    return sorted((one.keys() | two.keys()) - same)


@dataclass(frozen=True, slots=True)
class Take:
    """One trial under random actions."""

    start: Start
    before: Observation
    steps: list[Step]
    after: Observation | None
    """None where the world could not go on."""
    verdict: Verdict

    @property
    def states(self) -> Vector:
        return np.stack([self.before.state, *(step.state for step in self.steps)])


class Bench:
    """The world, with trials of the check's own and actions drawn from a seed."""

    def __init__(self, env: Env, task: Task) -> None:
        self.env, self.task = env, task
        self.cameras: dict[str, Size] = dict(env.observation_spec.cameras)

    def reset(self, index: int = 0) -> Start:
        return self.env.reset(Trial("train", "check", 1, self.task.name, index))

    def look(self) -> Observation:
        return self.env.observe(self.cameras, privileged=True)

    def targets(self, seed: int, seconds: float = 1.0) -> Vector:
        """Random targets between the bounds, each held for a while so that a body can follow."""
        spec = self.env.action_spec
        ticks, held = round(seconds * spec.rate), max(1, round(HELD_SECONDS * spec.rate))
        drawn = np.random.default_rng(seed).uniform(spec.low, spec.high, (ticks // held + 1, len(spec.names)))
        return spec.snapped(np.repeat(drawn, held, axis=0)[:ticks])

    def still(self) -> Vector:
        """The action that asks for nothing."""
        spec, state = self.env.action_spec, self.env.observe({}).state
        wanted = np.add(spec.low, spec.high) / 2
        if spec.control is Control.RELATIVE:
            wanted[:] = 0.0
        else:
            measured = dict(zip(self.env.observation_spec.state, state))
            wanted = np.array([measured.get(name, middle) for name, middle in zip(spec.names, wanted)])
        return spec.snapped(np.clip(wanted, spec.low, spec.high))

    def play(self, actions: Vector) -> Iterator[Step]:
        for action in actions:
            step = self.env.step(action)
            yield step
            if step.terminated:
                return

    def judge(self, steps: int) -> Verdict:
        return self.env.verdict(Played(False, End.TIMEOUT, "timeout", 0.0, steps))

    @cached_property
    def takes(self) -> tuple[Take, Take, Take]:
        """Trial 0, trial 1, and trial 0 again, which shows whatever trial 1 left behind."""
        return self._take(0), self._take(1), self._take(0)

    def _take(self, index: int) -> Take:
        start, before = self.reset(index), copy.deepcopy(self.look())
        steps = [copy.deepcopy(step) for step in self.play(self.targets(index, PLAY_SECONDS))]
        after = None if steps[-1].terminated else copy.deepcopy(self.look())
        return Take(start, before, steps, after, self.judge(len(steps)))

    def views(self, camera: str) -> list[View]:
        """Pictures of a camera at the starts of some trials, with what the world says is in them."""
        if not isinstance(self.env, HasLandmarks):
            return []
        found: list[View] = []
        for index in range(TRIALS):
            self.reset(index)
            size = self.cameras[camera]
            picture = self.env.observe({camera: size}).images[camera].copy()
            found.append((picture, self.env.landmarks(camera, size)))
        return found
