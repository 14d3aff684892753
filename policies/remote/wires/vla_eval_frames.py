"""vla-eval's messages: msgpack maps of type, payload, seq and timestamp, in which an array is a map with text keys."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any, cast

import msgpack
import numpy as np

_ARRAY, _BODY, _DTYPE, _SHAPE = "__ndarray__", "data", "dtype", "shape"
KINDS = "biuf"
"""Kinds of entries that travel: numbers."""
PROTOCOL = 1


class FrameError(ValueError):
    """These bytes are no message."""


@dataclass(frozen=True, slots=True)
class Message:
    kind: str
    """`hello`, `episode_start`, `observation`, `action`, `episode_end` or `error`."""
    payload: dict[str, Any]
    seq: int
    """A server answers an observation under its number."""


def packed(message: Message, timestamp: float | None = None) -> bytes:
    """Pictures go as they are: as PNG, which its own client sends, a plan would wait for them to be compressed."""
    moment = time.time() if timestamp is None else timestamp
    whole = {"type": message.kind, "payload": message.payload, "seq": message.seq, "timestamp": moment}
    return msgpack.packb(whole, default=_plain)


def unpacked(frame: bytes) -> Message:
    try:
        whole: Any = msgpack.unpackb(frame, object_hook=_rich, strict_map_key=False)
        kind, payload, seq = (whole[key] for key in ("type", "payload", "seq"))
    except (ValueError, TypeError, KeyError, RecursionError, msgpack.UnpackException) as error:
        raise FrameError(
            f"{len(frame)} bytes that are no message of vla-eval's: {error or type(error).__name__}"
        ) from None
    if not isinstance(kind, str) or not isinstance(payload, dict) or type(seq) is not int:
        raise FrameError(f"a message whose type is {kind!r}, seq {seq!r} and payload a {type(payload).__name__}")
    return Message(kind, cast("dict[str, Any]", payload), seq)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {_ARRAY: True, _BODY: value.tobytes(), _DTYPE: value.dtype.str, _SHAPE: list(value.shape)}
    raise TypeError(f"a {type(value).__name__} cannot be sent to vla-eval; give arrays, texts, numbers, lists and maps")


def _rich(value: dict[Any, Any]) -> Any:
    if _ARRAY not in value:
        return value
    dtype, shape, body = np.dtype(value[_DTYPE]), value[_SHAPE], value[_BODY]
    if dtype.kind not in KINDS:
        raise FrameError(f"an array of {dtype}; only numbers are read")
    if len(body) != math.prod(shape) * dtype.itemsize:
        raise FrameError(f"an array of {len(body)} bytes that says it has the shape {tuple(shape)} of {dtype}")
    return np.frombuffer(body, dtype).reshape(shape).copy()
