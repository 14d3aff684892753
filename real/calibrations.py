"""LeRobot's calibration of an arm: the file, and the one that an arm made of software gets."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..envs.so100.units import JOINTS, LAST_TICK, MODEL_STOPS

MIDDLE = LAST_TICK / 2


@dataclass(frozen=True, slots=True)
class Range:
    """Of one joint, in ticks as the servo tells them."""

    low: int
    high: int
    homing: int

    def units(self, tick: float, gripper: bool) -> float:
        """As LeRobot reads a tick."""
        if gripper:
            return min(max((tick - self.low) / (self.high - self.low), 0.0), 1.0) * 100
        return (tick - (self.low + self.high) / 2) * 360 / LAST_TICK

    def tick(self, units: float, gripper: bool) -> float:
        if gripper:
            return self.low + units / 100 * (self.high - self.low)
        return units * LAST_TICK / 360 + (self.low + self.high) / 2


def software_ranges() -> tuple[Range, ...]:
    """Stop to stop, as a person would have found them on the twin; each joint homed a little off, as arms are."""
    halves = [math.degrees(span) / 2 * LAST_TICK / 360 for span in MODEL_STOPS.spans]
    return tuple(
        Range(round(MIDDLE - half), round(MIDDLE + half), homing=37 * (index - 2)) for index, half in enumerate(halves)
    )


def written(ranges: tuple[Range, ...], path: Path) -> Path:
    """The json that LeRobot reads."""
    content: Mapping[str, Mapping[str, int]] = {
        joint: {
            "id": number,
            "drive_mode": 0,
            "homing_offset": entry.homing,
            "range_min": entry.low,
            "range_max": entry.high,
        }
        for number, (joint, entry) in enumerate(zip(JOINTS, ranges, strict=True), start=1)
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=4) + "\n")
    return path
