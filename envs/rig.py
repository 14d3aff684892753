"""What a world with a rig and a person beside it keeps of a trial, and how it is told what comes next.

Guest interpreters import this file: it stays valid on Python 3.10.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..tasks.base import Event, Outcome
from .base import Vector


@dataclass(frozen=True)
class Judgement:
    """A verdict that was given; of several the last one counts, and none is lost."""

    time: str
    """UTC, ISO 8601."""
    outcome: Outcome
    label: str
    by: str
    note: str = ""


@dataclass(frozen=True)
class TrialLog:
    """Of one trial on a rig, beside what every world tells."""

    operator: str = ""
    rig: str = ""
    port: str = ""
    calibration: str = ""
    """sha256 of the file."""
    firmware: str = ""
    wanted: str = ""
    """Picture of the start that was wanted; this and other files are named from the run's folder."""
    photo: str = ""
    """Picture of the start that was."""
    difference: float | None = None
    """Mean difference of the two, 0 to 1; None where one is missing."""
    accepted_by: str = ""
    films: tuple[str, ...] = ()
    detected: bool | None = None
    """Whether a detector saw success: the twin's rubric in a rehearsal; None: there is none."""
    interventions: tuple[Event, ...] = ()
    """A person reached in."""
    stops: tuple[Event, ...] = ()
    """Why the arm was stopped."""
    verdicts: tuple[Judgement, ...] = ()
    amended: bool = False
    """Nothing was played again: a person changed the verdict on the take before."""
    void_reason: str = ""
    cuts: Mapping[str, int] = field(default_factory=dict)  # type: ignore[type-arg]
    """Ticks in which a goal was cut, by the limit that took it; `late`: the action came after its tick."""
    jitter_ms: tuple[float, float, float] | None = None
    """By how much ticks came too late: median, 99th percentile and most; None where time goes in lockstep."""
    picture_age_ms: tuple[float, float] | None = None
    """Of what the policy was shown: median and most; None where it was shown none."""
    hottest: float | None = None
    """Degrees Celsius of any servo."""
    voltage: float | None = None
    """Volts, the lowest of any servo."""


@dataclass(frozen=True)
class Amendment:
    """A verdict that was taken back, and the one in its place."""

    trial: str
    """Its id."""
    judgement: Judgement
    void_reason: str = ""


@dataclass(frozen=True)
class Desk:
    """What a run lends to a world with a person beside it."""

    folder: Path
    """Of the run: evidence is kept there."""
    trials: int
    """Of the whole list."""
    done: Callable[[], int]
    named: Callable[[str], str]
    """How what is kept of a trial's next take is called, by its id: no take's evidence is written over."""
    amend: Callable[[Amendment], None]
    """Keeps another verdict of a trial that has been played."""


@runtime_checkable
class HasDesk(Protocol):
    def sit_down(self, desk: Desk) -> None: ...


@runtime_checkable
class RunsOn(Protocol):
    """A world whose clock does not wait: it is told a whole plan, and what would follow it, before it is stepped."""

    def ahead(self, actions: Vector) -> None: ...


@runtime_checkable
class KeepsLog(Protocol):
    """Asked once, when a trial has ended or was broken off."""

    def trial_log(self) -> tuple[TrialLog, Mapping[str, NDArray[np.generic]]]:
        """And what was measured tick by tick, by name."""
        ...
