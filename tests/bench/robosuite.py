"""How many more steps a second than robosuite's own loop, with a look at two pictures and then a plan of 16 actions.

python -m armtrial.tests.bench.robosuite
"""

import os
import statistics

import numpy as np
from tabulate import tabulate

from armtrial.envs.base import Vector
from armtrial.envs.guests import Guest
from armtrial.envs.player import Look
from armtrial.envs.robosuite.guest import guest
from armtrial.envs.robosuite.upstream import CAMERAS
from armtrial.tasks.robosuite import ROBOSUITE
from armtrial.tests.bench.pace import Race, ground, ratio

OURS, THEIRS = "armtrial.envs.robosuite.env:RobosuiteEnv", "armtrial.tests.robosuite_upstream:UpstreamRobosuite"
CHUNK, EDGE = 16, 224
AIM = 10.0
"""How many times as many steps a second."""
TASK = "lift"


def actions(seed: int, number: int) -> Vector:
    return np.random.default_rng(seed).uniform(-1, 1, (number, 7))


def race(here: Guest) -> Race:
    trial = next(trial for trial in ROBOSUITE.trials(1) if trial.task == TASK)
    return Race(here, ROBOSUITE.tasks, trial, Look(dict.fromkeys(CAMERAS, (EDGE, EDGE))), actions)


def main() -> None:
    here = guest({}, os.environ)
    ours, theirs = race(here).paces(OURS, THEIRS, CHUNK)
    row = (TASK, statistics.median(ours), statistics.median(theirs), ratio(ours, theirs))
    print(tabulate([row], headers=("task", "ours, ms a step", "robosuite's", "times as fast"), floatfmt=".1f"))
    print(f"\na look of two pictures of {EDGE}x{EDGE} every {CHUNK} steps; the aim is {AIM:g} times")
    print(ground(here))


if __name__ == "__main__":
    main()
