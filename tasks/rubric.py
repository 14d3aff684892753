"""How a trial went: a pure reading of its events. Attempts, stages reached, and one label for a failure.

An attempt opens when the jaws close and ends when they open again, or with the trial. It is

- HELD if a target was lifted and not dropped: the jaws opened to release it, or never opened;
- SLIPPED if a target was lifted and dropped before the jaws opened;
- WRONG_OBJECT if something else was lifted;
- MISSED if nothing was lifted.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field

from .base import End, Event

STAGES = ("reach", "grasp", "lift", "place", "release")


class Grasp(enum.Enum):
    HELD = "held"
    MISSED = "missed"
    SLIPPED = "slipped"
    WRONG_OBJECT = "wrong_object"


@dataclass(frozen=True, slots=True)
class Attempt:
    time: float
    """When the jaws closed."""
    object: str
    """What was lifted, else what was touched; empty where nothing was."""
    outcome: Grasp


@dataclass(slots=True)
class Reading:
    """The events read so far. Fed one by one while the trial runs, so that its rules can end it."""

    distractors: frozenset[str] = frozenset()
    """Things that are no targets; lifting one is a WRONG_OBJECT."""
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    """Those that have ended."""
    stages: set[str] = field(default_factory=set[str])
    collided: bool = False
    stopped: bool = False
    misplaced: bool = False
    """The last release left a target outside its goal."""
    _open: Attempt | None = None
    _placed: bool = False

    def see(self, event: Event) -> None:
        target = event.object not in self.distractors
        if event.kind == "jaw_closed":
            self._close_attempt()
            self._open, self._placed = Attempt(event.time, event.object, Grasp.MISSED), False
            if event.object and target:
                self.stages.add("grasp")
        elif event.kind == "touched" and target:
            self.stages.add("reach")
        elif event.kind == "lifted":
            self._lifted(event, target)
        elif event.kind == "dropped":
            self._dropped(event)
        elif event.kind == "placed":
            self.stages.add("place")
            self._placed = True
        elif event.kind == "released" and target:
            self.misplaced = not self._placed
            self.stages |= {"release"} if self._placed else set()
        elif event.kind == "jaw_opened":
            self._close_attempt()
        self.collided |= event.kind == "collided"
        self.stopped |= event.kind == "safety_stop"

    @property
    def failed_in_a_row(self) -> int:
        """Failed attempts since the last one that held."""
        number = 0
        for attempt in reversed(self.attempts):
            if attempt.outcome is Grasp.HELD:
                break
            number += 1
        return number

    def closed(self) -> tuple[Attempt, ...]:
        """All attempts of a trial that is over."""
        self._close_attempt()
        return tuple(self.attempts)

    def _lifted(self, event: Event, target: bool) -> None:
        if self._open is not None:
            outcome = Grasp.HELD if target else Grasp.WRONG_OBJECT
            self._open = Attempt(self._open.time, event.object, outcome)
        if target:
            self.stages |= {"reach", "grasp", "lift"}

    def _dropped(self, event: Event) -> None:
        if self._open is not None and self._open.outcome is Grasp.HELD:
            self._open = Attempt(self._open.time, event.object, Grasp.SLIPPED)

    def _close_attempt(self) -> None:
        if self._open is not None:
            self.attempts.append(self._open)
        self._open = None


def read(events: Iterable[Event], distractors: Iterable[str] = ()) -> Reading:
    reading = Reading(frozenset(distractors))
    for event in events:
        reading.see(event)
    return reading


def label(reading: Reading, end: End) -> str:
    """The one label of a failed trial: what went wrong last and worst, from the outside in."""
    if reading.stopped:
        return "safety_stop"
    if end is End.TOO_MANY_FAILED_GRASPS:
        return "too_many_attempts"
    if reading.collided and end is End.WORLD:
        return "collision"
    if reading.misplaced:
        return "misplaced"
    return _label_of_last_attempt(reading)


def _label_of_last_attempt(reading: Reading) -> str:
    attempts = reading.closed()
    if not attempts:
        return "timeout" if "reach" in reading.stages else "no_reach"
    by_outcome = {
        Grasp.MISSED: "missed_grasp",
        Grasp.SLIPPED: "slip",
        Grasp.WRONG_OBJECT: "wrong_object",
        Grasp.HELD: "timeout",
    }
    return by_outcome[attempts[-1].outcome]
