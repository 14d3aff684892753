"""LeRobot's units: degrees from the middle of the calibrated range, gripper 0 (shut) to 100 (open). Needs numpy only.

The model's joints are in radians and keep the model's axes. What joins the two is a calibration: by default the one
that an arm with the model's stops would get, or the file that LeRobot wrote for a real arm.

LeRobot's zero is the middle between the two stops that a person felt, so that it does not depend on how the arm was
held while homing. Stop to stop is therefore what the model shares with a real arm: the middles of both ranges are the
same pose, and shut is shut. A calibration then says how far a joint may be sent each way, and how far the jaws move
per unit of the gripper. Where it reaches beyond the model's own stops, the model stops there.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from ..base import Vector
from .links import LINKS
from .poses import READY

JOINTS = ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper")
UNITS = ("deg", "deg", "deg", "deg", "deg", "%")
GRIPPER = JOINTS.index("gripper")
LAST_TICK = 4095
"""Of a servo's encoder; LeRobot counts 360 degrees over that many."""

SMALLEST_RANGE = math.radians(30)
"""A joint that a person moved from stop to stop went farther than that."""

_LIMITS = np.array([link.limits for link in LINKS])
MODEL_LOW, MODEL_HIGH = _LIMITS[:, 0], _LIMITS[:, 1]
"""Radians, in the order of JOINTS."""


@dataclass(frozen=True, slots=True)
class Stops:
    """Where the joints of an arm end: radians of the model's axes, in the order of JOINTS."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def spans(self) -> tuple[float, ...]:
        return tuple(high - low for low, high in zip(self.low, self.high))


MODEL_STOPS = Stops(tuple(MODEL_LOW.tolist()), tuple(MODEL_HIGH.tolist()))


class CalibrationError(ValueError):
    """A calibration that no arm can have; the message has the joint, the value and the rule."""


def model_pan(values: Vector) -> Vector:
    """LeRobot's pan is the negative of the model's: this turns either into the other. The last axis is the joints."""
    turned = values.copy()
    turned[..., 0] *= -1
    return turned


@dataclass(frozen=True)
class Calibration:
    """How the units of one arm relate to the model's joints."""

    spans: tuple[float, ...] = MODEL_STOPS.spans
    """Radians from stop to stop, in the order of JOINTS."""
    stops: Stops = MODEL_STOPS
    """Those of the model."""

    @classmethod
    def between(cls, stops: Stops) -> Calibration:
        """What an arm with these stops would get."""
        return cls(stops.spans, stops)

    @classmethod
    def from_file(cls, path: str | Path, stops: Stops = MODEL_STOPS) -> Calibration:
        """Reads what LeRobot's calibration wrote. The ticks of a range are absolute; only their distance matters."""
        ranges = _ranges(Path(path))
        read = cls(tuple(_radians(low, high) for low, high in ranges), stops)
        _check_ready(Path(path), read)
        return read

    @property
    def low(self) -> Vector:
        """The lowest action, in units."""
        return _with_gripper(-np.degrees(self.spans) / 2, 0.0)

    @property
    def high(self) -> Vector:
        """The highest action, in units."""
        return _with_gripper(np.degrees(self.spans) / 2, 100.0)

    def to_units(self, radians: ArrayLike) -> Vector:
        """From the model's joint angles. The last axis is the joints."""
        from_zero = model_pan(np.asarray(radians, dtype=np.float64) - self._zero)
        return from_zero * self._per_radian

    def to_radians(self, units: ArrayLike) -> Vector:
        """To the model's joint angles. The last axis is the joints."""
        from_zero = model_pan(np.asarray(units, dtype=np.float64) / self._per_radian)
        return from_zero + self._zero

    @functools.cached_property
    def _zero(self) -> Vector:
        """Where all units read 0: the middles of the model's ranges, and the jaws shut."""
        low, high = np.array(self.stops.low), np.array(self.stops.high)
        return _with_gripper((low + high) / 2, self.stops.low[GRIPPER])

    @functools.cached_property
    def _per_radian(self) -> Vector:
        return _with_gripper(np.full(len(JOINTS), 180 / math.pi), 100 / self.spans[GRIPPER])


def _with_gripper(values: Vector, gripper: float) -> Vector:
    return np.append(values[:GRIPPER], gripper)


def _ranges(path: Path) -> list[tuple[int, int]]:
    """Ticks of each joint's two stops, in the order of JOINTS."""
    content = _content(path)
    missing = [joint for joint in JOINTS if joint not in content]
    if missing:
        raise CalibrationError(
            f"{path} has no {', '.join(missing)}; a calibration has all of {', '.join(JOINTS)}: calibrate the arm again"
        )
    return [_range(path, joint, content[joint]) for joint in JOINTS]


def _content(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CalibrationError(
            f"{path} cannot be read: {error.strerror}; give the json file that LeRobot's calibration wrote"
        ) from None
    except ValueError as error:
        raise CalibrationError(f"{path} is not JSON: {error}; give the file that LeRobot's calibration wrote") from None
    if not isinstance(content, dict):
        raise CalibrationError(f"{path} holds no joints; a calibration is an object with the keys {', '.join(JOINTS)}")
    return cast(Mapping[str, Any], content)


def _range(path: Path, joint: str, entry: object) -> tuple[int, int]:
    values: Mapping[str, Any] = cast(Mapping[str, Any], entry) if isinstance(entry, dict) else {}
    low, high = (_tick(path, joint, key, values.get(key)) for key in ("range_min", "range_max"))
    if low >= high:
        raise CalibrationError(
            f"{path}: {joint} goes from {low} to {high}; range_min is below range_max: calibrate the arm again"
        )
    if _radians(low, high) < SMALLEST_RANGE:
        raise CalibrationError(
            f"{path}: {joint} goes from {low} to {high}, {math.degrees(_radians(low, high)):.1f} degrees; from stop to "
            f"stop it is {math.degrees(SMALLEST_RANGE):.0f} at least: calibrate the arm again"
        )
    if values.get("drive_mode", 0) != 0:
        raise CalibrationError(
            f"{path}: {joint} has the drive_mode {values['drive_mode']!r}; a twin's joint turns as LeRobot's SO-100 "
            "does, which has 0: calibrate the arm again"
        )
    return low, high


def _radians(low: int, high: int) -> float:
    return math.radians((high - low) * 360 / LAST_TICK)


def _check_ready(path: Path, read: Calibration) -> None:
    """Trials begin there: a plan that holds it must be one that the world takes."""
    for joint, ready, low, high in zip(JOINTS, read.to_units(READY), read.low, read.high):
        if not low <= ready <= high:
            raise CalibrationError(
                f"{path}: {joint} may go from {low:.1f} to {high:.1f}, and trials begin at {ready:.1f}: that must lie "
                "between. Calibrate the arm again, each joint from stop to stop"
            )


def _tick(path: Path, joint: str, key: str, value: object) -> int:
    if type(value) is not int or not 0 <= value <= LAST_TICK:
        raise CalibrationError(
            f"{path}: {joint} has the {key} {value!r}; it is a whole number of ticks from 0 to {LAST_TICK}: "
            "calibrate the arm again"
        )
    return value
