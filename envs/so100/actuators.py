"""What was measured of the arm's STS3215 servos: position control with friction, as named sets. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

Six = tuple[float, float, float, float, float, float]
"""One value per joint, from shoulder_pan to gripper."""

JAW_FORCE = 1.6
"""Nm. LeRobot lets the gripper's servo use half of its torque."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actuators:
    """Six position servos."""

    name: str
    kp: Six
    """Nm/rad between the target and the joint."""
    kv: Six
    """Nm s/rad, applied by the servo: within its force limit."""
    damping: Six
    """Nm s/rad of the gears: beyond any force limit."""
    frictionloss: Six
    """Nm of dry friction."""
    armature: Six
    """kg m2: the rotor seen through its gears."""
    force: Six
    """Nm, both ways."""
    delay: int = 1
    """Ticks until an action reaches the servos."""


def _six(value: float) -> Six:
    return (value, value, value, value, value, value)


def _with_jaw_force(value: float) -> Six:
    return (value, value, value, value, value, JAW_FORCE)


NVIDIA = Actuators(
    name="nvidia",
    kp=(48.9, 51.3, 18.6, 43.0, 47.1, 50.8),
    kv=(2.31, 2.78, 0.535, 2.72, 1.79, 2.35),
    damping=(1.07, 0.88, 0.49, 0.52, 0.45, 1.14),
    frictionloss=(0.215, 0.318, 0.402, 0.296, 0.283, 0.312),
    armature=(0.058, 0.044, 0.055, 0.051, 0.051, 0.043),
    force=_with_jaw_force(3.35),
)
"""Identified on real SO-101 arms, which have the same servos; two other identifications agree with it."""

MENAGERIE = Actuators(
    name="menagerie",
    kp=_six(50.0),
    kv=(5.13, 5.00, 4.67, 4.50, 4.47, 4.47),
    damping=_six(0.0),
    frictionloss=_six(0.1),
    armature=_six(0.1),
    force=_with_jaw_force(3.5),
)
"""MuJoCo Menagerie's SO-100: critically damped with the arm straight out."""

BAM_P16 = Actuators(
    name="bam-p16",
    kp=_six(8.9),
    kv=_six(0.0),
    damping=_six(0.60),
    frictionloss=_six(0.052),
    armature=_six(0.028),
    force=_with_jaw_force(3.35),
)
"""A pendulum test bench at 7.4 V with the gain that LeRobot writes, P = 16."""

BAM_P32 = Actuators(
    name="bam-p32",
    kp=_six(17.8),
    kv=_six(0.0),
    damping=_six(0.60),
    frictionloss=_six(0.052),
    armature=_six(0.028),
    force=_with_jaw_force(3.35),
)
"""The same bench with the firmware's gain, P = 32."""

ACTUATORS = {actuators.name: actuators for actuators in (NVIDIA, MENAGERIE, BAM_P16, BAM_P32)}
"""Every set by its name."""
