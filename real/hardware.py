"""What an arm is opened with: LeRobot's driver on a port, or the same driver on an arm made of software."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..envs.base import Size
from ..envs.extras import install
from ..tasks.base import Task
from .reading import ArmError

if TYPE_CHECKING:
    from .driver import Follower
    from .soft_arm import SoftArm

TWIN = "twin"
"""The port that means software."""


@dataclass(frozen=True, slots=True)
class Hardware:
    follower: Follower
    """Connected to nothing yet."""
    cameras: tuple[str, ...]
    soft: SoftArm | None = None
    """Behind the driver, where that is what is wanted."""


def found(
    tasks: Sequence[Task], port: str, places: Mapping[str, str], size: Size, name: str, folder: str, lockstep: bool
) -> Hardware:
    """`places`: of the cameras, and `name`, `folder`: of the calibration; the twin has its own."""
    try:
        from . import cameras
        from .driver import Follower
    except ImportError as error:
        raise ArmError(f"--env real needs LeRobot's driver ({error}): {install('real')}") from None
    if port != TWIN:
        configs = cameras.of_places(places, size)
        return Hardware(Follower(port, name, configs, Path(folder) if folder else None), tuple(configs))
    from .soft_arm import NAME, SoftArm

    soft = SoftArm(tasks, lockstep=lockstep)
    try:
        configs = cameras.of_twin(soft, size)
        return Hardware(Follower(soft.port, NAME, configs, soft.calibration_folder), tuple(configs), soft)
    except BaseException:
        soft.close()
        raise
