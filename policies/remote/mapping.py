"""Under which keys, and by which conventions, a server is sent what we see: named maps, and those of a user's file."""

from __future__ import annotations

import difflib
import enum
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, cast

import msgspec

from ...envs.base import Size

Key = tuple[str, ...]
"""Of nested maps, from the outermost: ("images", "cam_high"). One entry where a key is flat, slashes and all."""
ALL = ("*",)
"""Every entry of our state, in our order."""


class MappingError(ValueError):
    """A map that cannot be read, or does not fit the world. The message says what mends it."""


class Layout(enum.Enum):
    HWC = "hwc"
    CHW = "chw"


class Turn(enum.Enum):
    """How our upright picture is turned for a model that was trained on pictures that were not."""

    NONE = "none"
    HALF = "180"
    UPSIDE_DOWN = "upside_down"
    MIRRORED = "mirrored"


class Channels(enum.Enum):
    RGB = "rgb"
    BGR = "bgr"


class Angles(enum.Enum):
    """What the server counts angles in: entries whose unit is degrees here."""

    DEGREES = "degrees"
    RADIANS = "radians"


class Floats(enum.Enum):
    SINGLE = "float32"
    DOUBLE = "float64"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMap:
    name: str
    cameras: Mapping[Key, str]
    """Where a picture goes, and which of our cameras draws it."""
    state: Mapping[Key, tuple[str, ...]]
    """Where numbers go, and which: names of our state, ranges as `0:7`, or `*` for all."""
    instruction: Key | None = ("prompt",)
    actions: Key = ("actions",)
    """Where the plan lies in the answer."""
    columns: tuple[int, ...] = ()
    """Of the plan, one for each of the world's actions in turn; empty: as they come."""
    layout: Layout = Layout.HWC
    size: Size | None = None
    """(width, height) of the pictures; None: as the world's cameras draw them."""
    turn: Turn = Turn.NONE
    channels: Channels = Channels.RGB
    angles: Angles = Angles.DEGREES
    gripper: tuple[float, float] | None = None
    """The server's numbers for our lowest and our highest opening; None: the same as ours."""
    floats: Floats = Floats.SINGLE
    widths: Mapping[Key, int] = field(default_factory=dict[Key, int])
    """How many numbers the server expects under a key of `state`, where that is known."""
    moves: int | None = None
    """How many numbers its actions have, where that is known."""
    horizon: int = 50
    """Actions in its plan, at most."""
    fixed: Mapping[Key, Any] = field(default_factory=dict[Key, Any])
    """Sent with every query as it is."""


PRESETS: dict[str, KeyMap] = {
    keys.name: keys
    for keys in (
        KeyMap(
            name="aloha",
            cameras={("images", "cam_high"): "front", ("images", "cam_right_wrist"): "wrist"},
            state={("state",): ALL},
            layout=Layout.CHW,
            widths={("state",): 14},
            moves=14,
        ),
        KeyMap(
            name="droid",
            cameras={("observation/exterior_image_1_left",): "front", ("observation/wrist_image_left",): "wrist"},
            state={("observation/joint_position",): ("0:7",), ("observation/gripper_position",): ("7:8",)},
            size=(224, 224),
            widths={("observation/joint_position",): 7, ("observation/gripper_position",): 1},
            moves=8,
            horizon=15,
        ),
        KeyMap(
            name="libero",
            cameras={("observation/image",): "front", ("observation/wrist_image",): "wrist"},
            state={("observation/state",): ALL},
            size=(224, 224),
            widths={("observation/state",): 8},
            moves=7,
        ),
        KeyMap(
            name="so100",
            cameras={("observation/image",): "front", ("observation/wrist_image",): "wrist"},
            state={("observation/state",): ALL},
            size=(224, 224),
            widths={("observation/state",): 6},
            moves=6,
        ),
        KeyMap(
            name="calvin",
            cameras={("observation/image",): "static", ("observation/wrist_image",): "gripper"},
            state={
                ("observation/state",): ("0:7",),
                ("observation/state_ee_pos",): ("0:3",),
                ("observation/state_ee_rot",): ("3:6",),
                ("observation/state_gripper",): ("6:7",),
            },
            moves=7,
        ),
    )
}
"""openpi's embodiments by the keys of their transforms. It has none for an SO-100: ours are those of LIBERO's, with six
joints. Nor for CALVIN: these are what those who trained it there send, the state whole and in parts."""


