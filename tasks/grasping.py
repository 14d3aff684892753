"""What a gripper did, from facts that a world measures every tick: closing, lifting, dropping, releasing.

Pure, with no simulator behind it. A world tells what it sees in a `Tick`; the `Watch` answers with events.
Guest interpreters import this file: it stays valid on Python 3.10.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from .base import Event

Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When a movement of the jaws is an attempt and a raised thing is held."""

    closing: float = 0.12
    """Radians that the jaw's target must fall from its highest of late, or rise from its lowest, to be a move."""
    late_ticks: int = 30
    """How far back `of late` goes."""
    height: float = 0.045
    """Metres above the table below which closing is an attempt."""
    speed: float = 0.05
    """Metres a second of the tips; faster, the jaws are only shaped in flight."""
    distance: float = 0.06
    """Metres, horizontally, between the tips and the thing that is tried for."""
    lift: float = 0.02
    """Metres above where it was before a finger came."""
    lift_ticks: int = 9
    """Ticks in a row, touched by a finger."""
    drop_ticks: int = 6
    """Ticks in a row without a finger's touch: a held thing is lost, and any thing rests where it is by then."""
    forget_ticks: int = 30
    """Ticks without a touch after which the next one is reported again."""


@dataclass(frozen=True, slots=True)
class Thing:
    """An object as it is in one tick."""

    position: Point
    touched: bool
    """By a finger or a pad."""
    gripped: bool
    """By both jaws."""


@dataclass(frozen=True, slots=True)
class Tick:
    time: float
    jaw_target: float
    """Radians; more is wider."""
    tips: Point
    tip_speed: float
    """Metres a second."""
    things: Mapping[str, Thing]


@dataclass(slots=True)
class _Trace:
    """What is remembered of one object."""

    rest: float
    """Height of its centre when the fingers last left it alone, in metres: on the table, or in a holder."""
    untouched: int = 10**6
    raised: int = 0
    gripped: bool = False


@dataclass(slots=True)
class Watch:
    """Sees every tick of one trial."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    _late: deque[float] = field(default_factory=deque[float])
    _lowest: float = math.inf
    _closed: bool = False
    _held: str = ""
    _traces: dict[str, _Trace] = field(default_factory=dict[str, _Trace])

    def see(self, tick: Tick) -> tuple[Event, ...]:
        touched = [event for name, thing in tick.things.items() for event in self._touched(name, thing, tick.time)]
        return (*touched, *self._jaws(tick), *self._lifts(tick), *self._drop(tick))

    def _touched(self, name: str, thing: Thing, time: float) -> list[Event]:
        trace = self._traces.setdefault(name, _Trace(thing.position[2]))
        events: list[Event] = []
        if thing.touched and trace.untouched >= self.thresholds.forget_ticks:
            events.append(Event(time, "touched", name))
        if thing.gripped and not trace.gripped and self._closed:
            events.append(Event(time, "gripped", name))
            trace.gripped = True
        trace.untouched = 0 if thing.touched else trace.untouched + 1
        if trace.untouched >= self.thresholds.drop_ticks:
            trace.rest = thing.position[2]
        return events

    def _jaws(self, tick: Tick) -> list[Event]:
        self._late.append(tick.jaw_target)
        if len(self._late) > self.thresholds.late_ticks:
            self._late.popleft()
        self._lowest = min(self._lowest, tick.jaw_target)
        if not self._closed and tick.jaw_target <= max(self._late) - self.thresholds.closing:
            return self._closing(tick)
        if self._closed and tick.jaw_target >= self._lowest + self.thresholds.closing:
            return self._opening(tick)
        return []

    def _closing(self, tick: Tick) -> list[Event]:
        """Not an attempt in flight, high above the table, or with nothing near."""
        near = self._nearest(tick)
        slow = tick.tip_speed < self.thresholds.speed and tick.tips[2] < self.thresholds.height
        if not (slow and near):
            return []
        return [self._close(tick, near)]

    def _close(self, tick: Tick, name: str) -> Event:
        self._closed, self._lowest = True, tick.jaw_target
        return Event(tick.time, "jaw_closed", name)

    def _opening(self, tick: Tick) -> list[Event]:
        held, self._held = self._held, ""
        self._closed = False
        self._late.clear()
        for trace in self._traces.values():
            trace.gripped, trace.raised = False, 0
        released = [Event(tick.time, "released", held)] if held else []
        return [Event(tick.time, "jaw_opened", held), *released]

    def _nearest(self, tick: Tick) -> str:
        def apart(name: str) -> float:
            return math.dist(tick.things[name].position[:2], tick.tips[:2])

        near = [name for name in tick.things if apart(name) <= self.thresholds.distance]
        return min(near, key=apart, default="")

    def _lifts(self, tick: Tick) -> list[Event]:
        """What is lifted was closed upon, even if so slowly that it went unnoticed."""
        if self._held:
            return []
        for name, thing in tick.things.items():
            trace = self._traces[name]
            held = thing.touched if self._closed else thing.gripped  # else it may only lean on an open finger
            up = held and thing.position[2] - trace.rest >= self.thresholds.lift
            trace.raised = trace.raised + 1 if up else 0
            if trace.raised >= self.thresholds.lift_ticks:
                self._held = name
                closing = [] if self._closed else [self._close(tick, name)]
                return [*closing, Event(tick.time, "lifted", name)]
        return []

    def _drop(self, tick: Tick) -> list[Event]:
        if not self._held or self._traces[self._held].untouched < self.thresholds.drop_ticks:
            return []
        lost, self._held = self._held, ""
        return [Event(tick.time, "dropped", lost)]
