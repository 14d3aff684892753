"""What a world in an interpreter of its own stands on, as found on this machine before a run starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .gl import GlChoice


class GuestError(RuntimeError):
    """It cannot be played here."""

    def __init__(self, fact: str, way_out: str) -> None:
        """`way_out`: the command that brings what is missing, or what to do."""
        super().__init__(f"{fact}; {way_out}")
        self.fact, self.way_out = fact, way_out


@dataclass(frozen=True, slots=True)
class Guest:
    interpreter: str
    """The Python that its worker runs in."""
    arguments: Mapping[str, Any]
    """For the world, those found in the environment too."""
    renderer: GlChoice
    """What draws its pictures, as tried."""
    settles: Mapping[str, str] = field(default_factory=dict[str, str])
    """Fields of a run's config that say what was found, so that a resumed run finds the same."""
