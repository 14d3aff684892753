"""openpi's encoding of arrays in msgpack, to the byte: what its client and its server read and write.

An array is a map of four entries whose keys are bytes, `b"__ndarray__"` among them. What comes in may be anybody's:
only plain numbers and texts are ever built from it, as many as their bytes allow and no more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgpack
import numpy as np

_ARRAY, _SCALAR, _DATA, _DTYPE, _SHAPE = b"__ndarray__", b"__npgeneric__", b"data", b"dtype", b"shape"
KINDS = "biufSU"
"""Kinds of entries that travel: numbers and texts. Python objects, records and complex numbers do not."""
LARGEST = 2**28
"""Bytes of a frame, unless its reader says otherwise."""
MOST_CONTAINERS = 100_000
"""Maps and lists in a frame: an empty one is a single byte of it and some hundred bytes of memory."""
MOST_DIMENSIONS = 32


class CodecError(ValueError):
    """A frame that is not what it should be, or a value that cannot travel."""


def packed(value: Any) -> bytes:
    """Tuples become lists; an array travels row by row, whatever its order in memory."""
    try:
        return msgpack.packb(value, default=_plain)
    except (TypeError, OverflowError) as error:
        raise CodecError(f"this cannot travel: {error}") from None


def unpacked(frame: bytes, largest: int = LARGEST) -> Any:
    """The value. Its arrays are the caller's own to write into."""
    if len(frame) > largest:
        raise CodecError(f"a frame of {len(frame)} bytes came; at most {largest} are read")
    room = _Room(MOST_CONTAINERS)
    try:
        return msgpack.unpackb(
            frame, object_hook=room.counted(_rich), list_hook=room.counted(_listed), ext_hook=_refused
        )
    except CodecError:
        raise
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise CodecError(f"this is no msgpack frame: {error or type(error).__name__}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind not in KINDS:
        raise CodecError(f"an array of {value.dtype} cannot travel; give one of numbers or texts")
    if isinstance(value, np.ndarray):
        return {_ARRAY: True, _DATA: value.tobytes(), _DTYPE: value.dtype.str, _SHAPE: value.shape}
    if isinstance(value, np.generic):
        return {_SCALAR: True, _DATA: value.item(), _DTYPE: value.dtype.str}
    raise CodecError(f"a {type(value).__name__} cannot travel; give numbers, texts, lists, maps and arrays")


class _Room:
    """How many containers may still come."""

    def __init__(self, left: int) -> None:
        self._left = left

    def counted[T](self, build: Callable[[T], Any]) -> Callable[[T], Any]:
        def counting(value: T) -> Any:
            self._left -= 1
            if self._left < 0:
                raise CodecError(f"more than {MOST_CONTAINERS} maps and lists in one frame")
            return build(value)

        return counting


def _rich(value: dict[Any, Any]) -> Any:
    if _ARRAY in value:
        return _array(value)
    if _SCALAR in value:
        return _scalar(value)
    return value


def _listed(value: list[Any]) -> list[Any]:
    return value


def _array(value: dict[Any, Any]) -> np.ndarray[Any, Any]:
    dtype, shape, data = _dtype(value), value.get(_SHAPE), value.get(_DATA)
    if not isinstance(shape, list) or len(shape) > MOST_DIMENSIONS or not all(_is_size(size) for size in shape):
        raise CodecError(f"an array's shape is {shape!r:.80}; it is at most {MOST_DIMENSIONS} whole numbers")
    needed = math.prod(shape) * dtype.itemsize
    if not isinstance(data, bytes) or len(data) != needed:
        came = f"{len(data)} bytes" if isinstance(data, bytes) else f"a {type(data).__name__}"
        raise CodecError(f"an array of {dtype.str} with the shape {tuple(shape)} has {needed} bytes; {came} came")
    return np.frombuffer(bytearray(data), dtype=dtype).reshape(shape) if needed else np.empty(shape, dtype)


def _is_size(size: Any) -> bool:
    return type(size) is int and 0 <= size <= LARGEST


def _scalar(value: dict[Any, Any]) -> Any:
    dtype, data = _dtype(value), value.get(_DATA)
    if not isinstance(data, bool | int | float | str | bytes):
        raise CodecError(f"a number of {dtype.str} came as a {type(data).__name__}")
    try:
        return dtype.type(data)
    except (ValueError, TypeError, OverflowError) as error:
        raise CodecError(f"a number of {dtype.str} came as {data!r:.40}: {error}") from None


def _dtype(value: dict[Any, Any]) -> np.dtype[Any]:
    said = value.get(_DTYPE)
    known = isinstance(said, str) and len(said) <= 16 and said[:1] in ("<", ">", "|", "=") and said[1:2] in tuple(KINDS)
    try:
        dtype = np.dtype(said) if known else None
    except TypeError:
        dtype = None
    if dtype is None or dtype.kind not in KINDS or not dtype.itemsize:
        raise CodecError(f"an array of {said!r:.40} came; those of numbers and texts are read, as '<f4' or '|u1'")
    return dtype


def _refused(code: int, _: Any) -> Any:
    raise CodecError(f"an extension of type {code} came; none is part of this encoding")
