"""What a world in an interpreter of its own stands on, as found on this machine before a run starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .gl import GlChoice

ARGUMENT = "interpreter"
"""Of any world in another Python: which one."""


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
    """Commits or versions of other people's code that the world is made of, by name, as found."""
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True)
class Python:
    """One that a world is played by."""

    path: str
    way_out: str
    """What to do where it does not serve."""

    def refused(self, why: str) -> GuestError:
        return GuestError(f"{self.path} {why}", self.way_out)


@dataclass(frozen=True, slots=True)
class Home:
    """Where a world's Python comes from: the user names one, or `make` has made it."""

    name: str
    """Of the target of `make`, and in lower case."""
    title: str
    """Of what is played."""
    needs: str
    """What a Python must have to play it."""

    @property
    def make(self) -> str:
        return f"make {self.name}"

    @property
    def variable(self) -> str:
        return f"{self.name.upper()}_PYTHON"

    def python(
        self, arguments: Mapping[str, Any], environ: Mapping[str, str], places: Sequence[Path] | None = None
    ) -> Python:
        """`arguments`: the world's, and perhaps `interpreter`. `places`: where else a Python may be."""
        another = f"name one that has {self.needs}"
        if arguments.get(ARGUMENT):
            default = f"without {ARGUMENT}=PATH the one that `{self.make}` makes is used"
            return Python(str(arguments[ARGUMENT]), f"{default}; or {another}")
        if environ.get(self.variable):
            return Python(environ[self.variable], f"unset {self.variable} && {self.make}  # or {another}")
        return Python(self._made(self._places() if places is None else places), self._again())

    def _made(self, places: Sequence[Path]) -> str:
        found = next((place for place in places if place.is_file()), None)
        if found is None:
            raise GuestError(
                f"{self.title} is played by a Python of its own, and there is none in {places[0].parent.parent}",
                f"{self.make}  # or name one that has {self.needs}: export {self.variable}=PATH",
            )
        return str(found)

    def _places(self) -> tuple[Path, ...]:
        """Where `make` leaves it: in armtrial's checkout, or where the command is called."""
        return tuple(place / self._folder() / "bin" / "python" for place in (Path(__file__).parents[1], Path.cwd()))

    def _folder(self) -> str:
        return f".venv-{self.name}"

    def _again(self) -> str:
        return f"rm -rf {self._folder()} && {self.make}"
