"""How many more steps a second than robosuite's own loop, which draws both pictures at every one.

One process each, taking turns, so that whatever else the machine does costs both alike. A look at two pictures of
224x224, then a plan of 16 actions.

python -m armtrial.tests.bench.robosuite
"""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from tabulate import tabulate

from armtrial.envs.base import Vector
from armtrial.envs.guests import Guest
from armtrial.envs.player import Look
from armtrial.envs.remote import Worker
from armtrial.envs.robosuite.guest import guest
from armtrial.envs.robosuite.upstream import CAMERAS
from armtrial.envs.worker import EnvSource
from armtrial.evaluators.provenance import machine
from armtrial.tasks.robosuite import ROBOSUITE

OURS, THEIRS = "armtrial.envs.robosuite.env:RobosuiteEnv", "armtrial.tests.robosuite_upstream:UpstreamRobosuite"
CHUNK, EDGE, TURNS = 16, 224, 8
AIM = 10.0
"""How many times as many steps a second."""
TASK = "lift"


def actions(seed: int, number: int) -> Vector:
    return np.random.default_rng(seed).uniform(-1, 1, (number, 7))


@contextmanager
def playing(here: Guest, place: str, task: str = TASK) -> Iterator[Worker]:
    """A process in which the first trial has begun, and one plan was played."""
    worker = Worker(here.interpreter, here.renderer.environ)
    trial = next(trial for trial in ROBOSUITE.trials(1) if trial.task == task)
    try:
        worker.call("open", EnvSource(place, ROBOSUITE.tasks, dict(here.arguments)))
        worker.call("begin", trial, Look(dict.fromkeys(CAMERAS, (EDGE, EDGE))))
        worker.call("advance", actions(0, 1))
        yield worker
    finally:
        worker.stop()


def paces(here: Guest, turns: int = TURNS, task: str = TASK) -> tuple[list[float], list[float]]:
    """Milliseconds a step, ours and robosuite's, turn by turn."""
    with playing(here, OURS, task) as ours, playing(here, THEIRS, task) as theirs:
        plans = [actions(turn, CHUNK) for turn in range(turns)]
        pairs = [(_timed(ours, plan), _timed(theirs, plan)) for plan in plans]
    mine, upstreams = zip(*pairs)
    return list(mine), list(upstreams)


def _timed(worker: Worker, plan: Vector) -> float:
    began = time.perf_counter()
    worker.call("advance", plan)
    return 1000 * (time.perf_counter() - began) / len(plan)


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The middle one of all turns."""
    return statistics.median(slow / fast for fast, slow in zip(ours, theirs))


def main() -> None:
    here = guest({}, os.environ)
    rows: list[tuple[str, float, float, float]] = []
    for task in ("lift",):
        ours, theirs = paces(here, task=task)
        rows.append((task, statistics.median(ours), statistics.median(theirs), ratio(ours, theirs)))
    print(tabulate(rows, headers=("task", "ours, ms a step", "robosuite's", "times as fast"), floatfmt=".1f"))
    print(f"\na look of two pictures of {EDGE}x{EDGE} every {CHUNK} steps; the aim is {AIM:g} times")
    print(f"{machine()['cpu']}, {machine()['cores']} cores, {here.renderer}, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
