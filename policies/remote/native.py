"""What our own server says beyond openpi's wire: its policy's spec, whole queries, whole plans.

The metadata frame announces it under one key. A client that knows nothing of it sends an observation and is sent
`actions`; one that does sends `reset` where a trial begins, and `queries`, as many as wait, to be sent `plans`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
import numpy as np

from ...envs.base import Observation, Vector
from ..base import Plan, PolicySpec, Query

ANNOUNCED = "armtrial"
"""The metadata's key."""
PROTOCOL = 1


class Announcement(msgspec.Struct, kw_only=True, frozen=True):
    spec: PolicySpec
    protocol: int = PROTOCOL
    reset: bool = True
    """`{"reset": {"slot", "trial", "seed"}}` is understood. A client that sends none is stateless: each of its
    observations is answered as the first of a trial."""
    queries: bool = True
    """`{"queries": [observation, ...]}` is understood."""
    max_bytes: int
    """Of a frame; a larger one ends the connection."""


class FrameError(ValueError):
    """A frame that is not as announced."""


def metadata(announcement: Announcement) -> dict[str, Any]:
    """With what each key of an observation holds, for whoever reads it with another client."""
    spec = announcement.spec
    pictures = {name: f"uint8 ({height}, {width}, 3), RGB" for name, (width, height) in spec.cameras.items()}
    expects = {"images": pictures, "state": list(spec.state), "prompt": "text"}
    return {ANNOUNCED: msgspec.to_builtins(announcement) | {"observation": expects}}


def announced(given: Any) -> Announcement | None:
    """What a server announced; None where it is another's."""
    if not isinstance(given, dict) or ANNOUNCED not in given:
        return None
    said = cast("dict[str, Any]", given)[ANNOUNCED]
    number = cast("dict[str, Any]", said).get("protocol") if isinstance(said, dict) else None
    if number != PROTOCOL:
        raise FrameError(f"it speaks protocol {number} of armtrial, this version {PROTOCOL}: bring both to one version")
    try:
        return msgspec.convert(said, Announcement)
    except msgspec.ValidationError as error:
        raise FrameError(f"its announcement cannot be read: {error}") from None


def observation_sent(query: Query) -> dict[str, Any]:
    seen = query.observation
    sent = {"images": dict(seen.images), "state": seen.state, "prompt": seen.instruction, "time": float(seen.time)}
    private = {"privileged": dict(seen.privileged)} if seen.privileged else {}
    return sent | {"slot": query.slot, "seed": query.seed} | private


def query_read(sent: Any, spec: PolicySpec, slot: int) -> Query:
    """With the slot that it has at the server. An observation of another client may lack time and seed."""
    frame = _map(sent, "an observation")
    missing = [key for key in ("images", "state", "prompt") if key not in frame and _wanted(key, spec)]
    if missing:
        raise FrameError(f"the observation lacks {', '.join(missing)}; it has: {', '.join(map(str, frame))}")
    images = _map(frame.get("images", {}), "'images'")
    seen = Observation(
        {name: _picture(name, images, spec) for name in spec.cameras},
        _state(frame.get("state"), spec),
        str(frame.get("prompt", "")),
        _number(frame.get("time", 0.0)),
        {str(name): _floats(f"privileged '{name}'", value) for name, value in _privileged(frame, spec).items()},
    )
    return Query(slot, seen, whole(frame.get("seed", 0), "seed"))


def plan_sent(plan: Plan) -> dict[str, Any]:
    actions = plan.actions
    starts = {} if plan.starts_at is None else {"starts_at": float(plan.starts_at)}
    timings = {name: float(value) for name, value in plan.timings.items()}
    return {"actions": np.asarray(actions), "flags": list(plan.flags), "timings": timings} | starts


def plan_read(sent: Any, actions: Vector, **timings: float) -> Plan:
    """`actions`: as read from it; `timings`: beside the server's own."""
    frame = _map(sent, "a plan")
    starts, flags = frame.get("starts_at"), frame.get("flags", [])
    if not isinstance(flags, list) or not all(isinstance(flag, str) for flag in cast("list[Any]", flags)):
        raise FrameError(f"the flags of a plan are {flags!r:.80}; they are a list of texts")
    theirs = {str(name): _number(value) for name, value in _map(frame.get("timings", {}), "'timings'").items()}
    stamp = None if starts is None else _number(starts)
    return Plan(actions, stamp, theirs | timings, tuple(cast("list[str]", flags)))


def whole(value: Any, what: str) -> int:
    if type(value) is not int or value < 0:
        raise FrameError(f"'{what}' is {value!r:.40}; it is a whole number from 0 on")
    return value


def listed(value: Any, what: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise FrameError(f"'{what}' is a {type(value).__name__}; it is a list")
    return cast("list[Any]", value)


def _wanted(key: str, spec: PolicySpec) -> bool:
    return {"images": bool(spec.cameras), "state": bool(spec.state), "prompt": False}[key]


def _map(value: Any, what: str) -> Mapping[Any, Any]:
    if not isinstance(value, dict):
        raise FrameError(f"{what} is a {type(value).__name__}; it is a map")
    return cast("dict[Any, Any]", value)


def _picture(name: str, images: Mapping[Any, Any], spec: PolicySpec) -> np.ndarray[Any, np.dtype[np.uint8]]:
    width, height = spec.cameras[name]
    if name not in images:
        there = ", ".join(map(str, images)) or "none"
        raise FrameError(f"the policy looks at '{name}', and the pictures that came are: {there}")
    picture: Any = images[name]
    wanted = (height, width, 3)
    came = f"{picture.dtype} {picture.shape}" if hasattr(picture, "dtype") else type(picture).__name__
    if came != f"uint8 {wanted}":
        raise FrameError(f"the picture '{name}' is to be uint8 {wanted}; {came} came")
    return picture


def _state(value: Any, spec: PolicySpec) -> Vector:
    if value is None:
        return np.empty(0)
    state = _floats("state", value)
    if spec.state and state.shape != (len(spec.state),):
        raise FrameError(f"the policy reads the state ({', '.join(spec.state)}); one of shape {state.shape} came")
    return state


def _floats(name: str, value: Any) -> Vector:
    try:
        given = np.asarray(value)
    except ValueError:
        given = np.empty(0, dtype=object)
    if given.dtype.kind not in "biuf":
        raise FrameError(f"'{name}' is a {type(value).__name__}; it is an array of numbers")
    return given.astype(np.float64)


def _privileged(frame: Mapping[Any, Any], spec: PolicySpec) -> Mapping[Any, Any]:
    return _map(frame.get("privileged", {}), "'privileged'") if spec.privileged else {}


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise FrameError(f"{value!r:.40} is no number")
    return float(value)
