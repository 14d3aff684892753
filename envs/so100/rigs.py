"""The two rooms that trials are played in: table, wall, lamp and cameras of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .cameras import HAND, WORLD, Mount


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """One lamp from afar, which casts shadows, and what the room scatters."""

    azimuth: float
    """Radians: 0 shines from ahead of the arm, positive from its +x side."""
    elevation: float
    """Radians above the table."""
    strength: float
    """Diffuse light on what faces the lamp."""
    scattered: float
    """Light from everywhere."""
    ahead: float
    """Light from where the camera is."""
    warmth: float
    """-1 bluish to 1 yellowish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    tops: tuple[str, str, str]
    """Materials that its table may have."""
    wall: tuple[float, float, float]
    """Red, green and blue, 0 to 1, of the paint behind the arm."""
    lamp: Lamp
    cameras: Mapping[str, Mount]


RIGS: Mapping[str, Rig] = {
    "a": Rig(
        tops=("oak", "birch", "beech"),
        wall=(0.90, 0.93, 0.95),
        lamp=Lamp(azimuth=-0.7, elevation=1.0, strength=0.50, scattered=0.31, ahead=0.22, warmth=-0.1),
        cameras={
            "front": Mount(frame=WORLD, eye=(0.0, -0.70, 0.50), target=(0.0, -0.16, 0.07), up=(0, 0, 1), fovy=48),
            "wrist": Mount(frame=HAND, eye=(0.0, -0.03, 0.07), target=(0.0, -0.11, 0.0), up=(0, 0, 1), fovy=75),
        },
    ),
    "b": Rig(
        tops=("walnut", "slate", "felt"),
        wall=(0.78, 0.66, 0.56),
        lamp=Lamp(azimuth=0.9, elevation=0.85, strength=0.60, scattered=0.36, ahead=0.30, warmth=0.7),
        cameras={
            "front": Mount(frame=WORLD, eye=(0.10, -0.70, 0.54), target=(0.01, -0.17, 0.06), up=(0, 0, 1), fovy=47),
            "wrist": Mount(frame=HAND, eye=(0.0, -0.035, 0.066), target=(0.0, -0.11, 0.0), up=(0, 0, 1), fovy=72),
        },
    ),
}
