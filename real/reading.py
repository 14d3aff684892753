"""What the servos of an arm tell in one tick, and how an arm can fail."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..envs.base import Vector


class ArmError(RuntimeError):
    """The arm cannot be used as it is; the message says what to do."""


class LineLost(RuntimeError):
    """The servos do not answer, in spite of several tries."""


class CameraFrozen(RuntimeError):
    """A camera gives no new picture."""


@dataclass(frozen=True, slots=True)
class Reading:
    """In the order of JOINTS."""

    state: Vector
    """LeRobot's units."""
    load: Vector
    """Thousandths of the most a servo can push; the sign is the direction."""
    temperature: Vector
    """Degrees Celsius; this and what follows as read last, at most five ticks ago."""
    voltage: Vector
    """Volts."""
    current: Vector
    """Units of 6.5 mA."""
    errors: Vector
    """Bits: 1 voltage, 2 angle, 4 heat, 8 current, 32 overload."""
    torque: Vector = field(default_factory=lambda: np.ones(6))
    """1 on, 0 off."""
