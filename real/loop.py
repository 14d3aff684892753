"""Tick after tick: read the servos, choose a goal, cut it to what is allowed, send it. By the clock, in a thread of its
own, so that the arm never waits for a policy, a camera or a person; or in lockstep with whoever steps.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..envs.base import Vector
from ..envs.faults import Fault, caught
from ..envs.so100.units import GRIPPER, Calibration
from ..tasks.base import Origin
from .limits import Limits, Strain, allowed, strained, trouble, whose
from .reading import ArmError, LineLost, Reading

RECONNECT_SECONDS = 5.0
"""For a cable that was pulled; in that time the servos hold their last goals by themselves."""
BETWEEN_TRIES = 0.1
KEPT = 1024
"""Ticks."""
HOST_GAP = 0.5
"""Seconds between two ticks from which on the host has stalled: the arm is stopped rather than caught up with."""


class Body(Protocol):
    """What the loop asks of a driver."""

    def read(self) -> Reading: ...

    def send(self, goal: Vector) -> None: ...

    def reopen(self) -> bool: ...

    def regain(self) -> None:
        """Torque on again where it went off, with the goal where the joint is."""
        ...


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the arm holds and takes no more goals."""

    reason: str
    joint: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One tick."""

    time: float
    """Seconds since the loop began, when its goal was sent."""
    goal: Vector
    cut: tuple[str, ...]
    reading: Reading
    """What came of it, a tick later."""


class Loop:
    """Ticks are numbered from the first reading on: reading k is there before goal k is sent."""

    def __init__(
        self, body: Body, limits: Limits, arm: Calibration, rate: float, *, paced: bool, stall_seconds: float = 10.0
    ) -> None:
        """`stall_seconds`: with nothing to do for so long while somebody should say what, the arm is stopped."""
        self._body, self._limits, self._arm, self._rate = body, limits, arm, rate
        self.paced, self._stall = paced, stall_seconds * rate
        self._changed = threading.Condition()
        self._began = time.perf_counter()
        self._todo: dict[int, Vector] = {}
        self.stopped: Stop | None = None
        self.attended = False
        """Whether somebody should say what to do: a trial is under way."""
        self._idle = 0
        self._strain = Strain()
        self._fault: BaseException | None = None
        self._closing = False
        self.late: list[float] = []
        """Seconds by which each tick came too late, by the clock."""
        self.rows: list[Row] = []
        self.begins = 0
        """The tick of the first of `rows`."""
        self.reading = body.read()
        self._last = self.reading.state
        self._thread = threading.Thread(target=self._run, name="arm", daemon=True) if paced else None
        if self._thread is not None:
            self._thread.start()

    @property
    def tick(self) -> int:
        """The number of the newest reading."""
        return self.begins + len(self.rows)

    @property
    def last(self) -> Vector:
        """The goal that was sent last."""
        return self._last

    def forget(self) -> None:
        """A trial begins: what was before is not its."""
        with self._changed:
            self.begins, self.rows, self.late = self.tick, [], []
            self.stopped, self._idle, self._strain = None, 0, Strain()
            self._todo = {}

    def follow(self, first: int, goals: Sequence[Vector] | Vector) -> None:
        """From tick `first` on; what was to follow from there is dropped, and what is past is not caught up with."""
        with self._changed:
            self._todo = {tick: goal for tick, goal in self._todo.items() if tick < first}
            self._todo |= {first + number: np.array(goal) for number, goal in enumerate(goals)}

    def stop(self, reason: str, joint: str = "") -> None:
        """At once: the next goal is where the arm is. The first reason stays."""
        with self._changed:
            self.stopped = self.stopped or Stop(reason, joint)
            self._todo = {}

    def row(self, tick: int) -> Row:
        """Of goal `tick`, waited for until it has been sent and its reading is there."""
        if not self.paced:
            self._beat_until(tick)
            return self.rows[tick - self.begins]
        with self._changed:
            self._changed.wait_for(lambda: self.tick > tick or self._ended)
            if self.tick > tick:
                return self.rows[tick - self.begins]
        self.check()
        raise ArmError("the loop that drives the arm was closed while a tick was waited for; begin again")

    @property
    def _ended(self) -> bool:
        return self._fault is not None or self._closing

    def _beat_until(self, tick: int) -> None:
        try:
            while self.tick <= tick:
                self._beat(lambda: None)
        except LineLost as lost:
            self._fault = lost
            raise

    def check(self) -> None:
        """Raises what ended the loop, if something did."""
        if self._fault is not None:
            raise self._fault

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        due = time.perf_counter()

        def wait() -> None:
            nonlocal due
            due += 1 / self._rate
            time.sleep(max(0.0, due - time.perf_counter()))
            behind = time.perf_counter() - due
            self.late.append(behind)
            if behind > HOST_GAP:
                self.stop("host_stalled")
            if behind > 1 / self._rate:
                due = time.perf_counter()

        broke = caught(Origin.WORLD, self._beats, wait)
        if isinstance(broke, Fault):  # whoever waits for a tick hears of it, whatever it is
            self.stop("loop_broken")
            # Where even that fails the servos hold their last goal by themselves.
            caught(Origin.WORLD, lambda: self._body.send(self._held()))
            self._broken(ArmError(f"the loop that drives the arm broke, and the arm holds: {broke}"))

    def _beats(self, wait: Callable[[], None]) -> None:
        try:
            while not self._closing:
                self._beat(wait)
        except LineLost as lost:
            self._broken(lost)

    def _broken(self, why: BaseException) -> None:
        with self._changed:
            self._fault = why
            self._changed.notify_all()

    def _beat(self, wait: Callable[[], None]) -> None:
        goal, cut = self._choose()
        sent = time.perf_counter() - self._began
        reading = self._through(lambda: self._sent_and_read(goal, wait))
        with self._changed:
            self.reading, self._last = reading, goal
            self.rows.append(Row(sent, goal, cut, reading))
            self._trim()
            self._judge(goal, reading)
            self._changed.notify_all()
        if self._strain.limp and self._strain.limp % self._limits.persists == 0 and not reading.errors.any():
            self._through(self._regained)

    def _regained(self) -> Reading:
        """Tried where no servo says that it protects itself."""
        self._body.regain()
        return self.reading

    def _sent_and_read(self, goal: Vector, wait: Callable[[], None]) -> Reading:
        self._body.send(goal)
        wait()
        return self._body.read()

    def _choose(self) -> tuple[Vector, tuple[str, ...]]:
        with self._changed:
            wanted = self._todo.pop(self.tick, None)
            if self.stopped is not None:
                return self._held(), ()
            self._idle = 0 if wanted is not None or not self.attended else self._idle + 1
            if self._idle > self._stall:
                self.stop("policy_stalled")
                return self._held(), ()
            done = allowed(
                self._last if wanted is None else wanted,
                self._last,
                self.reading.state,
                float(self.reading.load[GRIPPER]),
                self._limits,
                self._arm,
                1 / self._rate,
            )
            return done.goal, done.cut

    def _held(self) -> Vector:
        """Where the arm was when it was stopped; the jaws as they were told, so that nothing falls."""
        if self._idle >= 0:
            self._idle = -1
            held = self.reading.state.copy()
            held[GRIPPER] = self._last[GRIPPER]
            self._kept = np.clip(held, self._limits.low, self._limits.high)
        return self._kept

    def _judge(self, goal: Vector, reading: Reading) -> None:
        told = reading.state, reading.load, reading.temperature, reading.voltage, reading.errors, reading.torque
        self._strain = strained(self._strain, goal, *told, self._limits)
        reason = trouble(self._strain, reading.errors, self._limits, self._rate)
        if reason and self.stopped is None:
            self.stop(reason, whose(reason, self._strain, reading.errors, reading.temperature, reading.torque))

    def _trim(self) -> None:
        """Between trials nobody asks for what was."""
        if not self.attended and len(self.rows) > 2 * KEPT:
            del self.rows[:KEPT], self.late[:KEPT]
            self.begins += KEPT

    def _through(self, exchange: Callable[[], Reading]) -> Reading:
        """A line that is lost is tried again; once it is back the trial is over, and the arm is where it was held."""
        try:
            return exchange()
        except LineLost as lost:
            began = time.perf_counter()
            while time.perf_counter() - began < RECONNECT_SECONDS and not self._closing:
                time.sleep(BETWEEN_TRIES)
                if self._body.reopen():
                    self.stop("line_lost")
                    return self._body.read()
            self.stop("line_lost")
            raise lost
