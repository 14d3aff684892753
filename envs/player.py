"""Plays trials in one world, plan by plan: the part of the evaluator that lives beside the world.

A plan is executed here from its first action to its last, or to the tick at which a rule ends the trial,
so a world in another process costs one exchange a plan and not one a tick. Guest interpreters import this
file: it stays valid on Python 3.10.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..tasks.base import STAGES, End, Event, Outcome, Task, Trial
from ..tasks.referee import Referee
from ..tasks.rubric import Attempt, label
from . import checked
from .base import RUBRIC, Env, LifecycleError, Observation, Played, Size, Vector, Verdict
from .rig import KeepsLog, RunsOn, TrialLog


@dataclass(frozen=True, slots=True)
class Look:
    """What the policy wants to see."""

    cameras: Mapping[str, Size]
    privileged: bool = False


@dataclass(frozen=True, slots=True)
class Opening:
    start_hash: str
    observation: Observation
    seconds: float
    """Wall time of the reset and the first look."""


@dataclass(frozen=True, slots=True)
class Leg:
    """What the execution of one plan led to."""

    end: End | None
    new_stage: bool
    """A chain moved on to its next subtask: the rest of the plan was dropped."""
    observation: Observation | None
    """For the next plan; None where the trial is over."""
    seconds: float
    """Wall time in the world."""


@dataclass(frozen=True, slots=True)
class Closing:
    """The whole trial."""

    played: Played | None
    """None where the trial was broken off."""
    verdict: Verdict | None
    attempts: tuple[Attempt, ...]
    stages: tuple[str, ...]
    progress: float
    events: tuple[Event, ...]
    actions: Vector
    """(T, D), as executed."""
    states: Vector
    """(T + 1, S), measured: before the first action and after each."""
    plans: tuple[int, ...]
    """The tick at which each plan began."""
    unanswered: Vector
    """(1, D): the action at which the world broke, which follows the last of `actions`; (0, D) where it did not."""
    log: TrialLog | None = None
    """Of a world with a rig ..."""
    raw: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)  # type: ignore[type-arg]
    """... and what it measured tick by tick."""


class Player(Protocol):
    def begin(self, trial: Trial, look: Look) -> Opening: ...

    def advance(self, actions: Vector, rest: Vector | None = None) -> Leg: ...

    def finish(self, judged: bool) -> Closing: ...


class LocalPlayer:
    """A world in this process."""

    def __init__(self, env: Env, tasks: Sequence[Task]) -> None:
        self._env = env
        self._tasks = {task.name: task for task in tasks}
        self._referee: Referee | None = None

    def begin(self, trial: Trial, look: Look) -> Opening:
        """Puts the world into the trial's start state and looks."""
        self._referee = None
        began = time.perf_counter()
        start = checked.start(self._env.reset(trial))
        self._look = look
        observation = self._looked()
        self._referee = Referee(self._tasks[trial.task], self._env.action_spec.rate, start.distractors)
        self._end: End | None = None
        self._stage, self._progress = 0, 0.0
        self._actions: list[Vector] = []
        self._states: list[Vector] = [observation.state]
        self._plans: list[int] = []
        self._unanswered: list[Vector] = []
        return Opening(start.hash, observation, time.perf_counter() - began)

    def advance(self, actions: Vector, rest: Vector | None = None) -> Leg:
        """Executes the plan until it is used up, a rule ends the trial or a chain reaches its next stage.

        `rest`: what a world that does not wait goes on with while the next plan is made."""
        referee = self._running()
        began = time.perf_counter()
        self._plans.append(referee.ticks)
        before = self._stage
        names = self._env.observation_spec.state
        if isinstance(self._env, RunsOn):
            self._env.ahead(actions if rest is None else np.concatenate([actions, rest]))
        for action in actions:
            self._unanswered = [action.copy()]  # a world may write into what it is given
            step = checked.step(self._env.step(action))
            self._states.append(checked.state(step.state, names))
            asked = self._unanswered.pop()
            self._actions.append(asked if step.executed is None else np.array(step.executed, dtype=np.float64))
            self._stage, self._progress = int(step.stage), checked.progress(step)
            self._end = referee.see(bool(step.success), bool(step.terminated), self._stage, step.events)
            if self._end is not None or self._stage > before:
                break
        over = self._end is not None
        observation = None if over else self._looked()
        return Leg(self._end, not over and self._stage > before, observation, time.perf_counter() - began)

    def _looked(self) -> Observation:
        seen = self._env.observe(self._look.cameras, self._look.privileged)
        return checked.observation(seen, self._look.cameras, self._env.observation_spec.state)

    def finish(self, judged: bool) -> Closing:
        """Asks the world for its verdict, unless the trial was broken off, and gives everything that was kept."""
        referee = self._running()
        reading = referee.reading
        played = verdict = None
        attempts = reading.closed()
        if judged:
            if self._end is None:
                raise LifecycleError("a trial that has not ended cannot be judged")
            name = "" if referee.success else label(reading, self._end)
            played = Played(referee.success, self._end, name, self._progress, referee.ticks)
            verdict = checked.verdict(self._env.verdict(played))
            if verdict.by != RUBRIC:
                self._progress = judged_progress(verdict.outcome, self._progress)
        self._referee = None
        log, raw = _logged(self._env)
        return Closing(
            played=played,
            verdict=verdict,
            attempts=attempts,
            stages=tuple(stage for stage in STAGES if stage in reading.stages),
            progress=self._progress,
            events=tuple(referee.events),
            actions=_stacked(self._actions, len(self._env.action_spec.names)),
            states=_stacked(self._states, len(self._env.observation_spec.state)),
            plans=tuple(self._plans),
            unanswered=_stacked(self._unanswered, len(self._env.action_spec.names)),
            log=log,
            raw=raw,
        )

    def _running(self) -> Referee:
        if self._referee is None:
            raise LifecycleError("no trial is running; begin one first")
        return self._referee


def judged_progress(outcome: Outcome, told: float) -> float:
    """Where a person judged. `told`: the share of the task that was told before they did.

    A success is all of it. Of a failure that was told as all of it nobody knows how much was done, so that none is
    counted; stages are no share, since a thing that was only lifted is not placed."""
    if outcome is Outcome.SUCCESS:
        return 1.0
    return 0.0 if outcome is Outcome.FAILURE and told >= 1.0 else told


def _logged(env: Env) -> tuple[TrialLog | None, Mapping[str, NDArray[np.generic]]]:
    return env.trial_log() if isinstance(env, KeepsLog) else (None, {})


def _stacked(rows: Sequence[Vector], width: int) -> Vector:
    return np.stack(rows) if rows else np.empty((0, width))
