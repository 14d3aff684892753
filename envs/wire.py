"""Values on a byte stream: length-prefixed msgpack frames that carry arrays, tuples, enums and dataclasses.

A large array follows its frame as it lies in memory and is read into its place: a picture is copied once, not thrice.
Both ends are this package, so a class travels as the text that `locate` understands; only dataclasses
and enums are ever built from it. Guest interpreters import this file: it stays valid on Python 3.10.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import io
import struct
from typing import Any, BinaryIO, cast

import msgpack
import numpy as np
from numpy.typing import NDArray

from .locate import locate, text_of

_LENGTH = struct.Struct(">I")
_ARRAY, _LARGE, _TUPLE, _ENUM, _DATA = "~array", "~large", "~tuple", "~enum", "~data"
LARGE = 4096
"""Bytes from which on an array travels behind its frame. Below, a call for each would cost more than a copy."""


class StreamEnded(EOFError):
    """The other end closed the stream, or died."""


def write(stream: BinaryIO, value: Any) -> None:
    behind: list[NDArray[Any]] = []
    body = msgpack.packb(value, default=functools.partial(_plain, behind), strict_types=True)
    stream.write(_LENGTH.pack(len(body)))
    stream.write(body)
    for array in behind:
        stream.write(_bytes_of(array))
    stream.flush()


def read(stream: BinaryIO) -> Any:
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    behind: list[NDArray[Any]] = []
    hook = functools.partial(_rich, behind)
    value = msgpack.unpackb(_exactly(stream, length), object_hook=hook, strict_map_key=False, max_bin_len=length)
    for array in behind:
        _fill(array, stream)
    return value


def _exactly(stream: BinaryIO, number: int) -> bytes:
    body = stream.read(number)
    if len(body) < number:
        raise StreamEnded(f"the stream ended {number - len(body)} bytes early")
    return body


def _fill(array: NDArray[Any], stream: BinaryIO) -> None:
    missing = array.nbytes - cast("io.BufferedReader", stream).readinto(_bytes_of(array))
    if missing:
        raise StreamEnded(f"the stream ended {missing} bytes early")


def _bytes_of(array: NDArray[Any]) -> memoryview:
    """Of a contiguous array, where they are."""
    return array.reshape(-1).view(np.uint8).data


def _plain(behind: list[NDArray[Any]], value: Any) -> Any:
    """For msgpack. Large arrays are left for behind the frame."""
    if isinstance(value, np.ndarray):
        array = cast("NDArray[Any]", value)
        if array.dtype.hasobject:
            raise TypeError("an array of Python objects cannot travel between processes; give an array of numbers")
        if array.nbytes >= LARGE:
            behind.append(np.ascontiguousarray(array))
            return {_LARGE: [array.dtype.str, list(array.shape)]}
        return {_ARRAY: [array.dtype.str, list(array.shape), array.tobytes()]}
    if isinstance(value, np.generic):
        return cast("np.generic[Any]", value).item()
    if isinstance(value, tuple):
        return {_TUPLE: list(cast("tuple[Any, ...]", value))}
    if isinstance(value, enum.Enum):
        return {_ENUM: [_text(type(value)), value.name]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {_DATA: [_text(type(value)), {name: getattr(value, name) for name in _fields(type(value))}]}
    if isinstance(value, dict):
        return dict(cast("dict[Any, Any]", value))
    raise TypeError(f"a {type(value).__name__} cannot travel between processes")


def _rich(behind: list[NDArray[Any]], value: dict[str, Any]) -> Any:
    """The reverse. Large arrays are still empty."""
    if len(value) != 1:
        return value
    ((tag, body),) = value.items()
    if tag == _ARRAY:
        dtype, shape, data = body
        return np.frombuffer(data, dtype=dtype).reshape(shape).copy()
    if tag == _LARGE:
        dtype, shape = cast("tuple[str, list[int]]", tuple(body))
        behind.append(np.empty(shape, dtype=dtype))
        return behind[-1]
    if tag == _TUPLE:
        return tuple(body)
    if tag == _ENUM:
        return _class(body[0])[body[1]]
    if tag == _DATA:
        return _class(body[0])(**body[1])
    return value


@functools.cache
def _text(kind: type) -> str:
    return text_of(kind)


@functools.cache
def _fields(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind) if field.init)


@functools.cache
def _class(text: str) -> Any:
    kind = locate(text)
    if not (isinstance(kind, type) and (dataclasses.is_dataclass(kind) or issubclass(kind, enum.Enum))):
        raise TypeError(f"{text} is neither a dataclass nor an enum; it cannot travel between processes")
    return kind
