"""What a world gives, compared with what it owes, before anything is built on it.

A world is a third party's code. What it gives wrongly becomes an ERROR of its trial here, and not a record that
cannot be read or a policy that sees nothing. Guest interpreters import this file: it stays valid on Python 3.10.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..tasks.base import Event, Outcome
from .base import BrokenContract, Observation, Size, Start, Step, Vector, Verdict

JUDGED = (Outcome.SUCCESS, Outcome.FAILURE, Outcome.VOID)
"""What a world may say of a trial; an error is raised instead."""


def start(given: Any) -> Start:
    return _owed(given, Start, "reset")


def step(given: Any) -> Step:
    made = _owed(given, Step, "step")
    for event in made.events:
        _event(event)
    return made


def observation(given: Any, cameras: Mapping[str, Size], names: Sequence[str]) -> Observation:
    """A missing or turned picture costs everything, and costs it silently."""
    seen = _owed(given, Observation, "observe")
    asked = {name: (height, width, 3) for name, (width, height) in cameras.items()}
    shapes = {name: picture.shape for name, picture in seen.images.items()}
    if shapes != asked:
        raise BrokenContract(f"observe gave pictures of {shapes}; asked for were {asked}")
    odd = [f"{name} in {picture.dtype}" for name, picture in seen.images.items() if picture.dtype != np.uint8]
    if odd:
        raise BrokenContract(f"a picture's numbers are uint8; these are not: {', '.join(odd)}")
    return replace(seen, state=state(seen.state, names))


def state(given: ArrayLike, names: Sequence[str]) -> Vector:
    """A copy: a world may use its array again."""
    values = np.array(given, dtype=np.float64)
    if values.shape != (len(names),):
        raise BrokenContract(f"a state has the shape {values.shape}; it has one entry for each of {', '.join(names)}")
    if not all(map(math.isfinite, values.tolist())):
        raise BrokenContract(f"a state is {values.tolist()}; every entry is finite")
    return values


def progress(of: Step) -> float:
    """A world that tells none has nothing between failure and success."""
    value = float(of.success if of.progress is None else of.progress)
    if not 0.0 <= value <= 1.0:
        raise BrokenContract(f"the progress is {value:g}; it lies between 0 and 1")
    return value


def verdict(given: Any) -> Verdict:
    said = _owed(given, Verdict, "verdict")
    texts = (said.label, said.end_hash, said.note, said.by)
    if said.outcome not in JUDGED or not all(type(text) is str for text in texts):
        raise BrokenContract(f"verdict gave {said!r}; an outcome is success, failure or void, and the rest are texts")
    return said


def _event(event: Any) -> None:
    made = _owed(event, Event, "an entry of Step.events")
    if not (type(made.kind) is str and type(made.object) is str and math.isfinite(made.time)):
        raise BrokenContract(f"{made!r} is no event: it has a finite time, a kind and the name of an object")


def _owed(given: Any, kind: type[Any], by: str) -> Any:
    if not isinstance(given, kind):
        raise BrokenContract(f"{by} gave a {type(given).__name__}; it owes a {kind.__name__}")
    return given
