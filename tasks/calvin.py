"""CALVIN's evaluation: 1000 chains of five subtasks, the states they start in, and the words that ask for each.

A chain is one trial of five stages. The chains are data, drawn once by `calvin_rule.py`; start states follow from the
published rule to the last bit. Metres and radians.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from .base import Score, SuccessRule, Suite, Task, Trial, Variation
from .calvin_rule import COLOURS, LENGTH, SUBTASKS, Situation, drawn, situations

Vector = NDArray[np.float64]

RATE = 30.0
SUBTASK_TICKS = 360
"""A subtask that takes longer has failed, and with it the chain."""
SCENES = ("A", "B", "C", "D")
CHAINS = Path(__file__).with_name("calvin_chains.npy")
"""A row for each chain: the number of its situation, and of each subtask in the list of all."""


@dataclass(frozen=True, slots=True)
class Chain:
    situation: Situation
    subtasks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartState:
    """What upstream's `reset` takes."""

    robot: Vector
    """(15,): the hand's position and angles, the width of its opening, seven joints, the gripper's last action."""
    scene: Vector
    """(24,): slider, drawer, button, switch, bulb, LED, and position and angles of each block in turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalvinTask(Task):
    """A task of the world `calvin`: trial k is chain k."""

    scene: str = "D"
    """The start states are those of D, whose slider and order of blocks they know."""

    def __post_init__(self) -> None:
        Task.__post_init__(self)
        if self.scene not in SCENES:
            raise ValueError(f"task '{self.name}': its scene is {self.scene!r}; there are {', '.join(SCENES)}")

    @property
    def asks(self) -> tuple[str, ...]:
        return tuple(self.asking(subtask) for subtask in SUBTASKS)

    def asking(self, subtask: str) -> str:
        """The words for a subtask; a variation may have others for some."""
        changed = dict(self.variation.changes)
        return str(changed.get(subtask, INSTRUCTIONS[subtask]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSuite(Suite):
    """As many evaluation trials as there are chains, and no more."""

    def trials(self, per_task: int | None = None, domain: str = "eval") -> tuple[Trial, ...]:
        if domain == "eval" and per_task is not None and per_task > self.per_task:
            raise ValueError(f"{per_task} trials of suite '{self.name}': it is a list of {self.per_task} chains")
        return Suite.trials(self, per_task, domain)


def _instructions() -> Mapping[str, str]:
    """The benchmark's validation sentences, word for word."""
    words = {
        "move_slider_left": "push the sliding door to the left side",
        "move_slider_right": "push the sliding door to the right side",
        "open_drawer": "pull the handle to open the drawer",
        "close_drawer": "push the handle to close the drawer",
        "place_in_slider": "store the grasped block in the sliding cabinet",
        "place_in_drawer": "store the grasped block in the drawer",
        "push_into_drawer": "slide the block that it falls into the drawer",
        "stack_block": "stack the grasped block",
        "unstack_block": "remove the stacked block",
    }
    for colour, side in product(COLOURS, ("right", "left")):
        words[f"rotate_{colour}_block_{side}"] = f"take the {colour} block and rotate it to the {side}"
        words[f"push_{colour}_block_{side}"] = f"go push the {colour} block {side}"
    for colour in COLOURS:
        words[f"lift_{colour}_block_table"] = f"grasp and lift the {colour} block"
        words[f"lift_{colour}_block_slider"] = f"lift the {colour} block from the sliding cabinet"
        words[f"lift_{colour}_block_drawer"] = f"Take the {colour} block from the drawer"
    for state in ("on", "off"):
        words[f"turn_{state}_lightbulb"] = f"use the switch to turn {state} the light bulb"
        words[f"turn_{state}_led"] = f"press the button to turn {state} the led light"
    return MappingProxyType(words)


INSTRUCTIONS = _instructions()

