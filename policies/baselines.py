"""Policies that need no training: the floor that every other must beat, and the one that repeats a run."""

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..envs.base import Control, Vector
from .base import Plan, Policy, PolicySpec, Query, World


class Hold(Policy):
    """Stays where it is."""

    def __init__(self, world: World) -> None:
        self._relative = world.action.control is Control.RELATIVE
        self._low, self._high = np.array(world.action.low), np.array(world.action.high)
        self._snapped = world.action.snapped
        state = () if self._relative else world.action.names
        self.spec = PolicySpec(name="hold", state=state, action=world.action, horizon=1)

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [Plan(self._still(query.observation.state)[None]) for query in queries]

    def _still(self, state: Vector) -> Vector:
        wanted = np.zeros_like(self._low) if self._relative else state
        return self._snapped(np.clip(wanted, self._low, self._high))


class Random(Policy):
    """Draws every plan by the query's seed: a target between the bounds, held to its end.

    Where an action is a step from where the robot is, every step is drawn anew.
    """

    def __init__(self, world: World, *, horizon: int = 10) -> None:
        self.spec = PolicySpec(name="random", action=world.action, horizon=horizon)

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [Plan(self._drawn(query.seed)) for query in queries]

    def _drawn(self, seed: int) -> Vector:
        action = self.spec.action
        stream, horizon = np.random.default_rng(seed), self.spec.horizon
        if action.control is Control.RELATIVE:
            return action.snapped(stream.uniform(action.low, action.high, (horizon, len(action.names))))
        return np.tile(action.snapped(stream.uniform(action.low, action.high)), (horizon, 1))


class Replay(Policy):
    """Repeats the actions of a recorded run, trial by trial: same outcome, same end."""

    def __init__(self, world: World, *, run: str) -> None:
        """`run`: the folder of the run."""
        self._run = Path(run).resolve()
        self._trial_of_slot: dict[int, str] = {}
        self._actions: dict[str, Vector] = {}
        self.spec = PolicySpec(name="replay", version=self._run.name, action=world.action, horizon=20)
        if not (self._run / "records.jsonl").is_file():
            raise FileNotFoundError(f"{run} holds no records; name a run's folder: --policy-arg run=runs/...")
        lines = (self._run / "records.jsonl").read_bytes().splitlines()
        self._takes = {record["id"]: record for record in map(json.loads, lines)}

    def reset(self, slot: int, trial_id: str, seed: int) -> None:
        self._trial_of_slot[slot] = trial_id

    def plan(self, queries: Sequence[Query]) -> Sequence[Plan]:
        return [Plan(self._recorded(query)) for query in queries]

    def _recorded(self, query: Query) -> Vector:
        trial = self._trial_of_slot[query.slot]
        if trial not in self._actions:
            self._actions[trial] = self._read(trial)
        actions, tick = self._actions[trial], round(query.observation.time * self.spec.action.rate)
        if tick >= len(actions):
            raise IndexError(f"{trial} was recorded to tick {len(actions)} and goes on: the world has changed")
        return actions[tick : tick + self.spec.horizon]

    def _read(self, trial: str) -> Vector:
        """Of the take that counts, if the file is the one that its record names."""
        if trial not in self._takes:
            raise LookupError(f"{self._run} never played {trial}")
        take, digest = self._takes[trial]["take"], self._takes[trial]["result"]["steps_sha256"]
        path = self._run / "steps" / (f"{trial}.npz" if take == 1 else f"{trial}.take{take}.npz")
        body = path.read_bytes()
        if hashlib.sha256(body).hexdigest() != digest:
            raise ValueError(f"{path} is not what was recorded: its sha256 differs from the record's")
        with np.load(io.BytesIO(body), allow_pickle=False) as steps:
            return steps["action"]
