"""json_numpy's way to write arrays in JSON: a map of base64 bytes, dtype and shape."""

from __future__ import annotations

import base64
import json
import math
from typing import Any, cast

import numpy as np

_BODY, _DTYPE, _SHAPE = "__numpy__", "dtype", "shape"
KINDS = "biuf"
"""Kinds of entries that are read: numbers."""


def packed(value: Any) -> str:
    return json.dumps(value, default=_plain)


def unpacked(text: str | bytes) -> Any:
    """A `ValueError` where it is no JSON, or an array in it no array of numbers."""
    try:
        return json.loads(text, object_hook=_rich)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"this is no JSON with arrays: {error or type(error).__name__}") from None


def twice_unpacked(text: str | bytes) -> Any:
    """Also where a server wrote the JSON into a text once more."""
    value = unpacked(text)
    return unpacked(value) if isinstance(value, str) and value[:1] in ("[", "{") else value


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        body = base64.b64encode(array.tobytes()).decode()
        return {_BODY: body, _DTYPE: array.dtype.str, _SHAPE: list(array.shape)}
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON; give arrays, texts, numbers, lists and maps")


def _rich(value: dict[str, Any]) -> Any:
    if _BODY not in value:
        return value
    dtype, shape = np.dtype(value[_DTYPE]), cast("list[int]", value[_SHAPE])
    if dtype.kind not in KINDS:
        raise ValueError(f"an array of {dtype}; only numbers are read")
    body = base64.b64decode(value[_BODY], validate=True)
    if len(body) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"an array of {len(body)} bytes that says it has the shape {tuple(shape)} of {dtype}")
    array = np.frombuffer(body, dtype).reshape(shape).copy()
    return array if shape else array[()]
