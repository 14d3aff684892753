"""How a trial went: a pure reading of its events. Attempts, stages reached, and one label for a failure.

An attempt opens when the jaws close and ends when they open again, or with the trial. It is

- HELD if a target was lifted and not dropped: the jaws opened to release it, or never opened;
- SLIPPED if a target was lifted and lost before the jaws opened;
- WRONG_OBJECT if something else was lifted;
- MISSED if nothing was lifted.

A hard hit is told and explains nothing: the trial goes on after it. A failure is a `collision` where the hand knocked
over the goal, or knocked a target out of reach.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field

from .base import End, Event

LABELS = {
    "no_reach": "no target was touched",
    "missed_grasp": "the last time the jaws closed, they lifted nothing",
    "slip": "a target was lifted, and lost within a second while the jaws were closed",
    "drop": "a target was carried for more than a second, and lost while the jaws were closed",
    "misplaced": "a target was let go outside its goal and stayed there, or cannot be reached there any more",
    "wrong_object": "something that is no target was lifted",
    "collision": "the hand knocked over the goal, or knocked a target out of reach",
    "too_many_attempts": "more grasps in a row failed than the task allows, which ended the trial",
    "timeout": "the time was up, and none of the others explains it",
    "safety_stop": "the arm was stopped so that nothing gets hurt",
}
"""Why a trial failed, by its label: what holds first of what ended it, then of what the last attempt came to."""
SLIP_SECONDS = 1.0
"""What is lost sooner after its lift was never held well: a slip. Later it is a drop on the way."""


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
    lost: str = ""
    """Why the trial cannot succeed any more, as a label; empty while it can."""
    stopped: bool = False
    held_for: float = 0.0
    """Seconds between the last lift and the drop that followed it."""
    _open: Attempt | None = None
    _lifted_at: float = 0.0
    _placed: set[str] = field(default_factory=set[str])
    _released: set[str] = field(default_factory=set[str])
    _pushed: set[str] = field(default_factory=set[str])
    """Touched since the last attempt on them, with no attempt under way."""

    def see(self, event: Event) -> None:
        self.stopped |= event.kind == "safety_stop"
        if event.kind == "toppled":
            self.lost = self.lost or self._why_lost(event.object)
        elif event.kind == "jaw_closed":
            self._close_attempt()
            self._pushed.discard(event.object)
            self._open = Attempt(event.time, event.object, Grasp.MISSED)
        elif event.kind == "jaw_opened":
            self._close_attempt()
        elif event.kind == "lifted":
            self._lifted(event)
        elif event.kind == "dropped":
            self._dropped(event)
        elif event.object not in self.distractors:
            self._target(event)

    @property
    def misplaced(self) -> bool:
        """A target was let go outside its goal and lies there still."""
        return bool(self._released - self._placed)

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

    def _target(self, event: Event) -> None:
        """What happens to a target between reaching for it and letting it go; its fall may end after the release."""
        if event.kind == "touched":
            self.stages.add("reach")
            self._pushed |= set() if self._open else {event.object}
        elif event.kind == "gripped":
            self.stages |= {"reach", "grasp"}
        elif event.kind == "placed":
            self._placed.add(event.object)
        elif event.kind == "released":
            self._released.add(event.object)
        if self._placed:
            self.stages.add("place")
        if self._placed & self._released:
            self.stages.add("release")

    def _lifted(self, event: Event) -> None:
        target = event.object not in self.distractors
        self._lifted_at = event.time
        self._placed.discard(event.object)
        self._released.discard(event.object)
        if self._open is not None:
            self._open = Attempt(self._open.time, event.object, Grasp.HELD if target else Grasp.WRONG_OBJECT)
        if target:
            self.stages |= {"reach", "grasp", "lift"}

    def _dropped(self, event: Event) -> None:
        self.held_for = event.time - self._lifted_at
        if self._open is not None and self._open.outcome is Grasp.HELD:
            self._open = Attempt(self._open.time, event.object, Grasp.SLIPPED)

    def _why_lost(self, name: str) -> str:
        """What the last attempt on it came to, unless it was knocked over or away apart from any."""
        attempts = [attempt for attempt in (*self.attempts, self._open) if attempt and attempt.object == name]
        if not attempts or name in self._pushed | self._placed:
            return "collision"
        return "misplaced" if attempts[-1].outcome is Grasp.HELD else _label_of(attempts[-1], self)

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
    """The one label of a failed trial: what ended it first, then what the last attempt came to."""
    if reading.stopped:
        return "safety_stop"
    if end is End.TOO_MANY_FAILED_GRASPS:
        return "too_many_attempts"
    if reading.lost:
        return reading.lost
    attempts = reading.closed()
    if not attempts:
        return "timeout" if "reach" in reading.stages else "no_reach"
    return _label_of(attempts[-1], reading)


def _label_of(attempt: Attempt, reading: Reading) -> str:
    if attempt.outcome is Grasp.WRONG_OBJECT:
        return "wrong_object"
    if attempt.outcome is Grasp.MISSED:
        return "missed_grasp"
    if attempt.outcome is Grasp.SLIPPED:
        return "slip" if reading.held_for <= SLIP_SECONDS else "drop"
    return "misplaced" if reading.misplaced else "timeout"
