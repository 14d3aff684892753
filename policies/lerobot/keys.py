"""Which of a checkpoint's keys is which camera, joint and motor of the world; checked before anything is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ...envs.base import ActionSpec, Size, Vector
from ..base import Query, World

IMAGES = "observation.images."
NONE = "none"
"""Said in place of a camera: the policy is to do without."""


@dataclass(frozen=True, slots=True)
class Keys:
    cameras: Mapping[str, str]
    """The checkpoint's key of a picture -> the world's camera."""
    sizes: Mapping[str, Size]
    """Of the pictures, by the world's cameras."""
    state: tuple[int, ...] | None
    """Columns of the world's state, in the checkpoint's order; None: it reads none."""
    state_key: str
    action: tuple[int, ...]
    """For each of the world's actions, its column in the checkpoint's."""

    def batch(self, queries: Sequence[Query]) -> dict[str, Any]:
        """As LeRobot's preprocessors take it: pictures (B, 3, H, W) from 0 to 1, states (B, D), instructions."""
        seen = [query.observation for query in queries]
        batch: dict[str, Any] = {"task": [look.instruction for look in seen]}
        for key, camera in self.cameras.items():
            pictures = torch.from_numpy(np.stack([look.images[camera] for look in seen]))
            batch[key] = pictures.permute(0, 3, 1, 2).contiguous().float() / 255
        if self.state is not None:
            states = np.stack([look.state[list(self.state)] for look in seen])
            batch[self.state_key] = torch.from_numpy(states.astype(np.float32))
        return batch

    def actions(self, rows: Vector, spec: ActionSpec) -> Vector:
        """(T, D) of the checkpoint as the world's, within its bounds."""
        return np.clip(rows[:, list(self.action)], spec.low, spec.high)


def keys_of(features: Mapping[str, Any], output: Mapping[str, Any], world: World, said: Mapping[str, str]) -> Keys:
    """`features`, `output`: of the checkpoint's config. `said`: the arguments `cameras`, `state` and `action`."""
    cameras = _cameras(features, world, said.get("cameras", ""))
    sizes: dict[str, Size] = {}
    for key, camera in cameras.items():
        size = _size(features[key], world.observation.cameras[camera])
        if sizes.setdefault(camera, size) != size:
            raise ValueError(f"camera '{camera}' is wanted at {sizes[camera]} and at {size}; give each key its own")
    state_key, state = _state(features, world, said.get("state", ""))
    return Keys(cameras, sizes, state, state_key, _action(output, world, said.get("action", "")))


def _cameras(features: Mapping[str, Any], world: World, text: str) -> dict[str, str]:
    """By name, unless it is said otherwise; empty cameras are LeRobot's own to fill."""
    wanted = [key for key, feature in features.items() if _type(feature) == "VISUAL"]
    there = world.observation.cameras
    given = _pairs(text, wanted) if text else {}
    found: dict[str, str] = {}
    for key in wanted:
        camera = given.get(key, _short(key))
        if camera in there:
            found[key] = camera
        elif camera != NONE and not _short(key).startswith("empty_camera"):
            raise ValueError(_unserved(key, wanted, found, there, text))
    if wanted and not found:
        raise ValueError(f"the checkpoint looks at {_list(map(_short, wanted))}; it can do without some, but not all")
    return found


def _unserved(key: str, wanted: Sequence[str], found: Mapping[str, str], there: Iterable[str], text: str) -> str:
    free = [camera for camera in there if camera not in found.values()]
    said = f" ({text} was said)" if text else ""
    return (
        f"the checkpoint looks at {_list(map(_short, wanted))}; the world has {_list(there)}{said}. Say which camera "
        f"'{_short(key)}' is: --policy-arg cameras={_short(key)}:{free[0] if free else 'CAMERA'},... or "
        f"{_short(key)}:{NONE} to do without it"
    )


def _pairs(text: str, wanted: Sequence[str]) -> dict[str, str]:
    """KEY:CAMERA,... by whole keys."""
    short = {_short(key): key for key in wanted}
    found: dict[str, str] = {}
    for part in text.split(","):
        key, colon, camera = (word.strip() for word in part.rpartition(":"))
        whole = short.get(key, key)
        if not (key and colon and camera):
            raise ValueError(
                f"--policy-arg cameras={text}: '{part}' is not KEY:CAMERA; KEY is the checkpoint's, CAMERA the world's"
            )
        if whole not in wanted:
            raise ValueError(f"--policy-arg cameras={text}: the checkpoint has no '{key}'; it looks at {_list(short)}")
        found[whole] = camera
    return found


def _size(feature: Any, own: Size) -> Size:
    """(width, height) at which the checkpoint was trained; the world's own where it does not say."""
    shape = [int(edge) for edge in feature.shape]
    if len(shape) != 3 or min(shape) < 1:
        return own
    height, width = (shape[1], shape[2]) if shape[0] == 3 else (shape[0], shape[1])
    return width, height


def _state(features: Mapping[str, Any], world: World, text: str) -> tuple[str, tuple[int, ...] | None]:
    odd = [key for key, feature in features.items() if _type(feature) not in ("VISUAL", "STATE", "LANGUAGE")]
    if odd:
        raise ValueError(f"the checkpoint reads {_list(odd)}, which no world here gives; only pictures, state and text")
    keys = [key for key, feature in features.items() if _type(feature) == "STATE"]
    if not keys:
        return "", None
    there = world.observation.state
    names = tuple(name.strip() for name in text.split(",")) if text else there
    unknown = [name for name in names if name not in there]
    if unknown:
        raise ValueError(f"--policy-arg state={text}: the world's state has no '{unknown[0]}'; it has {_list(there)}")
    width = int(features[keys[0]].shape[0])
    if len(keys) > 1 or width != len(names):
        raise ValueError(
            f"the checkpoint reads {' and '.join(keys)} of {width} numbers; the world gives {len(names)}: "
            f"{_list(names)}. Say which, in the checkpoint's order: --policy-arg state=NAME,NAME,..."
        )
    return keys[0], tuple(there.index(name) for name in names)


def _action(output: Mapping[str, Any], world: World, text: str) -> tuple[int, ...]:
    names = tuple(name.strip() for name in text.split(",")) if text else world.action.names
    given = int(output["action"].shape[0]) if "action" in output else 0
    missing = [name for name in world.action.names if name not in names]
    if missing or given != len(names):
        raise ValueError(
            f"the checkpoint's actions have {given} numbers, taken as {_list(names)}; the world is moved by "
            f"{len(world.action.names)}: {_list(world.action.names)}. Name all that the checkpoint gives, in its "
            "order: --policy-arg action=NAME,NAME,... (any word for one that the world does not take)"
        )
    return tuple(names.index(name) for name in world.action.names)


def _type(feature: Any) -> str:
    return str(getattr(feature.type, "name", feature.type))


def _short(key: str) -> str:
    return key.removeprefix(IMAGES)


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"
