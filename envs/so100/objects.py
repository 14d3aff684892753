"""How a thing on the table is told to MuJoCo: what of it touches, what of it is drawn.

The two differ. What is grasped is made of boxes, capsules and spheres, since the grip loses an ellipsoid and rolls a
cylinder out; what is drawn is turned on a lathe or cut from a box, and touches nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import mujoco
import numpy as np

from .lathe import Mesh, Profile, bevelled, turned
from .model import CONTACT_GROUP, LOOKS_GROUP

Triple = tuple[float, float, float]
Colour = tuple[float, float, float]
"""Red, green, blue; 0 to 1."""
Turn = tuple[float, float, float, float]
"""Quaternion (w, x, y, z)."""

UPRIGHT: Turn = (1.0, 0.0, 0.0, 0.0)
ALONG_X: Turn = (math.sqrt(0.5), 0.0, math.sqrt(0.5), 0.0)
"""Turns the z axis of a capsule or of a turned solid into the thing's x axis."""

THING_CONTACT, THING_ANSWERS = 1, 3
"""Bits of contype and conaffinity: table, fingers, pads and other things touch it."""
TABLE_ANSWERS = 1
"""Bits of conaffinity of what the pads pass through."""
FRICTION = (1.0, 0.005, 0.0001)
ROLLING_FRICTION = (1.0, 0.005, 0.001)
"""Stops what is round within a few centimetres, as a skin with dents or a clip would."""


@dataclass(frozen=True, slots=True)
class Touch:
    """A convex piece of a thing."""

    shape: str
    """box, capsule, sphere or cylinder."""
    size: tuple[float, ...]
    """As MuJoCo's: half edges; radius and half length; radius."""
    at: Triple = (0.0, 0.0, 0.0)
    turn: Turn = UPRIGHT


@dataclass(frozen=True, slots=True)
class Turned:
    """Drawn: a turned solid."""

    outline: Profile
    colour: Colour
    at: Triple = (0.0, 0.0, 0.0)
    turn: Turn = UPRIGHT
    material: str = "plastic"
    sides: int = 16


@dataclass(frozen=True, slots=True)
class Cut:
    """Drawn: a box with bevelled edges."""

    half: Triple
    colour: Colour
    at: Triple = (0.0, 0.0, 0.0)
    turn: Turn = UPRIGHT
    material: str = "plastic"
    bevel: float = 0.0012


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Metres and kilograms, in the thing's own frame."""

    touches: tuple[Touch, ...]
    drawn: tuple[Turned | Cut, ...]
    mass: float
    rest: float
    """Height of the origin above the table while it lies there."""
    rolls: bool = False
    """Round on its side: the table takes its spin."""


def add_thing(spec: mujoco.MjSpec, name: str, thing: Thing) -> None:
    """A body that moves freely, and without weight until it is put somewhere."""
    body = spec.worldbody.add_body(name=name, gravcomp=1.0)
    body.add_freejoint(name=name)
    volumes = [_volume(touch) for touch in thing.touches]
    for touch, volume in zip(thing.touches, volumes):
        _add_touch(body, touch, thing.mass * volume / sum(volumes), thing.rolls)
    for number, part in enumerate(thing.drawn):
        add_drawn(spec, body, f"{name}_{number}", part)


def add_drawn(spec: mujoco.MjSpec, body: mujoco.MjsBody, name: str, part: Turned | Cut) -> None:
    """Something to look at, without weight or touch."""
    mesh = turned(part.outline, part.sides) if isinstance(part, Turned) else bevelled(part.half, part.bevel)
    _add_mesh(spec, name, mesh)
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=name,
        pos=part.at,
        quat=part.turn,
        rgba=(*part.colour, 1.0),
        material=part.material,
        group=LOOKS_GROUP,
        contype=0,
        conaffinity=0,
        mass=0,
    )


def _add_mesh(spec: mujoco.MjSpec, name: str, mesh: Mesh) -> None:
    """Its inertia is never used; that of a shell is defined for any mesh, however thin."""
    added = spec.add_mesh(name=name, inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL)
    added.uservert = mesh.vertices.ravel()
    if mesh.faces.size:
        added.userface = mesh.faces.ravel()
    if mesh.texture.size:
        added.usertexcoord = mesh.texture.ravel()


def _add_touch(body: mujoco.MjsBody, touch: Touch, mass: float, rolls: bool) -> None:
    body.add_geom(
        type=getattr(mujoco.mjtGeom, f"mjGEOM_{touch.shape.upper()}"),
        size=[*touch.size, 0.0, 0.0][:3],
        pos=touch.at,
        quat=touch.turn,
        mass=mass,
        contype=THING_CONTACT,
        conaffinity=THING_ANSWERS,
        condim=6 if rolls else 3,
        friction=ROLLING_FRICTION if rolls else FRICTION,
        group=CONTACT_GROUP,
    )


def _volume(touch: Touch) -> float:
    """Up to the overlap of pieces, which share a thing's mass by it."""
    if touch.shape == "box":
        return 8.0 * float(np.prod(touch.size))
    radius, half = (*touch.size, 0.0)[:2]
    ball = 0.0 if touch.shape == "cylinder" else 4 / 3 * math.pi * radius**3
    return ball + 2 * half * math.pi * radius**2


def about_z(angle: float) -> Turn:
    return (math.cos(angle / 2), 0.0, 0.0, math.sin(angle / 2))


def prism(sides: int, inner_radius: float, half_height: float) -> tuple[Touch, ...]:
    """An upright prism of four, six, eight ... sides from boxes, each of which joins two opposite sides."""
    half = (inner_radius, inner_radius * math.tan(math.pi / sides), half_height)
    return tuple(Touch("box", half, turn=about_z(2 * math.pi * side / sides)) for side in range(sides // 2))


def bowl(inner_radius: float, height: float, wall: float, floor: float, boxes: int = 16) -> tuple[Touch, ...]:
    """An upright vessel: a floor, which alone stands on the table, and a ring of boxes."""
    outer, lifted = inner_radius + wall, floor / 2
    half = (wall / 2, outer * math.tan(math.pi / boxes), (height - lifted) / 2)
    ring = [2 * math.pi * number / boxes for number in range(boxes)]
    middle = inner_radius + wall / 2
    walls = (
        Touch("box", half, (middle * math.cos(a), middle * math.sin(a), lifted + half[2]), about_z(a)) for a in ring
    )
    return (Touch("cylinder", (outer, floor / 2), (0.0, 0.0, floor / 2)), *walls)