SLIDER_PROMPT = Variation(
    name="slider-prompt", changes=(("place_in_slider", "place the grasped block in the sliding cabinet"),)
)
"""Other words for one subtask, whose usual verb occurs nowhere in the training data. RynnVLA-001's published figures
were made with words of its own there, which nobody has told: these are ours."""

CALVIN = ChainSuite(
    name="calvin",
    version=1,
    tasks=(
        CalvinTask(
            name="abc-d",
            env="calvin",
            instruction="Do five things one after the other; each is asked for when the one before it is done.",
            max_seconds=LENGTH * SUBTASK_TICKS / RATE,
            stage_seconds=SUBTASK_TICKS / RATE,
            stages=LENGTH,
            success_rule=SuccessRule.ONCE,
            score=Score.PROGRESS,
        ),
    ),
    per_task=1000,
)
"""The chains are played in D; `abc-d` says that policies are meant to be trained on A, B and C."""


@functools.cache
def chains() -> tuple[Chain, ...]:
    """All 1000, in the benchmark's order."""
    begins, names = situations(), list(SUBTASKS)
    rows: list[list[int]] = np.load(CHAINS, allow_pickle=False).tolist()
    return tuple(Chain(begins[first], tuple(names[number] for number in rest)) for first, *rest in rows)


def chain_of(trial: Trial) -> Chain:
    """Evaluation plays the benchmark's; any other seed draws one by the same rule."""
    if trial.domain == "eval":
        return chains()[trial.index]
    stream = np.random.RandomState(trial.seed % 2**32)
    begins = situations()
    situation = begins[stream.randint(len(begins))]
    return Chain(situation, drawn(situation, stream))


HAND = (0.02586889, -0.2313129, 0.5712808, 3.09045411, -0.02908596, 1.50013585)
OPENING = 0.07999963
JOINTS = (-1.21779124, 1.03987629, 2.11978254, -2.34205014, -0.87015899, 1.64119093, 0.55344928)
PLACES = {
    "slider_left": (-2.40851662e-01, 9.24044687e-02, 4.60990009e-01),
    "slider_right": (7.03416330e-02, 9.24044687e-02, 4.60990009e-01),
}
ON_TABLE = (
    (5.00000896e-02, -1.20000177e-01, 4.59990009e-01),
    (2.29995412e-01, -1.19995140e-01, 4.59990010e-01),
)
YAWS = (math.pi / 2 - math.pi / 8, math.pi / 2 + math.pi / 8)
SLIDER_LEFT, DRAWER_OPEN, SWITCH_ON = 0.28, 0.22, 0.088


def start_state(situation: Situation) -> StartState:
    """To the last bit upstream's: which block lies where on the table, and how it is turned, hang on a hash of the
    situation's text."""
    stream = np.random.RandomState(fnv(str(dict(situation).values())))
    table = [np.array(place) for place in ON_TABLE]
    stream.shuffle(table)
    blocks = [situation[f"{colour}_block"] for colour in COLOURS]
    scene = np.zeros(24)
    scene[0] = SLIDER_LEFT if situation["slider"] == "left" else 0.0
    scene[1] = DRAWER_OPEN if situation["drawer"] == "open" else 0.0
    scene[3] = SWITCH_ON if situation["lightbulb"] == 1 else 0.0
    scene[4], scene[5] = int(situation["lightbulb"]), int(situation["led"])
    here = [table[0], table[1] if blocks[0] == "table" else table[0], table[1]]
    for index, (place, lying) in enumerate(zip(blocks, here)):
        at = 6 + 6 * index
        scene[at : at + 3] = PLACES.get(str(place), lying)
        scene[at + 5] = stream.uniform(*YAWS)
    return StartState(np.array([*HAND, OPENING, *JOINTS, 1.0]), scene)


def fnv(text: str) -> int:
    """FNV-1 of 32 bits over UTF-16, begun at 0: what upstream's hash makes of a text, which is not the usual FNV-1."""
    value = 0
    for byte in text.encode("utf-16-le"):
        value = (value * 0x01000193 & 0xFFFFFFFF) ^ byte
    return value
