"""Values on a byte stream: length-prefixed msgpack frames that carry arrays, tuples, enums and dataclasses.

Both ends are this package, so a class travels as the text that `locate` understands; only dataclasses
and enums are ever built from it. Guest interpreters import this file: it stays valid on Python 3.10.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import struct
from typing import Any, BinaryIO, cast

import msgpack
import numpy as np
from numpy.typing import NDArray

from .locate import locate, text_of

_LENGTH = struct.Struct(">I")
_ARRAY, _TUPLE, _ENUM, _DATA = "~array", "~tuple", "~enum", "~data"


class StreamEnded(EOFError):
    """The other end closed the stream, or died."""


def write(stream: BinaryIO, value: Any) -> None:
    body = msgpack.packb(value, default=_plain, strict_types=True)
    stream.write(_LENGTH.pack(len(body)))
    stream.write(body)
    stream.flush()


def read(stream: BinaryIO) -> Any:
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    return msgpack.unpackb(_exactly(stream, length), object_hook=_rich, strict_map_key=False, max_bin_len=length)


def _exactly(stream: BinaryIO, number: int) -> bytes:
    body = stream.read(number)
    if len(body) < number:
        raise StreamEnded(f"the stream ended {number - len(body)} bytes early")
    return body


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        array = cast("NDArray[Any]", value)
        if array.dtype.hasobject:
            raise TypeError("an array of Python objects cannot travel between processes; give an array of numbers")
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


def _rich(value: dict[str, Any]) -> Any:
    if len(value) != 1:
        return value
    ((tag, body),) = value.items()
    if tag == _ARRAY:
        dtype, shape, data = body
        return np.frombuffer(data, dtype=dtype).reshape(shape).copy()
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
