"""How GR00T's servers write values: msgpack, in which an array is the file that `numpy.save` makes of it."""

from __future__ import annotations

import io
import json
import math
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

_ARRAY, _ARRAY_BODY = "__ndarray_class__", "as_npy"
_MODALITY, _MODALITY_BODIES = "__ModalityConfig_class__", ("as_json", "as_dict")


class PayloadError(ValueError):
    """These bytes are not what the protocol sends."""


@dataclass(frozen=True, slots=True)
class Modality:
    """One entry of a server's modality config."""

    keys: tuple[str, ...]
    steps: tuple[int, ...]
    """Which ticks it is about, counted from now: the server's `delta_indices`."""
    as_text: bool
    """Whether it came as JSON in a text, as N1.5 sends it; N1.6 sends a map."""


def packed(value: Any) -> bytes:
    return msgpack.packb(value, default=_plain)


def unpacked(body: bytes) -> Any:
    """Arrays of numbers and modalities in place of their maps; whatever else comes is a `PayloadError`."""
    try:
        return msgpack.unpackb(body, object_hook=_rich, strict_map_key=False)
    except (ValueError, TypeError, KeyError, RecursionError, msgpack.UnpackException) as error:
        raise PayloadError(
            f"{len(body)} bytes that are no msgpack of GR00T's: {error or type(error).__name__}"
        ) from None


def array_bytes(array: NDArray[Any]) -> bytes:
    body = io.BytesIO()
    np.save(body, array, allow_pickle=False)
    return body.getvalue()


def array_of(body: bytes) -> NDArray[Any]:
    """Numbers only. The header is believed where as many bytes follow it as it says."""
    stream = io.BytesIO(body)
    major = npy.read_magic(stream)[0]
    shape, _, dtype = npy.read_array_header_1_0(stream) if major == 1 else npy.read_array_header_2_0(stream)
    if dtype.kind not in "biuf":
        raise PayloadError(f"an array of {dtype}; only numbers are read")
    if (promised := math.prod(shape) * dtype.itemsize) != len(body) - stream.tell():
        raise PayloadError(f"an array of {promised} bytes in which {len(body) - stream.tell()} are left")
    stream.seek(0)
    return np.load(stream, allow_pickle=False)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {_ARRAY: True, _ARRAY_BODY: array_bytes(value)}
    raise TypeError(f"a {type(value).__name__} cannot be sent to GR00T; give arrays, texts, numbers, lists and maps")


def _rich(value: dict[Any, Any]) -> Any:
    if _ARRAY in value:
        return array_of(value[_ARRAY_BODY])
    return _modality(value) if _MODALITY in value else value


def _modality(value: dict[Any, Any]) -> Modality:
    given: Any = next((value[key] for key in _MODALITY_BODIES if key in value), {})
    as_text = isinstance(given, str)
    fields = json.loads(given) if as_text else given
    keys, steps = tuple(fields["modality_keys"]), tuple(fields["delta_indices"])
    if not all(type(key) is str for key in keys) or not all(type(step) is int for step in steps):
        raise PayloadError(f"a modality with the keys {keys} at the steps {steps}")
    return Modality(keys, steps, as_text)
