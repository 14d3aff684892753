"""The toy world: a point on a line, a ball it can grip, marks, and two drawn pictures. Needs numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..tasks.base import Event, Task, Trial, derived_seed
from ..tasks.toy import TOUR_STOPS, Goal, LineTask
from .base import (
    ActionSpec,
    Control,
    Gripper,
    Image,
    Landmark,
    LifecycleError,
    Observation,
    ObservationSpec,
    Played,
    Size,
    Start,
    Step,
    Vector,
    Verdict,
    confirmed,
    state_hash,
)

RATE = 30.0
COLOURS = {
    "sky": (214, 228, 240),
    "ground": (120, 110, 100),
    "point": (40, 70, 200),
    "hand": (20, 150, 150),
    "ball": (230, 140, 20),
    "green": (40, 170, 60),
    "red": (200, 40, 50),
    "purple": (140, 60, 170),
}
HAND = 0.25
"""Metres from the point to the hand that only its own camera sees, at its left edge."""
REACH_OF_GRIP = 0.04
"""Metres from the point at which the jaws still catch the ball."""
JAW_SPEED = 300.0
"""Per cent of the opening per second."""
STILL = 0.001
"""Metres a tick. A tour's mark counts where the point stops: rushing past all of them solves nothing."""


class LineEnv:
    """State and action are the point's place in metres and the opening of its jaws in per cent."""

    observation_spec = ObservationSpec({"front": (320, 240), "wrist": (320, 240)}, ("x", "jaw"))
    action_spec = ActionSpec(
        names=("x", "jaw"),
        low=(-1.0, 0.0),
        high=(1.0, 100.0),
        units=("m", "%"),
        control=Control.ABSOLUTE,
        gripper=Gripper.OPENS_AT_HIGH,
        rate=RATE,
    )

    def __init__(self, tasks: Sequence[Task], *, speed: float = 1.0) -> None:
        """`speed`: how fast the point moves, in m/s."""
        if speed < 0:
            raise ValueError(f"speed {speed:g}: how fast the point moves is no less than 0 m/s, as 1.0")
        self._tasks = {task.name: task for task in tasks}
        self._reach = speed / RATE
        self._over = True

    def reset(self, trial: Trial) -> Start:
        task = self._tasks[trial.task]
        if not isinstance(task, LineTask):
            raise TypeError(f"task '{task.name}' is no LineTask; the world 'line' plays only those")
        self._task = task
        stream = np.random.default_rng(derived_seed(trial.seed, "objects"))
        light = np.random.default_rng(derived_seed(trial.seed, "light"))
        places = _apart(stream, 2 + len(TOUR_STOPS))
        self._x, self._ball, self._jaw = float(places[0]), float(places[1]), 100.0
        self._marks = tuple(float(place) for place in places[2:])
        self._light = float(light.uniform(0.85, 1.0))
        self._tick, self._stage, self._held, self._over = 0, 0, False, False
        return Start({"point": places[:1], "ball": places[1:2], "marks": places[2:], "light": np.array([self._light])})

    def observe(self, cameras: Mapping[str, Size], privileged: bool = False) -> Observation:
        self._task_or_raise()
        images = {name: self._drawn(name, size) for name, size in cameras.items()}
        secret = {"ball": np.array([self._ball]), "marks": np.array(self._marks)} if privileged else {}
        return Observation(images, self._state(), self._instruction(), self._tick / RATE, secret)

    def step(self, action: Vector) -> Step:
        if self._over:
            raise LifecycleError("the world 'line' was stepped outside a trial; call reset first")
        self._tick += 1
        moved = min(max(float(action[0]) - self._x, -self._reach), self._reach)
        self._x += moved
        events = self._moved_jaw(float(action[1]))
        if self._held:
            self._ball = self._x
        resting = abs(moved) < STILL
        if self._task.goal is Goal.TOUR and resting and self._on(self._x, self._marks[self._stage]):
            self._stage += 1
        done = self._done()
        self._over = self._stage == len(TOUR_STOPS)
        progress = self._stage / len(TOUR_STOPS) if self._task.goal is Goal.TOUR else float(done)
        return Step(self._state(), done, self._over, progress, self._stage, events)

    def verdict(self, played: Played) -> Verdict:
        self._over = True
        return confirmed(played, state_hash(self._state(), self._ball, self._marks, float(self._held)))

    def frame(self) -> Image:
        size = (320, 240)
        return np.concatenate([self._drawn("front", size), self._drawn("wrist", size)], axis=1)

    def landmarks(self, camera: str, size: Size) -> Sequence[Landmark]:
        view = _View(camera, size, self._x)
        ball = [("ball", self._ball, 0.5)] if self._task.goal is Goal.FETCH else []
        hand = [("hand", self._x - HAND, 0.35)] if camera == "wrist" else []
        things = [*hand, ("point", self._x, 0.35), *ball, ("green", self._marks[0], 0.65)]
        seen = [(name, place, row) for name, place, row in things if view.shows(place)]
        lit = {name: self._lit(name) for name, _, _ in seen}
        return [Landmark(name, view.column(place), row * size[1], lit[name]) for name, place, row in seen]

    def close(self) -> None:
        self._over = True

    def _task_or_raise(self) -> None:
        if not hasattr(self, "_task"):
            raise LifecycleError("the world 'line' was looked at before its first reset")

    def _state(self) -> Vector:
        return np.array([self._x, self._jaw])

    def _instruction(self) -> str:
        by_stage = self._task.told_by_stage
        return by_stage[min(self._stage, len(by_stage) - 1)] if by_stage else self._task.instruction

    def _on(self, place: float, mark: float) -> bool:
        return abs(place - mark) <= self._task.tolerance

    def _done(self) -> bool:
        if self._task.goal is Goal.TOUR:
            return self._stage == len(TOUR_STOPS)
        if self._task.goal is Goal.REACH:
            return self._on(self._x, self._marks[0])
        return not self._held and self._on(self._ball, self._marks[0])

    def _moved_jaw(self, target: float) -> tuple[Event, ...]:
        before = self._jaw
        self._jaw += min(max(target - before, -JAW_SPEED / RATE), JAW_SPEED / RATE)
        if self._task.goal is not Goal.FETCH:
            return ()
        closed, opened = self._jaw < 50 <= before, self._jaw >= 50 > before
        now = self._tick / RATE
        if closed and abs(self._x - self._ball) <= REACH_OF_GRIP:
            self._held = True
            return tuple(Event(now, kind, "ball") for kind in ("touched", "jaw_closed", "gripped", "lifted"))
        if closed:
            return (Event(now, "jaw_closed"),)
        if opened and self._held:
            self._held = False
            placed = (Event(now, "placed", "ball"),) if self._on(self._ball, self._marks[0]) else ()
            return (Event(now, "jaw_opened", "ball"), *placed, Event(now, "released", "ball"))
        return (Event(now, "jaw_opened"),) if opened else ()

    def _lit(self, colour: str) -> tuple[int, int, int]:
        red, green, blue = (int(value * self._light) for value in COLOURS[colour])
        return red, green, blue

    def _drawn(self, camera: str, size: Size) -> Image:
        view = _View(camera, size, self._x)
        width, height = size
        picture = np.empty((height, width, 3), dtype=np.uint8)
        picture[: int(0.7 * height)] = self._lit("sky")
        picture[int(0.7 * height) :] = self._lit("ground")
        shown = TOUR_STOPS if self._task.goal is Goal.TOUR else TOUR_STOPS[:1]
        for colour, place in zip(shown, self._marks):
            view.fill(picture, place, 0.05, (0.58, 0.72), self._lit(colour))
        if self._task.goal is Goal.FETCH:
            view.fill(picture, self._ball, 0.03, (0.44, 0.56), self._lit("ball"))
        view.fill(picture, self._x, 0.03, (0.28, 0.42), self._lit("point"))
        if camera == "wrist":
            view.fill(picture, self._x - HAND, 0.03, (0.28, 0.42), self._lit("hand"))
        return picture


