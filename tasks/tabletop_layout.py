"""The start of a trial, drawn from its seed: what stands where, in which rig, under which light. Metres and radians.

Each stream draws from a seed of its own: another light moves no object, other distractors move no target.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .base import Trial, Variation, derived_seed
from .tabletop import Scenario, TabletopTask
from .tabletop_places import TRIES, distractors_beside, start_of
from .tabletop_things import CASTS, Placement

Vector = NDArray[np.float64]

RIGS = ("a", "b")
"""Even trial indices are played in the first, odd ones in the second."""
STREAMS = ("objects", "distractors", "light", "texture", "camera")
CAMERAS = ("front", "wrist")
DECOY_EVERY = 3
"""Trials of a distractor task whose index this divides have a decoy."""


@dataclass(frozen=True, slots=True)
class Light:
    """Changes of the rig's main light."""

    swing: float
    """Radians about the vertical."""
    raised: float
    """Radians."""
    strength: float
    """Factor."""
    warmth: float
    """-1 bluish to 1 yellowish."""


@dataclass(frozen=True, slots=True)
class Surface:
    """Changes of the table's top."""

    variant: int
    """0, 1 or 2: one of the rig's tops."""
    tint: tuple[float, float, float]
    """Factors of red, green and blue."""
    shift: tuple[float, float]
    """Of the pattern, along the table."""
    turn: float
    """Of the pattern, radians."""


@dataclass(frozen=True, slots=True)
class Nudge:
    """A camera that is not mounted exactly as planned."""

    shift: tuple[float, float, float]
    """In the frame that the camera is mounted in."""
    turn: tuple[float, float, float]
    """A rotation vector in the camera's own frame, radians."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The sampled start of a trial."""

    rig: str
    targets: Mapping[str, Placement]
    goal: Placement
    distractors: Mapping[str, Placement]
    decoy: str
    """The distractor of the target's shape that lies nearer to the arm; empty where there is none."""
    light: Light
    surface: Surface
    cameras: Mapping[str, Nudge]

    @property
    def objects(self) -> Mapping[str, Placement]:
        """All that lies on the table but the goal."""
        return {**self.targets, **self.distractors}

    def values(self) -> dict[str, Vector]:
        """Every sampled value by name, in arrays that nobody else holds."""
        light, surface = self.light, self.surface
        return {
            "rig": np.array([float(RIGS.index(self.rig))]),
            "goal": _row(self.goal),
            "light": np.array([light.swing, light.raised, light.strength, light.warmth]),
            "texture": np.array([float(surface.variant), *surface.tint, *surface.shift, surface.turn]),
            **{f"object.{name}": _row(at) for name, at in self.objects.items()},
            **{f"camera.{name}": np.array([*nudge.shift, *nudge.turn]) for name, nudge in self.cameras.items()},
        }


def sample(task: TabletopTask, trial: Trial, tries: int = TRIES) -> Layout:
    """The layout of a trial: the same whenever and wherever it is asked for."""
    objects, others, light, texture, camera = (_stream(trial.seed, name, task.variation) for name in STREAMS)
    decoy = task.scenario is Scenario.DISTRACTOR and trial.index % DECOY_EVERY == 0
    targets, goal = start_of(task, trial.index, decoy, objects, tries)
    names = _cast(task, decoy, others)
    return Layout(
        rig=RIGS[trial.index % len(RIGS)],
        targets=targets,
        goal=goal,
        distractors=distractors_beside(names, decoy, targets, goal, others, tries),
        decoy=names[0] if decoy else "",
        light=_light(light, _width(task.variation, "light")),
        surface=_surface(texture, _width(task.variation, "texture")),
        cameras={name: _nudge(name, camera, _width(task.variation, "camera")) for name in CAMERAS},
    )


def _stream(seed: int, name: str, variation: Variation) -> Generator:
    """A variation that names a stream draws other values in it, and the same in all others."""
    changes = [str(value) for changed, value in variation.changes if changed == name]
    return np.random.default_rng(derived_seed(seed, name, *changes))


def _width(variation: Variation, name: str) -> float:
    """A change that is a number draws from ranges so many times as wide. Only how things look can be widened:
    where they stand is bounded by where they can be reached."""
    return math.prod(value for changed, value in variation.changes if changed == name and not isinstance(value, str))


def _row(at: Placement) -> Vector:
    return np.array([at.x, at.y, at.yaw])


def _cast(task: TabletopTask, decoy: bool, stream: Generator) -> list[str]:
    """Who joins, the decoy first. One at least is a target of another task."""
    if task.scenario is not Scenario.DISTRACTOR:
        return []
    cast = CASTS[task.kind]
    number = int(stream.integers(4, 7))
    first = [str(stream.choice(cast.decoys))] if decoy else []
    foreign = str(stream.choice(cast.foreign))
    rest = [name for name in cast.foreign + cast.others if name != foreign]
    chosen = stream.choice(rest, number - len(first) - 1, replace=False)
    return [*first, foreign, *(str(name) for name in chosen)]


def _light(stream: Generator, width: float) -> Light:
    swing, raised, strength, warmth = (float(value) for value in stream.uniform(-width, width, 4))
    return Light(0.35 * swing, 0.12 * raised, 1.0 + 0.12 * strength, warmth)


def _surface(stream: Generator, width: float) -> Surface:
    variant = int(stream.integers(3))
    red, green, blue, along, across, turn = (float(value) for value in stream.uniform(-width, width, 6))
    tint = (1 + 0.05 * red, 1 + 0.05 * green, 1 + 0.05 * blue)
    return Surface(variant, tint, (0.1 * along, 0.1 * across), 0.15 * turn)


def _nudge(camera: str, stream: Generator, width: float) -> Nudge:
    """A tripod is put up less exactly than a bracket is screwed on."""
    shift, turn = (0.008, 0.012) if camera == "front" else (0.0015, 0.008)
    x, y, z, roll, pitch, yaw = (float(value) for value in stream.uniform(-width, width, 6))
    return Nudge((shift * x, shift * y, shift * z), (turn * roll, turn * pitch, turn * yaw))
