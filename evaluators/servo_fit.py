"""The servos that a log speaks of: found by least squares, with what the log does not tell left as it was.

A fit turns five numbers a joint, of one size each: the logarithm of kp; those of kv + damping and of the armature, per
kp; the share that the servo has in the damping; dry friction, as the angle from which kp overcomes it. A joint without
load and below its force limit moves alike when all torques are scaled, so that such a log tells four of the numbers and
nothing of the first. Each is held where it began by a thread: as if going away by 1 (a factor of e) were one reading of
`PULL` degrees. What the log determines does not feel it; what it does not determine stays.
"""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from mujoco import MjModel, MjSpec
from mujoco.sysid import Parameter, ParameterDict, optimize
from numpy.typing import NDArray

from ..envs.base import Vector
from ..envs.so100.actuators import Actuators, Six
from ..envs.so100.units import JOINTS
from .arm_alone import LEAD, Alone, Stretch, put
from .errors import UserError

VALUES = ("kp", "kv", "damping", "frictionloss", "armature")
"""What is fitted of each joint. How strong a servo is stays: where it lifts no weight, its torques are found as
multiples of that."""
DELAYS = tuple(range(LEAD + 1))
PULL = 0.1
"""Degrees."""
DRY = 0.005
"""Radians; the unit of friction."""
LOWEST = np.array([-2.5, -3.0, 0.0, 0.0, -3.0])
HIGHEST = np.array([2.5, 3.0, 1.0, 20.0, 3.0])
"""How far a number may go: from where it begins if it is a logarithm, else absolutely."""
LOGARITHM = np.array([True, True, False, False, True])
COARSE_STEPS, COARSE_TRIES, FINE_TRIES = 4, 8, 20
"""Steps of the simulation a tick, and steps of the fit, to see which delay it is; then the twin's own."""
SOFTER = np.array([math.log(4), 0.0, 0.0, 0.0, 0.0])
"""A quarter of all torques."""
NEAR = 3.0
"""A delay whose error is so many times the best's may still be the one."""
CAUTION = 10**0.5
"""By how much a step that fails makes the next more cautious. The toolbox's own goes slower and plays twice as much."""
NUDGE = 1e-4
"""For derivatives."""
PROBE = 0.05
"""For intervals: wide enough to see a value at whose other side a servo's force limit hides all changes."""
ENCODER = 0.05
"""Degrees; no log is taken for better than this, which is what a servo's encoder adds."""
ALIKE = 10
"""Consecutive ticks err alike: at least so many count as one."""
LONGEST_ALIKE = 300
SURE = 1.96
"""Standard deviations: half an interval of 95 %."""
TOLD = 0.3
"""An interval of this share of the value, each way, is an answer ..."""
TOLD_NEAR_ZERO = {"kp": 0.0, "kv": 0.2, "damping": 0.2, "frictionloss": 0.05, "armature": 0.01}
"""... or of so much, where the value may be next to nothing."""
STILL = math.radians(2)
"""A joint that moves less tells nothing."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    actuators: Actuators
    """With the delay."""
    by_delay: dict[int, float]
    """RMS in degrees with each delay, of the stretches that were fitted, in coarse steps."""
    half: Vector
    """(6, 5), in the order of VALUES: half of the 95 % interval; infinite for a joint that did not move."""
    ratio: Vector
    """(6,): the same of kp : (kv + damping), as a share of it."""
    moved: NDArray[np.bool_]
    """(6,)"""

    @property
    def told(self) -> NDArray[np.bool_]:
        """(6, 5): which values the log determines."""
        values = physical(self.actuators)
        return self.half <= np.maximum(TOLD * values, [TOLD_NEAR_ZERO[name] for name in VALUES])


def physical(actuators: Actuators) -> Vector:
    """(6, 5), in the order of VALUES."""
    return np.array([getattr(actuators, name) for name in VALUES]).T


def fit(stretches: Sequence[Stretch], start: Actuators, say: Say, delays: Sequence[int] = DELAYS) -> Fit:
    moved = np.ptp(np.concatenate([stretch.measured for stretch in stretches]), axis=0) > STILL
    if not moved.any():
        raise UserError(f"no joint of the log moves by more than {math.degrees(STILL):g} degrees; log one that does")
    found = _scanned(stretches, start, moved, delays, say)
    best = min(found, key=lambda delay: found[delay].rms)
    search = _Search(Alone(stretches, start, best), start, moved, found[best].numbers)
    last = search.run(FINE_TRIES, lambda text: say(f"all steps, {text}"))
    half, ratio = search.intervals(last)
    return Fit(
        actuators=replace(decoded(last.numbers, start), name="fitted", delay=best),
        by_delay={delay: each.rms for delay, each in found.items()},
        half=half,
        ratio=ratio,
        moved=moved,
    )


def rms(stretches: Sequence[Stretch], actuators: Actuators) -> Vector:
    """(6,) degrees: how far the twin with these servos is from what was measured. NaN where nothing counts."""
    alone = Alone(stretches, actuators, actuators.delay)
    search = _Search(alone, actuators, np.ones(len(JOINTS), dtype=bool))
    return _rms(search.errors(search.here), alone.counts)


def encoded(actuators: Actuators) -> Vector:
    """(6, 5): what is fitted."""
    kp, kv, damping, friction, armature = physical(actuators).T
    total = np.maximum(kv + damping, 1e-3)
    return np.column_stack(
        [np.log(kp), np.log(total / kp), kv / total, friction / kp / DRY, np.log(np.maximum(armature, 1e-4) / kp)]
    )


def decoded(numbers: Vector, like: Actuators) -> Actuators:
    """`like`: whose name, force and delay."""
    kp, total, share, friction, armature = numbers.reshape(len(JOINTS), -1).T
    kp, total = np.exp(kp), np.exp(kp + total)
    columns = (kp, share * total, (1 - share) * total, DRY * friction * kp, np.exp(armature) * kp)
    return replace(like, **{name: _six(column) for name, column in zip(VALUES, columns)})


def _six(column: Vector) -> Six:
    first, second, third, fourth, fifth, sixth = column.tolist()
    return (first, second, third, fourth, fifth, sixth)


@dataclass(frozen=True, slots=True)
class _Found:
    numbers: Vector
    """(6, 5), encoded."""
    by_joint: Vector
    """(6,) RMS in degrees."""
    rms: float
    """Degrees, over all joints."""


def _scanned(
    stretches: Sequence[Stretch], start: Actuators, moved: NDArray[np.bool_], delays: Sequence[int], say: Say
) -> dict[int, _Found]:
    """The best that is found with each delay, in coarse steps of the simulation.

    Sought from soft servos on: stiff ones are at their force limit so often that a fit does not find down from there.
    Where the delay may be the one it is sought from `start` as well, and from what is better of each joint.
    """

    def sought(delay: int, numbers: Vector) -> _Found:
        search = _Search(Alone(stretches, start, delay, COARSE_STEPS), start, moved, numbers)
        return search.run(COARSE_TRIES, lambda text: say(f"delay of {delay} ticks, {text}"))

    stiff = encoded(start)
    found = {delay: sought(delay, stiff - SOFTER) for delay in delays}
    near = NEAR * min(one.rms for one in found.values())
    for delay, one in found.items():
        if one.rms <= near:
            other = sought(delay, stiff)
            both = np.where((one.by_joint < other.by_joint)[:, None], one.numbers, other.numbers)
            found[delay] = min(one, other, sought(delay, both), key=lambda each: each.rms)
    return found


class _Search:
    """One fit: from where it begins, with one delay."""

    def __init__(self, alone: Alone, start: Actuators, moved: NDArray[np.bool_], first: Vector | None = None) -> None:
        self._alone, self._start = alone, start
        self._home = encoded(start)
        self._parameters = _parameters(self._home, moved)
        if first is not None:
            self._parameters.update_from_vector(first[moved].ravel())
        self._threads = self._home[moved].ravel()
        self._scratch = self._parameters.copy()

    @property
    def here(self) -> Vector:
        """Of the joints that are fitted."""
        return self._parameters.as_vector()

    def run(self, tries: int, say: Say) -> _Found:
        def tell(trace: Sequence[Any]) -> None:
            say(f"step {len(trace)}: RMS about {self._about(trace[-1].objective):.3f} degrees")

        self._parameters.move_off_bounds()
        fitted, _ = optimize(
            self._parameters,
            self._pulled,
            verbose=False,
            output=io.StringIO(),
            max_iters=tries,
            eps=NUDGE,
            mu_factor=CAUTION,
            gtol=1e-3,
            xtol=1e-4,
            iter_callback=tell,
        )
        self._parameters = fitted
        errors, counts = self.errors(self.here), self._alone.counts
        numbers = fitted.as_vector(include_frozen=True).reshape(len(JOINTS), -1)
        return _Found(numbers, _rms(errors, counts), float(np.sqrt(np.sum(errors**2) / counts.sum())))

    def errors(self, values: Vector) -> Vector:
        return self._alone.errors(values, self._scratch, self._model)

    def intervals(self, found: _Found) -> tuple[Vector, Vector]:
        """The wider of what is seen above the values and below them. The toolbox's own intervals take each tick for a
        reading of its own, and the change at one side for that at both."""
        errors = self.errors(self.here).reshape(-1, len(JOINTS))
        noise = np.fmax(found.by_joint, ENCODER) * np.sqrt([_alike(column) for column in errors.T])
        both = [self._intervals(found, self._slopes(probe), noise) for probe in (PROBE, -PROBE)]
        return np.maximum(both[0][0], both[1][0]), np.maximum(both[0][1], both[1][1])

    def _pulled(self, values: Vector, _: Any) -> tuple[list[Vector], list[Any], list[Any]]:
        threads = self._threads if values.ndim == 1 else self._threads[:, None]
        return [self.errors(values), PULL * (values - threads)], [], []

    def _about(self, objective: float) -> float:
        return math.sqrt(2 * objective / self._alone.counts.sum())

    def _model(self, parameters: Any, spec: MjSpec) -> MjModel:
        copy = spec.copy()
        put(copy, decoded(parameters.as_vector(include_frozen=True), self._start))
        return copy.compile()

    def _slopes(self, probe: float) -> Vector:
        """(ticks x 6, n) degrees for each unit."""
        here = self.here
        low, high = self._parameters.get_bounds()
        steps = np.where((here + probe < low) | (here + probe > high), -probe, probe)
        return (self.errors(here[:, None] + np.diag(steps)) - self.errors(here)[:, None]) / steps

    def _intervals(self, found: _Found, slopes: Vector, noise: Vector) -> tuple[Vector, Vector]:
        """`noise`: (6,) degrees."""
        slopes = (slopes.reshape(-1, len(JOINTS), slopes.shape[1]) / noise[:, None]).reshape(slopes.shape)
        spread = np.linalg.inv(slopes.T @ slopes + np.eye(slopes.shape[1]))
        half, ratio = np.full((len(JOINTS), len(VALUES)), np.inf), np.full(len(JOINTS), np.inf)
        for number, joint in enumerate(self._moving):
            own = slice(number * len(VALUES), (number + 1) * len(VALUES))
            turned = _turned(found.numbers[joint])
            half[joint] = SURE * np.sqrt(np.diag(turned @ spread[own, own] @ turned.T))
            ratio[joint] = SURE * math.sqrt(spread[own, own][1, 1])
        return half, ratio

    @property
    def _moving(self) -> list[int]:
        return [index for index, name in enumerate(JOINTS) if not self._parameters[name].frozen]


def _parameters(home: Vector, moved: NDArray[np.bool_]) -> ParameterDict:
    parameters = ParameterDict()
    for index, joint in enumerate(JOINTS):
        base = np.where(LOGARITHM, home[index], 0.0)
        parameters.add(
            Parameter(joint, home[index], base + LOWEST, base + HIGHEST, frozen=not moved[index]),
        )
    return parameters


def _turned(numbers: Vector) -> Vector:
    """(5, 5): how VALUES change with what is fitted."""
    kp, total, share, friction, armature = numbers
    kp, total, armature = math.exp(kp), math.exp(kp + total), math.exp(kp + armature)
    return np.array(
        [
            [kp, 0.0, 0.0, 0.0, 0.0],
            [share * total, share * total, total, 0.0, 0.0],
            [(1 - share) * total, (1 - share) * total, -total, 0.0, 0.0],
            [DRY * friction * kp, 0.0, 0.0, DRY * kp, 0.0],
            [armature, 0.0, 0.0, 0.0, armature],
        ]
    )


def _alike(errors: Vector) -> float:
    """How many consecutive ticks count as one, since they err alike: a joint that sticks where something pushed it is
    off for seconds."""
    lags = range(1, min(LONGEST_ALIKE, len(errors)))
    likeness = np.array([errors[lag:] @ errors[:-lag] for lag in lags]) / max(errors @ errors, 1e-12)
    until = int(np.argmax(np.append(likeness, 0.0) < 0.05))
    return max(ALIKE, 1 + 2 * float(likeness[:until].sum()))


def _rms(errors: Vector, counts: NDArray[np.bool_]) -> Vector:
    squares = (errors.reshape(counts.shape) ** 2).sum(axis=0)
    return np.sqrt(squares / np.where(counts.any(axis=0), counts.sum(axis=0), np.nan))
