"""How a trial begins: what lies where, in words and as the twin draws it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..envs.base import Image, Size
from ..envs.so100.env import So100Env
from ..tasks.base import Task, Trial
from ..tasks.tabletop import TabletopTask
from ..tasks.tabletop_layout import Layout, sample


class Starts:
    """Draws starts as the twin would have them; the twin is made for the first of them."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = tasks
        self._env: So100Env | None = None

    def picture(self, trial: Trial, size: Size) -> Image:
        if self._env is None:
            self._env = So100Env(self._tasks)
        self._env.reset(trial)
        return self._env.observe({"front": size}).images["front"]

    def close(self) -> None:
        if self._env is not None:
            self._env.close()


def layout_of(task: Task, trial: Trial) -> Layout:
    if not isinstance(task, TabletopTask):
        raise TypeError(f"task '{task.name}' is no TabletopTask; the arm plays only those")
    return sample(task, trial)


def in_words(layout: Layout) -> tuple[str, ...]:
    """Where things belong, as a person with a ruler wants it: from the middle of the arm's base."""
    things = {**layout.targets, "goal": layout.goal, **layout.distractors}
    return tuple(
        f"{name}: {100 * -at.y:.1f} cm ahead of the base's origin, {100 * abs(at.x):.1f} cm "
        f"to its {'left' if at.x > 0 else 'right'}, turned {math.degrees(at.yaw):.0f} deg"
        for name, at in things.items()
    )
