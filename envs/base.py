"""What a world is: the types every world speaks, and the protocol it fulfils. Needs numpy only.

Guest interpreters import this file: it stays valid on Python 3.10.
"""

from __future__ import annotations

import enum
import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..tasks.base import End, Event, Outcome, Trial

Vector = NDArray[np.float64]
Image = NDArray[np.uint8]
"""(height, width, 3), RGB, upright."""
Size = tuple[int, int]
"""(width, height) in pixels, as people write it: 640x480."""


class ActionError(ValueError):
    """A plan that the world would not take: its message has the action, the value and the rule."""


class BrokenContract(TypeError):
    """A world or a policy gave something else than its contract says."""


class LifecycleError(RuntimeError):
    """A world was used out of order: stepped before its reset or after its end."""


class Control(enum.Enum):
    """What the numbers of an action mean."""

    ABSOLUTE = "absolute"
    """Targets, in the units of the state."""
    RELATIVE = "relative"
    """Changes, added to where the robot is."""


class Gripper(enum.Enum):
    """Which way the last entry opens the jaws."""

    NONE = "none"
    OPENS_AT_HIGH = "opens_at_high"
    OPENS_AT_LOW = "opens_at_low"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSpec:
    """What a world takes and a policy gives; the two are compared before the first step."""

    names: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    units: tuple[str, ...]
    control: Control
    gripper: Gripper
    rate: float
    """Actions per second."""
    binary: tuple[str, ...] = ()
    """Entries that are either low or high and nothing between, as a gripper that is told to close or to open."""

    def __post_init__(self) -> None:
        sizes = {len(self.names), len(self.low), len(self.high), len(self.units)}
        if len(sizes) > 1 or not self.names:
            raise ValueError(f"an action spec needs a low, a high and a unit for each of its names {self.names}")
        if not all(np.isfinite([*self.low, *self.high, self.rate])) or self.rate <= 0:
            raise ValueError("an action spec needs finite bounds and a rate above 0")
        if unknown := set(self.binary) - set(self.names):
            raise ValueError(f"an action spec's binary entries are among its names; {sorted(unknown)} are not")
        if any(low >= high for low, high in zip(self.low, self.high)):
            raise ValueError(f"an action spec needs low < high; low is {self.low}, high is {self.high}")

    def checked(self, plan: ArrayLike) -> Vector:
        """The plan as a fresh (T, D) array, or an `ActionError` that names the first entry that is out of place."""
        try:
            given = np.asarray(plan)
        except ValueError as error:
            raise ActionError(f"a plan is an array of numbers; this one is not: {error}") from None
        if given.dtype.kind not in "biuf":
            raise ActionError(f"a plan is an array of real numbers; this one holds {given.dtype}")
        actions = np.array(given, dtype=np.float64)
        if actions.ndim != 2 or actions.shape[1] != len(self.names) or not len(actions):
            raise ActionError(f"a plan has the shape (T, {len(self.names)}) with T >= 1; this one has {actions.shape}")
        lowest, highest = _bounds(self.low, self.high)
        inside = (actions >= lowest) & (actions <= highest)
        if inside.all():
            return self._two_way(actions)
        row, column = (int(i) for i in np.argwhere(~inside)[0])
        low, high = self.low[column], self.high[column]
        value = actions[row, column]
        way_out = "" if np.isnan(value) else "; --wrap clip cuts it to that"
        raise ActionError(f"action {row}, '{self.names[column]}': {value:g} is outside [{low:g}, {high:g}]{way_out}")

    def snapped(self, actions: Vector) -> Vector:
        """A copy whose binary entries are at the nearer of their two values; in the very middle, at the high one."""
        moved = np.array(actions, dtype=np.float64)
        for column in map(self.names.index, self.binary):
            low, high = self.low[column], self.high[column]
            moved[..., column] = np.where(moved[..., column] < (low + high) / 2, low, high)
        return moved

    def _two_way(self, actions: Vector) -> Vector:
        for column in map(self.names.index, self.binary):
            low, high = self.low[column], self.high[column]
            between = (actions[:, column] != low) & (actions[:, column] != high)
            if between.any():
                row = int(between.argmax())
                value, name = actions[row, column], self.names[column]
                raise ActionError(
                    f"action {row}, '{name}': {value:g} is neither {low:g} nor {high:g}, and there is nothing between; "
                    "--wrap threshold moves it to the nearer one"
                )
        return actions


