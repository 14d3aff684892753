"""Which of a GR00T server's keys is which camera, joint and motor of the world: presets, flags, and the check."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..base import World

LANGUAGE = "annotation.human.task_description"
Groups = Mapping[str, tuple[str, ...]]
"""The server's keys, and the world's names that each one has, in order."""


@dataclass(frozen=True, slots=True)
class Keys:
    """A server's word for each of the world's; more than the server has is no harm in a preset."""

    cameras: Mapping[str, str]
    state: Groups
    action: Groups
    language: str = ""
    """The key of the instruction; empty: whichever the server has."""


_ARM = ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll")
_SO100: Groups = {"single_arm": _ARM, "gripper": ("gripper",)}
EMBODIMENTS = {
    "so100": Keys({"front": "front", "webcam": "front", "wrist": "wrist"}, _SO100, _SO100),
}
"""`webcam` is the one camera of the first SO-100 data configs."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a server says it takes and gives, without the prefixes of the flat keys."""

    video: tuple[str, ...]
    state: tuple[str, ...]
    action: tuple[str, ...]
    language: tuple[str, ...]
    horizon: int


def keys_of(embodiment: str, cameras: str, state: str, action: str, language: str) -> Keys:
    """The preset, in which each flag replaces what it says; without one for the actions they go as the state does."""
    if embodiment not in EMBODIMENTS:
        raise ValueError(f"no embodiment is called '{embodiment}'; there are: {', '.join(sorted(EMBODIMENTS))}")
    keys = EMBODIMENTS[embodiment]
    if cameras:
        keys = replace(keys, cameras={**keys.cameras, **_pairs(cameras, "cameras")})
    if state:
        keys = replace(keys, state=_groups(state, "state"), action=_groups(state, "state"))
    if action:
        keys = replace(keys, action=_groups(action, "action"))
    return replace(keys, language=language) if language else keys


def fitted(keys: Keys, wanted: Wanted, world: World) -> Keys:
    """What of the keys this server wants, each of them in the world; a `ValueError` lists all that is wrong."""
    wrong = [*_wrong_cameras(keys, wanted, world), *_wrong_state(keys, wanted, world)]
    wrong += [*_wrong_action(keys, wanted, world), *_wrong_language(keys, wanted)]
    if wrong:
        raise ValueError("this server does not fit the world: " + "; ".join(wrong))
    return Keys(
        {key: keys.cameras[key] for key in wanted.video},
        {key: keys.state[key] for key in wanted.state},
        {key: keys.action[key] for key in wanted.action},
        keys.language or _usual(wanted.language),
    )


def _wrong_cameras(keys: Keys, wanted: Wanted, world: World) -> Iterable[str]:
    there = world.observation.cameras
    for key in wanted.video:
        if keys.cameras.get(key) not in there:
            ours = f"is mapped to '{keys.cameras[key]}'" if key in keys.cameras else "is mapped to no camera"
            guess = _closest(key, there)
            yield f"it looks at '{key}', which {ours}; the world has {_list(there)}: --policy-arg cameras={key}:{guess}"


def _wrong_state(keys: Keys, wanted: Wanted, world: World) -> Iterable[str]:
    there = world.observation.state
    for key in wanted.state:
        strange = [name for name in keys.state.get(key, ()) if name not in there]
        if key not in keys.state or strange:
            ours = f"is mapped to {_list(strange)}" if strange else "is mapped to nothing"
            yield f"it reads '{key}', which {ours}; the world's state is {_list(there)}: " + _example(
                "state", key, there
            )


def _wrong_action(keys: Keys, wanted: Wanted, world: World) -> Iterable[str]:
    there = world.action.names
    unknown = [key for key in wanted.action if key not in keys.action]
    if unknown:
        yield f"it moves {_list(unknown)}, mapped to nothing; the world moves {_list(there)}: " + _example(
            "action", unknown[0], there
        )
        return
    moved = [name for key in wanted.action for name in keys.action[key]]
    if sorted(moved) != sorted(there):
        yield f"its {_list(wanted.action)} move {_list(moved)}; the world moves {_list(there)}: " + _example(
            "action", wanted.action[0] if wanted.action else "KEY", there
        )


def _wrong_language(keys: Keys, wanted: Wanted) -> Iterable[str]:
    there = wanted.language
    if (keys.language and keys.language not in there) or (not keys.language and there and not _usual(there)):
        ours = f"not at '{keys.language}'" if keys.language else "and which of them is not said"
        yield f"it reads an instruction at {_list(there)}, {ours}: --policy-arg language={there[0] if there else ''}"


def _usual(there: Sequence[str]) -> str:
    return LANGUAGE if LANGUAGE in there else there[0] if len(there) == 1 else ""


def _example(flag: str, key: str, names: Iterable[str]) -> str:
    return f"--policy-arg {flag}={key}:{'+'.join(names)} (several: KEY:NAME+NAME,KEY:NAME)"


def _pairs(text: str, flag: str) -> dict[str, str]:
    return {key: "+".join(names) for key, names in _groups(text, flag).items()}


def _groups(text: str, flag: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for part in text.split(","):
        key, colon, names = (word.strip() for word in part.partition(":"))
        if not (key and colon and names):
            raise ValueError(
                f"--policy-arg {flag}={text}: '{part}' is not KEY:NAME; KEY is the server's, NAME the world's"
            )
        found[key] = tuple(name.strip() for name in names.split("+"))
    return found


def _closest(key: str, names: Collection[str]) -> str:
    close = difflib.get_close_matches(key, names, n=1, cutoff=0.0)
    return close[0] if close else "NAME"


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"
