"""Sets of actuators in JSON, so that a twin can have the servos of one's own arm: read, checked and written."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

from .actuators import ACTUATORS, Actuators, Six
from .units import JOINTS

VALUES = tuple(field.name for field in fields(Actuators) if field.name not in ("name", "delay"))
"""What a file says of each joint."""
POSITIVE = ("kp", "force")
"""A servo without them holds nothing. The others may be 0."""
LONGEST_DELAY = 10
WAY_OUT = "armtrial fit-twin writes such files"


class ActuatorError(ValueError):
    """A file that is no set of actuators; the message has the joint, the value and the rule."""


def actuators_of(name: str) -> Actuators:
    """A set by its name, or by the path of its file."""
    if name in ACTUATORS:
        return ACTUATORS[name]
    path = Path(name)
    if path.suffix != ".json" and not path.exists():
        raise ValueError(
            f"no set of actuators is called '{name}'. There are: {', '.join(ACTUATORS)}, and the paths of JSON files: "
            + WAY_OUT
        )
    return read(path)


def read(path: Path) -> Actuators:
    content = _content(path)
    joints = _mapping(content.get("joints"))
    missing = [joint for joint in JOINTS if joint not in joints]
    if missing:
        raise ActuatorError(f"{path} has no {', '.join(missing)}; 'joints' has all of {', '.join(JOINTS)}: {WAY_OUT}")
    strange = [joint for joint in joints if joint not in JOINTS]
    if strange:
        raise ActuatorError(f"{path}: the arm has no joint {', '.join(strange)}; it has {', '.join(JOINTS)}")
    sixes = {value: _six(path, value, joints) for value in VALUES}
    return Actuators(name=str(path), delay=_delay(path, content.get("delay", 1)), **sixes)


def written(actuators: Actuators, fit: Mapping[str, object]) -> bytes:
    """The file of a set. `fit`: where it comes from, for people; nothing reads it."""
    joints = {
        joint: {value: float(f"{getattr(actuators, value)[index]:.6g}") for value in VALUES}
        for index, joint in enumerate(JOINTS)
    }
    content = {"joints": joints, "delay": actuators.delay, "fit": fit}
    return json.dumps(content, indent=2, allow_nan=False).encode() + b"\n"


def _content(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ActuatorError(f"{path} cannot be read: {error.strerror}; {WAY_OUT}") from None
    except ValueError as error:
        raise ActuatorError(f"{path} is not JSON: {error}; {WAY_OUT}") from None
    return _mapping(content)


def _mapping(value: object) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def _six(path: Path, value: str, joints: Mapping[str, Any]) -> Six:
    first, second, third, fourth, fifth, sixth = (
        _number(path, joint, value, _mapping(joints[joint]).get(value)) for joint in JOINTS
    )
    return (first, second, third, fourth, fifth, sixth)


def _number(path: Path, joint: str, value: str, number: object) -> float:
    if isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number):
        enough = number > 0 or (number == 0 and value not in POSITIVE)
        if enough:
            return float(number)
    rule = "more than 0" if value in POSITIVE else "0 or more"
    raise ActuatorError(f"{path}: {joint} has the {value} {number!r}; it is a finite number, {rule}: {WAY_OUT}")


def _delay(path: Path, delay: object) -> int:
    if type(delay) is not int or not 0 <= delay <= LONGEST_DELAY:
        raise ActuatorError(f"{path}: the delay is {delay!r}; it is a whole number of ticks from 0 to {LONGEST_DELAY}")
    return delay
