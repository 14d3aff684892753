"""An arm's loop, begun anew where its line was lost, and the slow ways from one pose to another."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from ..envs.base import Vector
from ..envs.so100.units import GRIPPER, JOINTS, Calibration
from .console import Console, Keyboard, interrupt
from .limits import Limits
from .loop import Body, Loop, Stop
from .moves import gentle, raised
from .reading import ArmError, LineLost
from .stop_news import on_its_way

HOST_STALLS = 5
"""Between two trials, on the way from one pose to another."""
ARRIVED = 6.0
"""Units within which a joint is there: an arm sags."""


class Line(Body, Protocol):
    """What is asked of a driver, beside what its loop asks."""

    def connect(self) -> None: ...

    def close(self) -> None: ...


class Ways:
    """Between trials, from where the arm is to where it shall be: there, or an error that says why not."""

    def __init__(
        self,
        line: Line,
        units: Calibration,
        console: Console | None,
        rate: float,
        *,
        paced: bool,
        stall_seconds: float,
    ) -> None:
        """`line`: connected. `console`: where a person can stop the arm; None where nobody watches."""
        self._line, self._units, self._console, self._rate = line, units, console, rate
        self._paced, self._stall = paced, stall_seconds
        self._limits = Limits(low=units.low, high=units.high)
        self.loop = self._begun()
        """Another one once the line was lost for good."""
        self._halted = False
        """By a person, on the way from one pose to another."""

    def revive(self) -> None:
        """The line may have been lost in the trial before."""
        try:
            self.loop.check()
        except (ArmError, LineLost):
            self.loop.close()
            self._line.close()
            self._line.connect()
            self.loop = self._begun()

    def go_to(self, pose: Sequence[float]) -> None:
        """Slowly, up before aside. An arm that was stopped must have recovered by itself; a host that stood still for a
        moment goes on from where the arm is."""
        target = np.clip(self._units.to_units(pose), self._limits.low, self._limits.high)
        stop = Stop("host_stalled")
        with self._watched():
            for _ in range(HOST_STALLS):
                stop = self._gone(target)
                if stop is None:
                    self._settle()
                    return
                if stop.reason != "host_stalled":
                    break
        raise ArmError(on_its_way(stop))

    def _begun(self) -> Loop:
        return Loop(self._line, self._limits, self._units, self._rate, paced=self._paced, stall_seconds=self._stall)

    @contextmanager
    def _watched(self) -> Generator[None]:
        """A person stops the arm here as in a trial."""
        self._halted = False
        if self._console is None:
            yield
            return
        if self._console.gone:
            raise ArmError("the terminal is gone, and with it whoever could stop the arm")
        keyboard = Keyboard(self._console, self._halt, interrupt)
        try:
            yield
        finally:
            keyboard.close()

    def _halt(self) -> None:
        """Noted first: what was stopped is forgotten when the way begins."""
        self._halted = True
        self.loop.stop("operator")

    def _gone(self, target: Vector) -> Stop | None:
        """What stopped it on its way; None where it went all of it."""
        self.loop.forget()
        for goal in [*raised(self.loop.last, self._units), target]:
            if self._halted:
                self.loop.stop("operator")
            path = gentle(self.loop.last, goal, self._rate)
            first = self.loop.tick + 1
            self.loop.follow(first, path)
            for tick in range(first, first + len(path) + 1):
                self.loop.row(tick)
                if self.loop.stopped is not None:
                    return self.loop.stopped
        return None

    def _settle(self) -> None:
        """Where it was sent, which may be short of what was wanted: an arm at rest may lie on its floor."""
        gap = np.zeros(GRIPPER)
        for _ in range(round(self._rate)):
            gap = np.abs(self.loop.reading.state - self.loop.last)[:GRIPPER]
            if self._halted:
                raise ArmError(on_its_way(Stop("operator")))
            if gap.max() <= ARRIVED:
                return
            self.loop.row(self.loop.tick)
        joint = int(np.argmax(gap))
        raise ArmError(
            f"{JOINTS[joint]} is {gap[joint]:.0f} deg from where it was sent; within {ARRIVED:g} it has arrived. "
            "Look for what it pushes against"
        )
