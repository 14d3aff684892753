"""What the expert is shown, read into things: where every object lies, which are targets, where they belong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..envs.base import Observation, Vector
from ..tasks.tabletop import Kind, Pose
from ..tasks.tabletop_things import FOOTPRINTS, Footprint

GOALS = {"circle": Kind.BLOCK, "cup": Kind.STRAWBERRY, "holder": Kind.PEN}
"""What belongs there."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One observation."""

    joints: tuple[float, ...]
    """Measured; radians, in the order of the model's joints."""
    kind: Kind
    goal: Pose
    targets: Mapping[str, Pose]
    placed: frozenset[str]
    others: Mapping[str, Pose]

    @property
    def unplaced(self) -> list[str]:
        return [name for name in self.targets if name not in self.placed]

    def spots(self, without: str = "") -> list[Vector]:
        """Points of the table, (2,), that are covered: the middles and the ends of all things but one."""
        things = {**self.targets, **self.others}
        return [spot for name, pose in things.items() if name != without for spot in _spots(name, pose)]


def sight_of(observation: Observation) -> Sight | None:
    """None where nothing is shown of a goal, or nothing belongs into it."""
    shown = observation.privileged
    goal = next((name for name in GOALS if f"goal.{name}" in shown), None)
    targets = _poses(shown, "target.")
    if goal is None or not targets or "joints" not in shown:
        return None
    return Sight(
        joints=tuple(float(angle) for angle in shown["joints"]),
        kind=GOALS[goal],
        goal=_pose(shown[f"goal.{goal}"]),
        targets=targets,
        placed=frozenset(name for name in targets if _is_placed(shown, name)),
        others=_poses(shown, "object."),
    )


def _poses(shown: Mapping[str, Vector], prefix: str) -> dict[str, Pose]:
    return {name.removeprefix(prefix): _pose(shown[name]) for name in sorted(shown) if name.startswith(prefix)}


def _is_placed(shown: Mapping[str, Vector], name: str) -> bool:
    flag = shown.get(f"placed.{name}")
    return flag is not None and bool(flag[0] > 0.5)


def _pose(values: Vector) -> Pose:
    """From a position and a quaternion (w, x, y, z)."""
    return Pose(np.array(values[:3]), _rotation(values[3:7].tolist()))


def _rotation(quaternion: Sequence[float]) -> Vector:
    w, x, y, z = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def _spots(name: str, pose: Pose) -> list[Vector]:
    reach = FOOTPRINTS.get(name, Footprint(0.0)).half_length * pose.rotation[:2, 0]
    middle = pose.position[:2]
    return (
        [middle]
        if not reach.any()
        else [middle - reach, middle - reach / 2, middle, middle + reach / 2, middle + reach]
    )
