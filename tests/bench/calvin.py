"""How much sooner CALVIN's steps are done than by upstream's own loop.

CALVIN_ROOT=DIR python -m armtrial.tests.bench.calvin
"""

import os
import statistics

import numpy as np
from tabulate import tabulate

from armtrial.envs.base import Vector
from armtrial.envs.calvin.guest import guest
from armtrial.envs.calvin.upstream import CAMERAS
from armtrial.envs.guests import Guest
from armtrial.envs.player import Look
from armtrial.tasks.calvin import CALVIN
from armtrial.tests.bench.pace import Race, ground, ratio

OURS, THEIRS = "armtrial.envs.calvin.env:CalvinEnv", "armtrial.tests.calvin_upstream:UpstreamCalvin"
AIMS = {10: 7.0, 20: 11.0}
"""How many times as many steps a second, by actions between two looks."""


def actions(seed: int, number: int) -> Vector:
    drawn = np.random.default_rng(seed).uniform(-1, 1, (number, 7))
    drawn[:, 6] = np.where(drawn[:, 6] < 0, -1.0, 1.0)
    return drawn


def race(here: Guest) -> Race:
    return Race(here, CALVIN.tasks, CALVIN.trials(1)[0], Look(CAMERAS), actions)


def main() -> None:
    here = guest({}, os.environ)
    rows: list[tuple[int, float, float, float, float]] = []
    for chunk, aim in AIMS.items():
        ours, theirs = race(here).paces(OURS, THEIRS, chunk)
        rows.append((chunk, statistics.median(ours), statistics.median(theirs), ratio(ours, theirs), aim))
    heads = ("actions a look", "ours, ms a step", "upstream's", "times as fast", "aim: at least")
    print(tabulate(rows, headers=heads, floatfmt=("", ".1f", ".1f", ".1f", ".0f")))
    print(f"\n{ground(here)}")


if __name__ == "__main__":
    main()
