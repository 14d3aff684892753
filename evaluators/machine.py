"""A machine as `armtrial doctor` sees it, and what it finds there."""

import enum
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ..envs import gl
from ..envs.calvin.guest import guest
from ..envs.guests import Guest
from ..envs.robosuite.guest import guest as robosuite_guest


class Status(enum.Enum):
    OK = "ok"
    MISSING = "missing-optional"
    """Something cannot be done here; all else can."""
    BROKEN = "broken"
    """Runs fail here until it is mended."""


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    status: Status
    fact: str
    cure: str = ""
    """The command, or what to do where no command does it; empty where there is nothing to mend."""


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _calvin(environ: Mapping[str, str]) -> Guest:
    return guest({}, environ)


def _robosuite(environ: Mapping[str, str]) -> Guest:
    return robosuite_guest({}, environ)


def _usable(device: Path) -> bool:
    return os.access(device, os.R_OK | os.W_OK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the checks look at. A test shows them another machine."""

    environ: Mapping[str, str]
    folder: Path
    """Where runs will be written."""
    package: Path = Path(__file__).parent.parent
    devices: Path = Path("/dev")
    meminfo: Path = Path("/proc/meminfo")
    python: str = sys.version.split()[0]
    limit: float = gl.LIMIT
    """Seconds that each program may take."""
    version: Callable[[str], str | None] = _version
    """The installed version of a package; None where there is none."""
    usable: Callable[[Path], bool] = _usable
    """Whether this user may read and write a device."""
    run: gl.Run = gl.run_apart
    calvin: Callable[[Mapping[str, str]], Guest] = _calvin
    """What CALVIN is played with; a `GuestError` where it cannot be."""
    robosuite: Callable[[Mapping[str, str]], Guest] = _robosuite

    @property
    def is_checkout(self) -> bool:
        return (self.package / "pyproject.toml").is_file()
