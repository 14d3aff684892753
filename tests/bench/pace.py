"""How much sooner a world's steps are done than in the loop of those who made it, which draws both pictures at each.

One process each, taking turns, so that whatever else the machine does costs both alike.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from armtrial.envs.base import Vector
from armtrial.envs.guests import Guest
from armtrial.envs.player import Look
from armtrial.envs.remote import Worker
from armtrial.envs.worker import EnvSource
from armtrial.evaluators.provenance import machine
from armtrial.tasks.base import Task, Trial

TURNS = 8
Actions = Callable[[int, int], Vector]
"""By seed, so many."""


class Race:
    """Ours against theirs in one trial, from the same look on."""

    def __init__(self, here: Guest, tasks: tuple[Task, ...], trial: Trial, look: Look, actions: Actions) -> None:
        self._here, self._tasks, self._trial, self._look, self._actions = here, tasks, trial, look, actions

    def paces(self, ours: str, theirs: str, chunk: int, turns: int = TURNS) -> tuple[list[float], list[float]]:
        """Milliseconds a step, turn by turn: a look, and so many actions."""
        with self._playing(ours) as mine, self._playing(theirs) as others:
            plans = [self._actions(turn, chunk) for turn in range(turns)]
            pairs = [(_timed(mine, plan), _timed(others, plan)) for plan in plans]
        fast, slow = zip(*pairs)
        return list(fast), list(slow)

    @contextmanager
    def _playing(self, place: str) -> Iterator[Worker]:
        """A process in which the trial has begun, and one action was played."""
        environ = self._here.renderer.environ
        worker = Worker(self._here.interpreter, environ)
        try:
            worker.call("open", EnvSource(place, self._tasks, dict(self._here.arguments), environ))
            worker.call("begin", self._trial, self._look)
            worker.call("advance", self._actions(0, 1))
            yield worker
        finally:
            worker.stop()


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The middle one of all turns."""
    return statistics.median(slow / fast for fast, slow in zip(ours, theirs))


def ground(here: Guest) -> str:
    """What it was measured on."""
    return f"{machine()['cpu']}, {machine()['cores']} cores, {here.renderer}, load {os.getloadavg()[0]:.1f}"


def _timed(worker: Worker, plan: Vector) -> float:
    began = time.perf_counter()
    worker.call("advance", plan)
    return 1000 * (time.perf_counter() - began) / len(plan)
