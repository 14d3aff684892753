"""CALVIN's protocol over a simulation that counts, for the tests that need no checkout."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from armtrial.envs.base import Image, Size, Vector
from armtrial.envs.calvin.env import CalvinEnv
from armtrial.policies.base import Plan, Policy, PolicySpec, Query, World
from armtrial.tasks.base import Suite, Task
from armtrial.tasks.calvin import CALVIN, StartState

NEEDED = 7
"""Pushes until a subtask is done."""


class Counting:
    """Counts the actions that push."""

    def __init__(self) -> None:
        self.pushes = 0
        self.closed = False

    def put(self, start: StartState) -> None:
        self.start = start

    def act(self, action: Vector) -> None:
        assert abs(action[-1]) == 1.0
        self.pushes += int(action[0] == 1.0)

    def info(self) -> int:
        return self.pushes

    def robot(self) -> Vector:
        return np.concatenate([self.start.robot[:14], [float(self.pushes)]])

    def scene(self) -> Vector:
        return self.start.scene

    def picture(self, name: str, size: Size) -> Image:
        return np.full((size[1], size[0], 3), self.pushes % 256, dtype=np.uint8)

    def end_hash(self) -> str:
        return str(self.pushes)

    def close(self) -> None:
        assert not self.closed
        self.closed = True


class CountingOracle:
    """Any subtask takes so many pushes since it was asked for."""

    def get_task_info_for_set(self, before: int, now: int, asked: set[str]) -> set[str]:
        return asked if now - before >= NEEDED else set()


class FakeCalvin(CalvinEnv):
    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = {task.name: task for task in tasks}
        self._simulation = self._oracle = None
        self._over = True

    def _built(self, scene: str) -> Counting:
        return Counting()

    def _judge(self) -> Any:
        return CountingOracle()


class Pusher(Policy):
    """Does as many subtasks of trial k as k modulo 6 says, and remembers who was asked what."""

    def __init__(self, world: World) -> None:
        self.spec = PolicySpec(name="pusher", action=world.action, horizon=10, cameras={"static": (20, 10)})
        self.resets: dict[str, int] = {}
        self.asked: dict[str, list[str]] = {}
        self._trial: dict[int, str] = {}

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        self._trial[slot] = trial_id
        self.resets[trial_id] = self.resets.get(trial_id, 0) + 1

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [self._planned(query) for query in queries]

    def _planned(self, query: Query) -> Plan:
        trial = self._trial[query.slot]
        told = self.asked.setdefault(trial, [])
        if told[-1:] != [query.observation.instruction]:
            told.append(query.observation.instruction)
        pushing = self.resets[trial] <= int(trial[-3:]) % 6
        return Plan(np.tile([float(pushing), 0, 0, 0, 0, 0, 1], (self.spec.horizon, 1)))


FAKE: Suite = replace(CALVIN, tasks=(replace(CALVIN.tasks[0], env="armtrial.tests.calvin_fake:FakeCalvin"),))