class _View:
    """Where metres fall in a picture: `front` sees the whole line, `wrist` what is near the point."""

    def __init__(self, camera: str, size: Size, x: float) -> None:
        if camera not in LineEnv.observation_spec.cameras:
            raise KeyError(f"the world 'line' has no camera '{camera}'. There are: front, wrist")
        self._size = size
        self._left, self._span = (-1.1, 2.2) if camera == "front" else (x - 0.3, 0.6)

    def column(self, place: float) -> float:
        return (place - self._left) / self._span * self._size[0]

    def shows(self, place: float) -> bool:
        return 0 <= self.column(place) < self._size[0]

    def fill(
        self, picture: Image, place: float, half: float, rows: tuple[float, float], rgb: tuple[int, int, int]
    ) -> None:
        left, right = round(self.column(place - half)), round(self.column(place + half))
        top, bottom = (int(row * self._size[1]) for row in rows)
        picture[top:bottom, max(left, 0) : max(right, 0)] = rgb


def _apart(stream: np.random.Generator, number: int) -> Vector:
    """Places on the line that are at least 0.2 m from each other, in random order."""
    slack = 1.6 - 0.2 * (number - 1)
    places = np.sort(stream.uniform(0, slack, number)) + 0.2 * np.arange(number) - 0.8
    return stream.permutation(places)
