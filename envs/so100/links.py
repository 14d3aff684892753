"""The moving links of the SO-100, from the base to the jaw: frames, joints and inertias. Plain data.

The base frame stands on the table: z up, the arm faces -y. Quaternions are (w, x, y, z).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Triple = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

BASE = "Base"
"""The body that is screwed to the table; its frame is the world's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A body and the joint by which it hangs on its parent."""

    name: str
    parent: str
    pos: Triple
    """Metres, in the parent's frame."""
    quat: Quaternion
    """In the parent's frame, with the joint at 0."""
    joint: str
    axis: Triple
    """In the body's own frame, through its origin."""
    limits: tuple[float, float]
    """Radians."""
    mass: float
    """Kilograms."""
    centre: Triple
    """Of mass; metres, in the body's frame."""
    principal: Quaternion
    """The frame of the principal moments, in the body's frame."""
    moments: Triple
    """Principal moments of inertia; kg m2."""


def about_x(angle: float) -> Quaternion:
    return (math.cos(angle / 2), math.sin(angle / 2), 0.0, 0.0)


def about_y(angle: float) -> Quaternion:
    return (math.cos(angle / 2), 0.0, math.sin(angle / 2), 0.0)


LINKS = (
    Link(
        name="Rotation_Pitch",
        parent=BASE,
        pos=(0.0, -0.0452, 0.0165),
        quat=(0.707105, 0.707108, 0.0, 0.0),
        joint="shoulder_pan",
        axis=(0.0, 1.0, 0.0),
        limits=(-1.92, 1.92),
        mass=0.119226,
        centre=(-9.07886e-5, 0.0590972, 0.031089),
        principal=(0.363978, 0.441169, -0.623108, 0.533504),
        moments=(5.94278e-5, 5.89975e-5, 3.13712e-5),
    ),
    Link(
        name="Upper_Arm",
        parent="Rotation_Pitch",
        pos=(0.0, 0.1025, 0.0306),
        quat=about_x(1.57079),
        joint="shoulder_lift",
        axis=(1.0, 0.0, 0.0),
        limits=(-3.32, 0.174),
        mass=0.162409,
        centre=(-1.72052e-5, 0.0701802, 0.00310545),
        principal=(0.50104, 0.498994, -0.493562, 0.50632),
        moments=(2.13312e-4, 1.67164e-4, 7.01522e-5),
    ),
    Link(
        name="Lower_Arm",
        parent="Upper_Arm",
        pos=(0.0, 0.11257, 0.028),
        quat=about_x(-1.57079),
        joint="elbow_flex",
        axis=(1.0, 0.0, 0.0),
        limits=(-0.174, 3.14),
        mass=0.147968,
        centre=(-0.00339604, 0.00137796, 0.0768007),
        principal=(0.701995, 0.0787996, 0.0645626, 0.704859),
        moments=(1.38803e-4, 1.07748e-4, 4.84242e-5),
    ),
    Link(
        name="Wrist_Pitch_Roll",
        parent="Lower_Arm",
        pos=(0.0, 0.0052, 0.1349),
        quat=about_x(-1.57079),
        joint="wrist_flex",
        axis=(1.0, 0.0, 0.0),
        limits=(-1.66, 1.66),
        mass=0.0661321,
        centre=(-0.00852653, -0.0352279, -2.34622e-5),
        principal=(-0.0522806, 0.705235, 0.0549524, 0.704905),
        moments=(3.45403e-5, 2.39041e-5, 1.94704e-5),
    ),
    Link(
        name="Fixed_Jaw",
        parent="Wrist_Pitch_Roll",
        pos=(0.0, -0.0601, 0.0),
        quat=about_y(1.57079),
        joint="wrist_roll",
        axis=(0.0, 1.0, 0.0),
        limits=(-2.79, 2.79),
        mass=0.0929859,
        centre=(0.00552377, -0.0280167, 0.000483583),
        principal=(0.41836, 0.620891, -0.350644, 0.562599),
        moments=(5.03136e-5, 4.64098e-5, 2.72961e-5),
    ),
    Link(
        name="Moving_Jaw",
        parent="Fixed_Jaw",
        pos=(-0.0202, -0.0244, 0.0),
        quat=(0.0, 0.0, 1.0, 0.0),
        joint="gripper",
        axis=(0.0, 0.0, 1.0),
        limits=(-0.174, 1.75),
        mass=0.0202444,
        centre=(-0.00161745, -0.0303473, 0.000449646),
        principal=(0.696562, 0.716737, -0.0239844, -0.0227026),
        moments=(1.11265e-5, 8.99651e-6, 2.99548e-6),
    ),
)
