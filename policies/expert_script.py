"""What the expert does from the first look to the last: a generator that is shown the world and says what to do."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..envs.base import Vector
from ..envs.so100.kinematics import Hand, axes_of, hand_of
from ..envs.so100.poses import READY
from ..tasks.tabletop import Kind
from .expert_grasp import Grip, grips
from .expert_motion import Mover, over, route
from .expert_place import CARRY, Held, Way, spot_for, way
from .expert_sight import Sight

Script = Generator[Vector, Sight, None]
"""Yields paths of commands, (T, 6) radians, and is sent what is seen after each."""
Step = Generator[Vector, Sight, bool]
"""A part of a script that says whether it came to its end."""

LOOK_EVERY = 15
"""Ticks. The most that is given at a time, so that a drop is noticed on the way."""
LOST = 0.03
"""Metres by which what is held may shift in the hand."""
THERE = 0.01
"""Metres within which the hand is where it should be."""
MISS = (0.030, 0.045)
"""Metres by which a grasp goes wrong on purpose."""
ASTRAY = (0.015, 0.060)
"""Metres by which an approach does, before it is put right."""


@dataclass(frozen=True, slots=True)
class Style:
    """What differs from trial to trial."""

    approach: float
    """Metres above a thing before the hand goes down to it."""
    along: float
    """Metres from a pen's middle to where it is gripped, towards its upper end to be."""
    pause: float
    """Seconds before the jaws move."""
    blend: float
    """How much of a corner is cut."""
    jitter: Vector
    """(2,) metres from the goal's middle."""

    @classmethod
    def drawn(cls, stream: np.random.Generator) -> Style:
        angle = stream.uniform(-math.pi, math.pi)
        return cls(
            approach=float(stream.uniform(0.045, 0.075)),
            along=float(stream.uniform(0.0, 0.015)),
            pause=float(stream.uniform(0.1, 0.3)),
            blend=float(stream.uniform(0.2, 0.45)),
            jitter=float(stream.uniform(0.0, 0.005)) * np.array([math.cos(angle), math.sin(angle)]),
        )


