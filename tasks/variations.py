"""Named changes of a world, by name. Adding one is adding a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .base import Task, Variation
from .calvin import SLIDER_PROMPT, CalvinTask
from .tabletop import TabletopTask

RANDOMIZED = Variation(name="randomized", changes=(("light", 3.0), ("texture", 3.0), ("camera", 2.5)))
"""Looks for training, from wider ranges than any evaluation's. Nothing stands elsewhere."""
SHUFFLED = Variation(name="shuffled", changes=(("instruction", "another"),))
"""Every task is played with the words of another one: who scores as well as before does not read them."""
VARIATIONS = {variation.name: variation for variation in (RANDOMIZED, SHUFFLED, SLIDER_PROMPT)}


def varied(task: Task, variation: Variation, among: Sequence[Task] = ()) -> Task:
    """The same task in a changed world, or in other words: those of the task behind it in `among`.

    A world that knows no changes would silently play the old one."""
    if variation == SHUFFLED:
        return replace(task, instruction=_another(task, among), told_by_stage=(), variation=variation)
    if variation == SLIDER_PROMPT and isinstance(task, CalvinTask):
        return replace(task, variation=variation)
    if variation == SLIDER_PROMPT:
        raise ValueError(f"task '{task.name}' cannot be {variation.name}: only tasks of the world 'calvin' ask for it")
    if not isinstance(task, TabletopTask):
        raise ValueError(
            f"task '{task.name}' of the world '{task.env}' cannot be {variation.name}: only tasks of the world "
            "'so100' know variations"
        )
    return replace(task, variation=variation)


def _another(task: Task, among: Sequence[Task]) -> str:
    """What the next task is told that is told something else, round and round."""
    names = [other.name for other in among]
    place = names.index(task.name) if task.name in names else 0
    others = [*among[place + 1 :], *among[:place]]
    found = next((other.instruction for other in others if other.instruction != task.instruction), None)
    if found is None:
        raise ValueError(f"task '{task.name}' cannot be shuffled: its suite has no other instruction to give it")
    return found
