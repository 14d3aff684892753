"""Between a world and a server that speaks a key map: its queries made, its answers read, both checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from ...envs.base import Gripper, Image, Observation, Size, Vector
from ..base import Plan, TransportError, World
from .answers import numbers, plan_of
from .mapping import ALL, PRESETS, Angles, Channels, KeyMap, Layout, MappingError, Turn, found, put, shown

_RANGE = re.compile(r"(\d+):(\d+)")
_ANOTHER_WIDTH = "is it the right --url? Which numbers are meant says columns = [...] in a map, --policy-arg map=FILE"


class Translation:
    """A key map that fits its world."""

    def __init__(self, keys: KeyMap, world: World) -> None:
        """Raises a `MappingError` that lists all that does not fit."""
        self.keys, self._world = keys, world
        wrong = [*_cameras(keys, world), *_state(keys, world), *_actions(keys, world)]
        if wrong:
            raise MappingError(f"the map '{keys.name}' does not fit this world: {'; '.join(wrong)}. {_cure(keys)}")
        self._picked = {key: _places(names, world.observation.state) for key, names in keys.state.items()}
        self._of_state = _scales(keys, world, world.observation.state)
        self._of_actions = _scales(keys, world, world.action.names)

    @property
    def cameras(self) -> dict[str, Size]:
        """The pictures that are sent, at the size they are sent at."""
        drawn = self._world.observation.cameras
        return {camera: self.keys.size or drawn[camera] for camera in self.keys.cameras.values()}

    def request(self, seen: Observation) -> dict[str, Any]:
        sent: dict[str, Any] = {}
        for key, camera in self.keys.cameras.items():
            put(sent, key, _picture(seen.images[camera], self.keys))
        scale, offset = self._of_state
        state = seen.state * scale + offset
        for key, places in self._picked.items():
            put(sent, key, state[places].astype(self.keys.floats.value))
        for key, value in self.keys.fixed.items():
            put(sent, key, value)
        if self.keys.instruction:
            put(sent, self.keys.instruction, seen.instruction)
        return sent

    def plan(self, answer: Any, timings: Mapping[str, float]) -> Plan:
        """Within the world's bounds. A `TransportError` where it is none for this world."""
        rows = numbers(self._found(answer))
        rows = rows[0] if rows.ndim == 3 and len(rows) == 1 else rows
        columns = self.keys.columns
        if columns and rows.ndim == 2 and max(columns) < rows.shape[1]:
            rows = rows[:, list(columns)]
        scale, offset = self._of_actions
        if rows.ndim == 2 and rows.shape[1] == len(scale):
            rows = (rows - offset) / scale
        return plan_of(rows, self._world.action, self.keys.horizon, timings, self._mend(rows))

    def _mend(self, rows: Vector) -> str:
        """Where the width is another; most models that fill up their actions put ours first."""
        width = len(self._world.action.names)
        if rows.ndim != 2 or rows.shape[1] <= width or self.keys.columns:
            return _ANOTHER_WIDTH
        base = f'base = "{self.keys.name}" and ' if self.keys.name in PRESETS else ""
        return (
            f"is it the right --url? A model that fills up its actions to {rows.shape[1]} has the world's among them: "
            f"which they are says FILE.toml, as {base}columns = {list(range(width))} for the first {width}, by "
            "--policy-arg map=FILE.toml"
        )

    def _found(self, answer: Any) -> Any:
        key = self.keys.actions
        try:
            return found(answer, key)
        except KeyError:
            there = (
                ", ".join(map(str, cast("dict[Any, Any]", answer)))
                if isinstance(answer, dict)
                else f"a {type(answer).__name__}"
            )
            raise TransportError(
                f"no '{shown(key)}' is in the server's answer, which has: {there}. "
                'Say where the plan lies: actions = "KEY" in a map, --policy-arg map=FILE'
            ) from None


def _cameras(keys: KeyMap, world: World) -> list[str]:
    there = world.observation.cameras
    return [
        f"'{shown(key)}' is the camera '{camera}', the world has ({', '.join(there)})"
        for key, camera in keys.cameras.items()
        if camera not in there
    ]


def _state(keys: KeyMap, world: World) -> list[str]:
    there, wrong = world.observation.state, list[str]()
    for key, names in keys.state.items():
        unknown = [name for name in names if name not in (*ALL, *there) and not _inside(name, len(there))]
        if unknown:
            wrong.append(f"'{shown(key)}' wants {', '.join(unknown)}, the world's state is ({', '.join(there)})")
        elif (wanted := keys.widths.get(key)) not in (None, number := len(_places(names, there))):
            wrong.append(f"'{shown(key)}' takes {wanted} numbers, the world gives {number}")
    return wrong


def _actions(keys: KeyMap, world: World) -> list[str]:
    width = len(world.action.names)
    if keys.moves not in (None, width):
        return [f"its actions have {keys.moves} numbers, the world takes {width}"]
    if keys.columns and len(keys.columns) != width:
        return [f"'columns' has {len(keys.columns)} entries, the world takes {width}"]
    if keys.gripper and (world.action.gripper is Gripper.NONE or keys.gripper[0] == keys.gripper[1]):
        return [f"'gripper' is {keys.gripper}; it is two different numbers, for a world that has a gripper"]
    return []


def _cure(keys: KeyMap) -> str:
    base = f'base = "{keys.name}", and ' if keys.name in PRESETS else ""
    return (
        "Another map is --policy-arg map=so100, calvin, droid, aloha, libero or your own FILE.toml: "
        f'{base}[cameras] KEY = "camera", [state] KEY = ["names of the state"]'
    )


def _inside(name: str, number: int) -> bool:
    parts = _RANGE.fullmatch(name)
    return parts is not None and int(parts[1]) < int(parts[2]) <= number


def _places(names: tuple[str, ...], there: tuple[str, ...]) -> list[int]:
    """Of the entries of our state that go under one key."""
    places: list[int] = []
    for name in names:
        parts = _RANGE.fullmatch(name)
        if name in ALL:
            places += range(len(there))
        elif parts:
            places += range(int(parts[1]), int(parts[2]))
        else:
            places.append(there.index(name))
    return places


def _scales(keys: KeyMap, world: World, names: tuple[str, ...]) -> tuple[Vector, Vector]:
    """What our numbers are multiplied by, and what is added, to be the server's."""
    scale, offset = np.ones(len(names)), np.zeros(len(names))
    action = world.action
    units: Mapping[str, str] = dict(zip(action.names, action.units))
    for place, name in enumerate(names):
        if keys.angles is Angles.RADIANS and units.get(name) == "deg":
            scale[place] = np.pi / 180
    if keys.gripper and action.names[-1] in names:
        place = names.index(action.names[-1])
        low, high = action.low[-1], action.high[-1]
        scale[place] = (keys.gripper[1] - keys.gripper[0]) / (high - low)
        offset[place] = keys.gripper[0] - low * scale[place]
    return scale, offset


def _picture(picture: Image, keys: KeyMap) -> Image:
    picture = turned(picture, keys.turn)
    if keys.channels is Channels.BGR:
        picture = picture[:, :, ::-1]
    return picture.transpose(2, 0, 1) if keys.layout is Layout.CHW else picture


def turned(picture: Image, turn: Turn) -> Image:
    rows = -1 if turn in (Turn.HALF, Turn.UPSIDE_DOWN) else 1
    columns = -1 if turn in (Turn.HALF, Turn.MIRRORED) else 1
    return picture[::rows, ::columns]
