"""Named changes of a world, by name. Adding one is adding a line."""

from __future__ import annotations

from dataclasses import replace

from .base import Task, Variation
from .tabletop import TabletopTask

RANDOMIZED = Variation(name="randomized", changes=(("light", 3.0), ("texture", 3.0), ("camera", 2.5)))
"""Looks for training, from wider ranges than any evaluation's. Nothing stands elsewhere."""
VARIATIONS = {variation.name: variation for variation in (RANDOMIZED,)}


def varied(task: Task, variation: Variation) -> Task:
    """The same task in a changed world. A world that knows no changes would silently play the old one."""
    if not isinstance(task, TabletopTask):
        raise ValueError(
            f"task '{task.name}' of the world '{task.env}' cannot be {variation.name}: only tasks of the world "
            "'so100' know variations"
        )
    return replace(task, variation=variation)