class _File(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A map as a person writes it; nested keys are nested tables."""

    base: str = ""
    cameras: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    state: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    fixed: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    instruction: str | list[str] | None = None
    actions: str | list[str] | None = None
    columns: tuple[int, ...] | None = None
    layout: Layout | None = None
    size: tuple[int, int] | None = None
    turn: Turn | None = None
    channels: Channels | None = None
    angles: Angles | None = None
    gripper: tuple[float, float] | None = None
    floats: Floats | None = None
    horizon: int | None = None


_AS_WRITTEN = ("columns", "layout", "size", "turn", "channels", "angles", "gripper", "floats", "horizon")


def keymap(said: str) -> KeyMap:
    """By the name of a preset, or from a TOML or JSON file."""
    if said in PRESETS:
        return PRESETS[said]
    file = Path(said).expanduser()
    if file.suffix not in (".toml", ".json"):
        close = difflib.get_close_matches(said, PRESETS, n=1)
        meant = f" Did you mean '{close[0]}'?" if close else ""
        raise MappingError(
            f"no map is called '{said}'.{meant} There are: {', '.join(PRESETS)}; your own: map=FILE.toml or FILE.json"
        )
    return _from_file(file)


def _from_file(file: Path) -> KeyMap:
    try:
        text = file.read_text()
        written = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
        read = msgspec.convert(written, _File)
    except OSError as error:
        raise MappingError(f"the map {file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        known = ", ".join(field.name for field in msgspec.structs.fields(_File))
        raise MappingError(f"the map {file} cannot be read: {error}. It may say: {known}") from None
    return _filled(read, file)


def _filled(read: _File, file: Path) -> KeyMap:
    """What the file does not say is as in its base."""
    if read.base and read.base not in PRESETS:
        raise MappingError(f"the map {file} is based on '{read.base}'. There are: {', '.join(PRESETS)}")
    base = PRESETS.get(read.base) or KeyMap(name="", cameras={}, state={})
    changes: dict[str, Any] = {name: value for name in _AS_WRITTEN if (value := getattr(read, name)) is not None}
    if read.cameras:
        changes["cameras"] = {key: _camera(key, camera, file) for key, camera in flat(read.cameras).items()}
    if read.state:
        changes["state"] = {key: _entries(key, names, file) for key, names in flat(read.state).items()}
        changes |= {"widths": {}}
    if read.fixed:
        changes["fixed"] = flat(read.fixed)
    if read.instruction is not None:
        changes["instruction"] = _key(read.instruction) or None
    if read.actions is not None:
        changes["actions"] = _key(read.actions)
    if read.columns is not None:
        changes["moves"] = None
    return replace(base, name=file.stem, **changes)


def flat(nested: Mapping[str, Any], above: Key = ()) -> dict[Key, Any]:
    """Every leaf of nested maps, by its whole key."""
    leaves: dict[Key, Any] = {}
    for name, value in nested.items():
        if isinstance(value, dict):
            leaves |= flat(cast("dict[str, Any]", value), (*above, name))
        else:
            leaves[*above, name] = value
    return leaves


def put(nested: dict[str, Any], key: Key, value: Any) -> None:
    """Makes the maps on the way."""
    for name in key[:-1]:
        nested = nested.setdefault(name, {})
    nested[key[-1]] = value


def found(nested: Any, key: Key) -> Any:
    """What lies under the key; a `KeyError` where nothing does."""
    for name in key:
        if not isinstance(nested, dict) or name not in nested:
            raise KeyError(shown(key))
        nested = cast("dict[str, Any]", nested)[name]
    return nested


def shown(key: Key) -> str:
    """As a person reads it."""
    return " > ".join(key)


def conventions(keys: KeyMap) -> dict[str, Any]:
    """A map as plain values, to be hashed."""
    return {field.name: str(getattr(keys, field.name)) for field in fields(keys)}


def _key(said: str | list[str]) -> Key:
    return tuple(said) if isinstance(said, list) else (said,) if said else ()


def _camera(key: Key, camera: Any, file: Path) -> str:
    if not isinstance(camera, str):
        raise MappingError(f"the map {file}: '{shown(key)}' is {camera!r}; say which camera goes there, as \"front\"")
    return camera


def _entries(key: Key, names: Any, file: Path) -> tuple[str, ...]:
    listed = cast("list[Any]", names) if isinstance(names, list) else [names]
    if not all(isinstance(name, str) for name in listed):
        raise MappingError(
            f"the map {file}: '{shown(key)}' is {names!r}; "
            'list names of the state, ranges as "0:7", or "*" for all of it'
        )
    return tuple(cast("list[str]", listed))
