"""robosuite's tasks: which of its environments is played, what it is asked for in words, and what is to be grasped."""

from __future__ import annotations

from dataclasses import dataclass

from .base import SuccessRule, Suite, Task

RATE = 20.0
"""Actions per second; robosuite's controllers turn each into 25 steps of physics."""
HORIZON = 500
"""Actions until the time is up."""
RESERVED = frozenset(
    [
        "control_freq",
        "has_offscreen_renderer",
        "has_renderer",
        "hard_reset",
        "ignore_done",
        "renderer",
        "robots",
        "seed",
        "use_camera_obs",
    ]
)
"""What the world itself builds an environment with, for all tasks alike."""
HOLD_SECONDS = 0.5
"""What robosuite's own check finds done must stay done for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RobosuiteTask(Task):
    """A task of the world `robosuite`."""

    upstream: str
    """The environment: one of robosuite's by its name, or your own as /path/to/file.py:Class."""
    target: str = ""
    """The object that is to be grasped, by robosuite's name for it; lifting any other is a mistake. Empty: none is."""
    options: tuple[tuple[str, object], ...] = ()
    """What the environment is built with besides: its own keyword arguments."""
    env: str = "robosuite"
    max_seconds: float = HORIZON / RATE
    success_rule: SuccessRule = SuccessRule.HELD
    hold_seconds: float = HOLD_SECONDS

    def __post_init__(self) -> None:
        Task.__post_init__(self)
        taken = sorted(RESERVED & {name for name, _ in self.options})
        if taken:
            raise ValueError(
                f"task '{self.name}': options sets {', '.join(taken)}, which the world 'robosuite' sets for all its "
                f"tasks alike; leave it out, and so {', '.join(sorted(RESERVED - set(taken)))}"
            )


ROBOSUITE = Suite(
    name="robosuite",
    version=1,
    tasks=(
        RobosuiteTask(name="lift", upstream="Lift", target="cube", instruction="Lift the red cube.", last_stage="lift"),
        RobosuiteTask(
            name="stack",
            upstream="Stack",
            target="cubeA",
            instruction="Stack the red cube on the green cube.",
        ),
        RobosuiteTask(
            name="pick-place-can",
            upstream="PickPlaceCan",
            target="Can",
            instruction="Pick up the can and put it into its compartment of the other bin.",
        ),
        RobosuiteTask(
            name="nut-assembly-square",
            upstream="NutAssemblySquare",
            target="SquareNut",
            instruction="Put the square nut on the square peg.",
        ),
        RobosuiteTask(name="door", upstream="Door", instruction="Open the door by its handle.", last_stage="reach"),
    ),
    per_task=20,
)
