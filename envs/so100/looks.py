"""What the arm looks like: meshes of its parts, a few thousand triangles in all. Nothing here touches anything."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np

from .parts import PARTS
from .solids import Triangles, corner_normals

COLOURS = {
    "printed": (0.94, 0.45, 0.07, 1.0),
    "black": (0.07, 0.07, 0.08, 1.0),
    "metal": (0.62, 0.63, 0.66, 1.0),
}
"""The arm's materials, named `arm_<key>` in the model."""


@dataclass(frozen=True, slots=True)
class Skin:
    """What of a body is made of one material."""

    corners: Triangles
    """Metres, in the body's frame."""
    normals: Triangles


def dress(spec: mujoco.MjSpec, bodies: Mapping[str, mujoco.MjsBody], group: int) -> None:
    """Adds the visual geoms, a mesh per body and material, to the bodies of the arm."""
    add_colours(spec)
    for name, body in bodies.items():
        for material, skin in _skins(name).items():
            _add_mesh(spec, f"{name}_{material}", skin)
            add_drawn(body, f"{name}_{material}", material, group)


def add_colours(spec: mujoco.MjSpec) -> None:
    for material, rgba in COLOURS.items():
        spec.add_material(name=f"arm_{material}", rgba=rgba, specular=0.3, shininess=0.3)


def add_drawn(body: mujoco.MjsBody, mesh: str, material: str, group: int) -> None:
    """A mesh of the model in its body's frame, to look at: without weight or touch."""
    body.add_geom(
        name=f"look_{mesh}",
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=mesh,
        material=f"arm_{material}",
        contype=0,
        conaffinity=0,
        group=group,
        mass=0,
    )


@functools.cache
def _skins(name: str) -> Mapping[str, Skin]:
    """By material. Kept, since they are the same in every model."""
    part = PARTS[name]()
    solids = {"printed": part.printed, "black": part.black, "metal": part.metal}
    return {material: _skin(np.concatenate(pieces)) for material, pieces in solids.items() if pieces}


def _skin(triangles: Triangles) -> Skin:
    return Skin(triangles / 1000, corner_normals(triangles))


def _add_mesh(spec: mujoco.MjSpec, name: str, skin: Skin) -> None:
    order = np.arange(3 * len(skin.corners))
    mesh = spec.add_mesh(name=name, inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL)
    mesh.uservert, mesh.userface = skin.corners.ravel(), order
    mesh.usernormal, mesh.userfacenormal = skin.normals.ravel(), order
