"""How N1.5 and N1.6 of GR00T write the same observation, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ...envs.base import Observation, Vector
from ..base import TransportError
from .groot_keys import Keys, Wanted
from .wires.groot_payload import Modality

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """An observation in the server's words."""

    video: Mapping[str, Array]
    """(height, width, 3) uint8, RGB."""
    state: Mapping[str, Vector]
    instruction: str


class Dialect(Protocol):
    name: str
    together: bool
    """Whether one question may be about several observations."""

    def question(self, seen: Sequence[Seen], language: str) -> dict[str, Any]:
        """The data of `get_action`."""
        ...

    def groups(self, answer: Any) -> Mapping[str, Array]:
        """(B, T, D) by action key."""
        ...


class Flat:
    """N1.5: one map with dotted keys; a state is float64, and nothing has a batch."""

    name = "n1.5"
    together = False

    def question(self, seen: Sequence[Seen], language: str) -> dict[str, Any]:
        (one,) = seen
        video = {f"video.{key}": picture[None] for key, picture in one.video.items()}
        state = {f"state.{key}": values[None] for key, values in one.state.items()}
        return {**video, **state, **({language: [one.instruction]} if language else {})}

    def groups(self, answer: Any) -> Mapping[str, Array]:
        """A group of one motor may have lost its last axis."""
        found = _numbers(answer, "action.")
        return {key: (rows[:, None] if rows.ndim == 1 else rows)[None] for key, rows in found.items()}


class Nested:
    """N1.6 and later: a map for each modality, batches, and float32 to the letter."""

    name = "n1.6"
    together = True

    def question(self, seen: Sequence[Seen], language: str) -> dict[str, Any]:
        observation = {
            "video": {key: np.stack([one.video[key] for one in seen])[:, None] for key in seen[0].video},
            "state": {key: _single(seen, key) for key in seen[0].state},
            "language": {language: [[one.instruction] for one in seen]} if language else {},
        }
        return {"observation": observation, "options": None}

    def groups(self, answer: Any) -> Mapping[str, Array]:
        return _numbers(_action(answer), "")


class FlatBatches:
    """N1.6 behind `--use-sim-policy-wrapper`: its batches under N1.5's dotted keys."""

    name = "n1.6-sim"
    together = True

    def question(self, seen: Sequence[Seen], language: str) -> dict[str, Any]:
        video = {f"video.{key}": np.stack([one.video[key] for one in seen])[:, None] for key in seen[0].video}
        state = {f"state.{key}": _single(seen, key) for key in seen[0].state}
        said = {language: [one.instruction for one in seen]} if language else {}
        return {"observation": {**video, **state, **said}, "options": None}

    def groups(self, answer: Any) -> Mapping[str, Array]:
        return _numbers(_action(answer), "action.")


DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (Flat(), Nested(), FlatBatches())}


def told_apart(config: Any) -> Dialect:
    """By its modality config: N1.5 sends JSON in a text and dotted keys."""
    modalities = _modalities(config)
    flat = [
        modality.as_text or any(key.startswith("video.") for key in modality.keys) for modality in modalities.values()
    ]
    return DIALECTS["n1.5"] if all(flat) else DIALECTS["n1.6"]


def wanted(config: Any) -> Wanted:
    modalities = _modalities(config)
    for name in ("video", "state"):
        steps = modalities[name].steps if name in modalities else (0,)
        if len(steps) != 1:
            raise ValueError(
                f"this server wants {len(steps)} moments of {name} ({', '.join(map(str, steps))}); only the present is "
                "sent: serve a model whose modality config has delta_indices=[0]"
            )
    named = {name: _without_prefix(name, modality.keys) for name, modality in modalities.items()}
    return Wanted(
        video=named.get("video", ()),
        state=named.get("state", ()),
        action=named["action"],
        language=modalities["language"].keys if "language" in modalities else (),
        horizon=len(modalities["action"].steps),
    )


def seen(observation: Observation, keys: Keys, names: Sequence[str]) -> Seen:
    """`names`: of the world's state."""
    place = {name: index for index, name in enumerate(names)}
    video = {key: observation.images[camera] for key, camera in keys.cameras.items()}
    state = {key: observation.state[[place[name] for name in group]] for key, group in keys.state.items()}
    return Seen(video, state, observation.instruction)


def rows(groups: Mapping[str, Array], keys: Keys, names: Sequence[str]) -> list[Array]:
    """(T, D) for each of a batch, in the order of the world's actions."""
    for key, motors in keys.action.items():
        if key not in groups:
            raise TransportError(f"the server's answer has {', '.join(groups) or 'nothing'}; it owes '{key}'")
        if groups[key].ndim != 3 or groups[key].shape[2] != len(motors):
            raise TransportError(
                f"the server's '{key}' has the shape {groups[key].shape}; mapped to it are {len(motors)}: "
                f"{', '.join(motors)}; is it another embodiment? --policy-arg action={key}:NAME+NAME,..."
            )
    shapes = {groups[key].shape[:2] for key in keys.action}
    if len(shapes) > 1:
        raise TransportError(f"the server's action groups have the shapes {sorted(shapes)}; all are equally long")
    said = [name for group in keys.action.values() for name in group]
    joined = np.concatenate([groups[key] for key in keys.action], axis=2)
    return list(joined[:, :, [said.index(name) for name in names]])


def _modalities(config: Any) -> dict[str, Modality]:
    given = cast("dict[str, Any]", config) if isinstance(config, dict) else {}
    found = {name: modality for name, modality in given.items() if isinstance(modality, Modality)}
    if "action" not in found or not found["action"].keys or not found["action"].steps:
        raise ValueError(
            f"get_modality_config told of {', '.join(map(str, given)) or 'nothing'}; a GR00T server tells of video, "
            "state, action and language"
        )
    return found


def _without_prefix(name: str, keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(key.removeprefix(f"{name}.") for key in keys)


def _action(answer: Any) -> Any:
    """N1.6 answers [action, info]."""
    return cast("list[Any]", answer)[0] if isinstance(answer, list) and answer else None


def _numbers(answer: Any, prefix: str) -> dict[str, Array]:
    if not isinstance(answer, dict):
        raise TransportError(f"the server answered with a {type(answer).__name__}; it owes a map of actions")
    found = cast("dict[str, Any]", answer)
    try:
        return {
            key.removeprefix(prefix): np.array(values, np.float64)
            for key, values in found.items()
            if key.startswith(prefix)
        }
    except (TypeError, ValueError, AttributeError):
        raise TransportError(f"the server's {', '.join(map(str, found))} are no arrays of numbers") from None


def _single(seen: Sequence[Seen], key: str) -> NDArray[np.float32]:
    return np.stack([one.state[key] for one in seen])[:, None].astype(np.float32)