class Actor:
    """Plays one trial."""

    def __init__(self, mover: Mover, stream: np.random.Generator, mistakes: float, astray: float = 0.0) -> None:
        self._mover, self._stream, self._share, self._astray = mover, stream, mistakes, astray
        self._failed: Counter[str] = Counter()
        self._brought: set[str] = set()
        self._style = Style.drawn(stream)

    def script(self, sight: Sight) -> Script:
        """Ends never."""
        self._sight, self._at = sight, sight.joints
        while True:
            yield from self._settle()
            name = self._next()
            if name is None or not (yield from self._try(name)):
                yield from self._wait()

    def _settle(self) -> Step:
        """What was brought may still roll or tip."""
        for _ in range(3):
            if not self._sight.unplaced or not self._brought.issuperset(self._sight.unplaced):
                break
            yield from self._follow(self._mover.rest(self._at, 0.5))
        return True

    def _next(self) -> str | None:
        """Any target within reach, one that has not failed before others that have."""
        able = [name for name in self._sight.unplaced if self._grip(name) is not None]
        if not able:
            return None
        fewest = min(self._failed[name] for name in able)
        return str(self._stream.choice([name for name in able if self._failed[name] == fewest]))

    def _wait(self) -> Step:
        """At the ready pose, for something to change. The jaws move there, since lower down they might catch hold."""
        if np.abs(np.subtract(self._at, READY)).max() < 1e-3:
            return (yield from self._follow(self._mover.rest(self._at, 0.5)))
        ready = hand_of(READY)
        yield from self._go(route(hand_of(self._at), ready, CARRY, self._mover.reach))
        return (yield from self._follow(self._mover.set_jaw(self._at, READY[5])))

    def _try(self, name: str) -> Step:
        """One attempt at one target; false where there is no way to make it."""
        self._style = Style.drawn(self._stream)
        mistake = self._mistake()
        grip = yield from self._approach(name)
        if grip is None:
            self._failed[name] += 1
            return False
        yield from self._take(self._beside(grip) if mistake == "miss" else grip)
        if mistake == "slip" or not (yield from self._bring(name, grip)):
            yield from self._give_up(grip, 0.05 if mistake == "slip" else 0.03)
        self._failed[name] += name not in self._sight.placed
        return True

    def _approach(self, name: str) -> Generator[Vector, Sight, Grip | None]:
        """Until the open jaws are over the target: it may have moved while the hand was on its way."""
        grip = None
        if self._astray and self._stream.uniform() < self._astray:
            yield from self._stray(name)
        for _ in range(3):
            grip = self._grip(name, like=grip)
            above = None if grip is None else over(grip.hand, self._style.approach, self._mover.reach)
            if grip is None or above is None:
                return None
            here = hand_of(self._at, above.tool)
            if math.dist(here.point, above.point) < THERE:
                break
            yield from self._go(route(here, above, CARRY, self._mover.reach), grip.open)
        return grip

    def _stray(self, name: str) -> Step:
        """Towards a place beside the target, so that what is seen from there goes with the way back."""
        grip = self._grip(name)
        angle, off = self._stream.uniform(-math.pi, math.pi), self._stream.uniform(*ASTRAY)
        aside = float(off) * np.array([math.cos(angle), math.sin(angle), 0.0])
        beside = None if grip is None else self._mover.reach.steepest(grip.hand.moved(aside))
        above = None if beside is None else over(beside, self._style.approach, self._mover.reach)
        if grip is None or above is None:
            return False
        way = route(hand_of(self._at, above.tool), above, CARRY, self._mover.reach)
        return (yield from self._go(way, grip.open))

    def _mistake(self) -> str:
        """Never so many that the time would not suffice for the rest."""
        drawn, kind = self._stream.uniform() < self._share, str(self._stream.choice(["miss", "slip"]))
        return kind if drawn and self._failed.total() < 2 else ""

    def _take(self, grip: Grip) -> Step:
        """Down, and shut the jaws."""
        yield from self._go([grip.hand], grip.open, slowness=1.6)
        yield from self._pause()
        yield from self._follow(self._mover.set_jaw(self._at, grip.shut))
        return (yield from self._pause())

    def _bring(self, name: str, grip: Grip) -> Step:
        """To the goal and back up; false where the target is lost on the way, or there is no way."""
        found = self._way(name, grip)
        if found is None or not (yield from self._go(found.carry, holding=(name, grip))):
            return False
        found = self._way(name, grip) or found
        if not (yield from self._go([found.release], slowness=1.2, holding=(name, grip))):
            return False
        yield from self._pause()
        yield from self._follow(self._mover.set_jaw(self._at, grip.open))
        self._brought.add(name)
        return (yield from self._go(found.leave))

    def _give_up(self, grip: Grip, rise: float) -> Step:
        """Up a little, open the jaws, and up again."""
        for higher, jaw in ((rise, self._at[5]), (0.03, grip.open)):
            here = hand_of(self._at, grip.tool)
            to = over(replace(here, pitch=min(here.pitch, grip.hand.pitch)), higher, self._mover.reach)
            if to is not None:
                yield from self._go([to], jaw)
            yield from self._pause()
        return True

    def _grip(self, name: str, like: Grip | None = None) -> Grip | None:
        """The best, or the next best after each failure, or the one that is most like another."""
        found = grips(self._sight, name, self._mover.reach, self._style.along)
        if like is not None:
            return min(found, key=lambda grip: abs(grip.hand.roll - like.hand.roll), default=None)
        return found[self._failed[name] // 2 % len(found)] if found else None

    def _beside(self, grip: Grip) -> Grip:
        """Missed on purpose: along what would be held, or for a pen across it."""
        ways = axes_of(grip.hand)
        way_off = ways.closing if self._sight.kind is Kind.PEN else ways.along
        by = float(self._stream.uniform(*MISS)) * (way_off - way_off[2] * np.array([0.0, 0.0, 1.0]))
        tried = [self._mover.reach.steepest(grip.hand.moved(side * by)) for side in (1.0, -1.0)]
        return next((replace(grip, hand=hand) for hand in tried if hand is not None), grip)

    def _way(self, name: str, grip: Grip) -> Way | None:
        """From the hand as commanded: what the arm sags is found again at the goal."""
        hand = hand_of(self._at, grip.tool)
        pose = self._sight.targets[name]
        if not self._holds(name, grip):
            return None
        spot = spot_for(self._sight, name, self._style.jitter)
        return way(self._sight, Held.seen(hand, pose), hand, spot, self._mover.reach)

    def _holds(self, name: str, grip: Grip) -> bool:
        """What should be held is where the jaws are."""
        tool = hand_of(self._sight.joints, grip.tool).point
        return math.dist(tool, self._sight.targets[name].position) < grip.middle + LOST

    def _go(
        self,
        hands: Sequence[Hand],
        jaw: float | None = None,
        slowness: float = 1.0,
        holding: tuple[str, Grip] | None = None,
    ) -> Step:
        path = self._mover.travel(self._at, hands, jaw, self._style.blend, slowness)
        return False if path is None else (yield from self._follow(path, holding))

    def _pause(self) -> Step:
        return (yield from self._follow(self._mover.rest(self._at, self._style.pause)))

    def _follow(self, path: Vector, holding: tuple[str, Grip] | None = None) -> Step:
        """Gives a path piece by piece; false once what is held is lost."""
        for begin in range(0, len(path), LOOK_EVERY):
            piece = path[begin : begin + LOOK_EVERY]
            before = tuple(path[max(0, begin + len(piece) - 2)].tolist())
            self._at = tuple(piece[-1].tolist())
            self._sight = yield piece
            if holding is not None and not self._holds(*holding):
                brake = self._mover.brake(before, self._at)
                self._at = tuple(brake[-1].tolist())
                self._sight = yield brake
                return False
        return True
