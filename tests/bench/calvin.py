"""How much sooner CALVIN's steps are done than by upstream's own loop, which draws both pictures at every one.

One process each, taking turns, so that whatever else the machine does costs both alike.

CALVIN_ROOT=DIR python -m armtrial.tests.bench.calvin
"""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from tabulate import tabulate

from armtrial.envs.base import Vector
from armtrial.envs.calvin.guest import guest
from armtrial.envs.calvin.upstream import CAMERAS
from armtrial.envs.guests import Guest
from armtrial.envs.player import Look
from armtrial.envs.remote import Worker
from armtrial.envs.worker import EnvSource
from armtrial.evaluators.provenance import machine
from armtrial.tasks.calvin import CALVIN

OURS, THEIRS = "armtrial.envs.calvin.env:CalvinEnv", "armtrial.tests.calvin_upstream:UpstreamCalvin"
AIMS = {10: 7.0, 20: 11.0}
"""How many times as many steps a second, by actions between two looks."""
TURNS = 8


def actions(seed: int, number: int) -> Vector:
    drawn = np.random.default_rng(seed).uniform(-1, 1, (number, 7))
    drawn[:, 6] = np.where(drawn[:, 6] < 0, -1.0, 1.0)
    return drawn


@contextmanager
def playing(here: Guest, place: str) -> Iterator[Worker]:
    """A process in which the first chain has begun, and one action was played."""
    worker = Worker(here.interpreter, here.renderer.environ)
    try:
        worker.call("open", EnvSource(place, CALVIN.tasks, dict(here.arguments), here.renderer.environ))
        worker.call("begin", CALVIN.trials(1)[0], Look(CAMERAS))
        worker.call("advance", actions(0, 1))
        yield worker
    finally:
        worker.stop()


def paces(here: Guest, chunk: int, turns: int = TURNS) -> tuple[list[float], list[float]]:
    """Milliseconds a step, ours and upstream's, turn by turn: a look, and so many actions."""
    with playing(here, OURS) as ours, playing(here, THEIRS) as theirs:
        plans = [actions(turn, chunk) for turn in range(turns)]
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
    rows: list[tuple[int, float, float, float, float]] = []
    for chunk, aim in AIMS.items():
        ours, theirs = paces(here, chunk)
        rows.append((chunk, statistics.median(ours), statistics.median(theirs), ratio(ours, theirs), aim))
    heads = ("actions a look", "ours, ms a step", "upstream's", "times as fast", "aim: at least")
    print(tabulate(rows, headers=heads, floatfmt=("", ".1f", ".1f", ".1f", ".0f")))
    print(f"\n{machine()['cpu']}, {machine()['cores']} cores, {here.renderer}, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