@functools.cache
def _bounds(low: tuple[float, ...], high: tuple[float, ...]) -> tuple[Vector, Vector]:
    """As arrays, made once: a plan is checked at every query."""
    return np.array(low), np.array(high)


@dataclass(frozen=True, slots=True)
class ObservationSpec:
    cameras: Mapping[str, Size]
    """The size that a person would look at; a policy may ask for any other."""
    state: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Observation:
    images: Mapping[str, Image]
    state: Vector
    instruction: str
    time: float
    """Seconds since the start of the trial."""
    privileged: Mapping[str, Vector] = field(default_factory=dict[str, Vector])
    """What no camera and no encoder could know. Empty unless the policy's spec asks, as the expert's does."""


@dataclass(frozen=True, slots=True)
class Start:
    """The sampled start of a trial, before any physics."""

    values: Mapping[str, Vector]
    """Every sampled value by name: poses, colours, lights, camera offsets."""
    distractors: tuple[str, ...] = ()
    """Objects that are no targets: lifting one is a mistake."""

    @property
    def hash(self) -> str:
        """Over the values rounded to 1e-9, so that it is equal on machines whose last bits differ."""
        digest = hashlib.sha256()
        for name in sorted(self.values):
            rounded = np.round(np.asarray(self.values[name], dtype=np.float64), 9) + 0.0
            digest.update(name.encode() + str(rounded.shape).encode() + rounded.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Step:
    """What one action led to. No picture: rendering is asked for apart, by `observe`."""

    state: Vector
    """Measured after the action."""
    success: bool
    terminated: bool = False
    """The world cannot go on. Never because of a rule of the task: those are the evaluator's."""
    progress: float | None = None
    """0 to 1; None: nothing between failure and success."""
    stage: int = 0
    """Subtasks solved so far; rises in chains only."""
    events: tuple[Event, ...] = ()
    executed: Vector | None = None
    """What was done in place of the action, where a world may cut it, as a real arm does; None: the action."""


@dataclass(frozen=True, slots=True)
class Played:
    """The trial as the evaluator saw it, given to the world's `verdict`."""

    success: bool
    """Under the task's success rule."""
    end: End
    label: str
    """The rubric's failure label; empty where the trial succeeded."""
    progress: float
    steps: int


RUBRIC = "rubric"
"""Who judges where nobody is asked."""


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    label: str
    end_hash: str
    """Over the exact final state; empty where a world has none, as the real arm."""
    note: str = ""
    by: str = RUBRIC
    """`rubric`, or the person who judged."""


@dataclass(frozen=True, slots=True)
class Landmark:
    """Where a thing of known colour should be in a picture: proof that left is left, up is up and red is red."""

    name: str
    column: float
    row: float
    rgb: tuple[int, int, int]


class Env(Protocol):
    """A world to play in. It reports facts; it applies no rule, counts no attempt and keeps no time limit.

    Its class (or any function that gives one) is called with the tasks that will be played and the
    `--env-arg` values: `LineEnv(tasks, speed=1.0)`.
    """

    observation_spec: ObservationSpec
    action_spec: ActionSpec

    def reset(self, trial: Trial) -> Start:
        """Puts the whole world into the trial's start state: whatever was played before leaves no trace."""
        ...

    def observe(self, cameras: Mapping[str, Size], privileged: bool = False) -> Observation:
        """Renders these cameras at these sizes. Called only when somebody looks; changes nothing."""
        ...

    def step(self, action: Vector) -> Step:
        """One tick of 1 / rate seconds. Never renders. Raises `LifecycleError` before a reset and after an end."""
        ...

    def verdict(self, played: Played) -> Verdict:
        """Called once, after the last step. A simulation confirms the rubric, a real rig asks its operator."""
        ...

    def frame(self) -> Image:
        """A picture for the video."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class HasLandmarks(Protocol):
    """A world that says where things of known colour appear, so that its pictures can be checked."""

    def landmarks(self, camera: str, size: Size) -> Sequence[Landmark]: ...


def confirmed(played: Played, end_hash: str) -> Verdict:
    """The verdict of a world that agrees with the rubric: every simulation's."""
    outcome = Outcome.SUCCESS if played.success else Outcome.FAILURE
    return Verdict(outcome, played.label, end_hash)


def state_hash(*arrays: ArrayLike) -> str:
    """Over the exact bytes of a state."""
    digest = hashlib.sha256()
    for array in arrays:
        values = np.asarray(array, dtype=np.float64)
        digest.update(str(values.shape).encode() + values.tobytes())
    return digest.hexdigest()
