"""What is told of a trial in robosuite itself, with things put where they are wanted."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pytest

from armtrial.envs.guests import Guest
from armtrial.envs.remote import RemoteEnv
from armtrial.envs.worker import EnvSource
from armtrial.tasks.base import End, Event, Trial
from armtrial.tasks.robosuite import ROBOSUITE
from armtrial.tasks.rubric import label, read

pytestmark = pytest.mark.robosuite
STAGED = "armtrial.tests.robosuite_staged:Staged"
CLOSE, OPEN = (0, 0, 0, 0, 0, 0, 1), (0, 0, 0, 0, 0, 0, -1)
FLY, SHUT = (1, 1, 1, 0, 0, 0, -1), (1, 1, 1, 0, 0, 0, 1)
NEAR = (0.055, 0, 0)
"""Of the hand, and not between its fingers."""


@dataclass(frozen=True)
class Told:
    others: tuple[str, ...]
    ticks: list[list[tuple[str, str]]]
    """Kind and thing of each event."""
    things: str

    @property
    def all(self) -> list[tuple[str, str]]:
        return [event for tick in self.ticks for event in tick]


def told(robosuite: Guest, task: str, actions: Sequence[Sequence[float]], **staged: object) -> Told:
    source = EnvSource(STAGED, ROBOSUITE.tasks, staged, robosuite.renderer.environ, robosuite.interpreter)
    with closing(RemoteEnv(source)) as env:
        start = env.reset(Trial("eval", "robosuite", 1, task, 0))
        steps = [env.step(np.array(action, dtype=float)) for action in actions]
        ticks = [[(event.kind, event.object) for event in step.events] for step in steps]
        return Told(start.distractors, ticks, env.observe({}).instruction)


def test_lifting_another_cube_is_a_mistake(robosuite: Guest) -> None:
    seen = told(robosuite, "stack", [CLOSE] * 6, thing="cubeB")
    assert seen.all == [(kind, "cubeB") for kind in ("touched", "jaw_closed", "lifted", "gripped")]
    reading = read((Event(0.0, *event) for event in seen.all), seen.others)
    assert label(reading, End.TIMEOUT) == "wrong_object"


def test_a_cube_that_lies_on_the_other_is_placed_once(robosuite: Guest) -> None:
    seen = told(robosuite, "stack", [OPEN] * 4, thing="cubeA", beside="cubeB", away=(0, 0, 0.046))
    assert seen.all == [("placed", "cubeA")]


def test_a_can_in_its_compartment_is_placed_and_what_was_cleared_away_is_not_told_of(robosuite: Guest) -> None:
    seen = told(robosuite, "pick-place-can", [OPEN] * 3, thing="Can", away=(0.265, 0.478, -0.12))
    assert seen.all == [("placed", "Can")]
    assert seen.others == ("Milk", "Bread", "Cereal")
    assert seen.things.startswith("Can at ")
    assert "," not in seen.things


def test_a_cube_that_is_let_go_high_up_is_not_placed(robosuite: Guest) -> None:
    assert told(robosuite, "lift", [OPEN] * 3, thing="cube", away=(0.1, 0, 0)).all == []


def test_jaws_that_close_in_flight_try_for_nothing(robosuite: Guest) -> None:
    assert told(robosuite, "lift", [OPEN, OPEN, CLOSE], thing="cube", away=NEAR).all == [("jaw_closed", "cube")]
    assert told(robosuite, "lift", [FLY] * 4 + [SHUT] * 2, thing="cube", away=NEAR).all == []


def test_a_door_is_touched_and_never_lifted_however_high_its_handle_comes(robosuite: Guest) -> None:
    seen = told(robosuite, "door", [CLOSE] * 8, thing="Door")
    assert (seen.all, seen.things) == ([("touched", "Door")], "Door at 0.00")
