"""Procedural pictures that are laid on table and fruit, and the materials that carry them. No files."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""(size, size, 3), RGB; its right edge fits its left and its bottom its top."""
Colour = tuple[float, float, float]
SIZE = 512
"""Pixels along an edge."""


@dataclass(frozen=True, slots=True)
class Material:
    picture: Callable[[], Picture] | None = None
    edge: float = 0.0
    """Metres that the picture covers on a flat thing; 0: once over the whole thing."""
    specular: float = 0.0
    shininess: float = 0.0


def noise(seed: int, across: int, along: int, octaves: int = 4) -> NDArray[np.float64]:
    """Smooth, periodic, 0 to 1: sums of random grids of (across, along) cells and of finer ones."""
    rng = np.random.default_rng(seed)
    total = sum(_smooth(rng.random((along << o, across << o))) / 2**o for o in range(octaves))
    field = np.asarray(total)
    return (field - field.min()) / (field.max() - field.min())


def _smooth(grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Blown up to the picture's size, neighbours blended."""
    for axis in (0, 1):
        cells = grid.shape[axis]
        place = np.arange(SIZE) * cells / SIZE
        left = place.astype(int)
        share = place - left
        share = share * share * (3 - 2 * share)
        share = share[:, None] if axis == 0 else share[None, :]
        one, two = np.take(grid, left % cells, axis), np.take(grid, (left + 1) % cells, axis)
        grid = one * (1 - share) + two * share
    return grid


def _shaded(level: NDArray[np.float64], dark: Colour, light: Colour) -> Picture:
    low, high = np.array(dark), np.array(light)
    return (255 * (low + level[..., None] * (high - low))).clip(0, 255).astype(np.uint8)


def wood(seed: int, dark: Colour, light: Colour, boards: int = 4) -> Picture:
    """Boards side by side, each with a grain of its own and a thin joint."""
    board = np.arange(SIZE) * boards // SIZE
    rng = np.random.default_rng(seed)
    shifts, shades = rng.integers(SIZE, size=boards), rng.random(boards)
    bent = np.stack([np.roll(row, shifts[at]) for row, at in zip(noise(seed, 3, boards), board)])
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * (5 * bent + np.arange(SIZE)[:, None] * 16 / SIZE))
    fibre = np.stack([np.roll(row, shifts[at]) for row, at in zip(noise(seed + 1, 3, 96, octaves=2), board)])
    level = 0.2 * rings + 0.5 * fibre + 0.3 * shades[board][:, None]
    level[np.arange(0, SIZE, SIZE // boards)] *= 0.45
    return _shaded(level, dark, light)


def cloth(seed: int, dark: Colour, light: Colour) -> Picture:
    """A weave with uneven threads."""
    place = np.arange(SIZE)
    weave = 0.5 + 0.25 * (np.sin(place * np.pi / 2)[:, None] + np.cos(place * np.pi / 2)[None, :])
    return _shaded(0.35 * weave + 0.65 * noise(seed, 16, 16), dark, light)


def stone(seed: int, dark: Colour, light: Colour) -> Picture:
    """Veins where a field of noise crosses its middle."""
    field = noise(seed, 3, 3, octaves=5)
    veins = 1 - np.exp(-(((field - 0.5) / 0.035) ** 2))
    return _shaded(0.6 * veins + 0.4 * noise(seed + 1, 8, 8), dark, light)


def berry() -> Picture:
    """Red, with seeds in staggered rows; small, since a berry is."""
    level = np.zeros((SIZE, SIZE))
    for row in range(7):
        for seed in range(9):
            x, y = int((seed + row % 2 / 2) * SIZE / 9), int((row + 0.7) * SIZE / 7.5)
            level[y - 14 : y + 14, max(x - 8, 0) : x + 8] = 1.0
    return _shaded(level, (0.84, 0.06, 0.09), (0.98, 0.78, 0.30))


MATERIALS: Mapping[str, Material] = {
    "oak": Material(lambda: wood(1, (0.62, 0.45, 0.28), (0.86, 0.70, 0.50)), edge=0.4),
    "birch": Material(lambda: wood(2, (0.78, 0.66, 0.48), (0.95, 0.86, 0.70), boards=2), edge=0.5),
    "beech": Material(lambda: wood(3, (0.68, 0.48, 0.34), (0.86, 0.66, 0.50), boards=8), edge=0.5),
    "walnut": Material(lambda: wood(4, (0.22, 0.15, 0.11), (0.48, 0.33, 0.24)), edge=0.5),
    "slate": Material(lambda: stone(5, (0.24, 0.26, 0.29), (0.42, 0.44, 0.48)), edge=0.6),
    "felt": Material(lambda: cloth(6, (0.24, 0.28, 0.30), (0.42, 0.47, 0.50)), edge=0.3),
    "berry": Material(berry, specular=0.35, shininess=0.4),
    "plastic": Material(specular=0.35, shininess=0.5),
    "matte": Material(specular=0.05, shininess=0.1),
    "metal": Material(specular=0.9, shininess=0.7),
}


def add_materials(spec: mujoco.MjSpec) -> None:
    for name, material in MATERIALS.items():
        added = spec.add_material(name=name, specular=material.specular, shininess=material.shininess)
        if material.picture is not None:
            _add_picture(spec, name)
            textures = [""] * int(mujoco.mjtTextureRole.mjNTEXROLE)
            textures[int(mujoco.mjtTextureRole.mjTEXROLE_RGB)] = name
            added.textures = textures
            added.texuniform = material.edge > 0
            added.texrepeat = [1 / material.edge] * 2 if material.edge else [1, 1]


@functools.cache
def _pixels(name: str) -> tuple[tuple[int, ...], bytes]:
    """Shape and bytes of a material's picture, drawn once for all scenes."""
    draw = MATERIALS[name].picture
    picture = np.zeros((1, 1, 3), np.uint8) if draw is None else draw()
    return picture.shape, picture.tobytes()


def _add_picture(spec: mujoco.MjSpec, name: str) -> None:
    texture = spec.add_texture(name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, nchannel=3)
    (texture.height, texture.width, _), texture.data = _pixels(name)
