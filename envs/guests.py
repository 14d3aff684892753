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
class Doubt:
    """It can be played, and scores may yet be others than the benchmark's."""

    fact: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.fact}; {self.way_out}"


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
    upstream: Mapping[str, str] = field(default_factory=dict[str, str])
    """Commits of other people's code that the world is made of, by name."""
    doubt: Doubt | None = None


def apart(environ: Mapping[str, str]) -> dict[str, str]:
    """For another Python: without what would show it our packages, or those of whoever calls."""
    return {name: value for name, value in environ.items() if name not in _OF_ONE_PYTHON}


_OF_ONE_PYTHON = ("PYTHONPATH", "PYTHONHOME")
