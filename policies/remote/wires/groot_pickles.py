"""How GR00T's servers wrote values until August 2025: files of `torch.save`, read here without running what is in them.

Only arrays of numbers, texts, lists and maps are built, and a modality config from its fields alone.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import torch

from .groot_payload import Modality, PayloadError

_ZIP = b"PK"
_KINDS = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")


class _Modality:
    """Stands for the server's own class, whose package is not here."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        fields = state.get("__dict__", state)
        self.read = Modality(tuple(fields["modality_keys"]), tuple(fields["delta_indices"]), as_text=True)


_reconstruct: Any = np.empty(0).__reduce__()[0]
_BUILT: list[Any] = [
    np.ndarray,
    np.dtype,
    *(type(np.dtype(kind)) for kind in _KINDS),
    (_reconstruct, "numpy._core.multiarray._reconstruct"),
    (_reconstruct, "numpy.core.multiarray._reconstruct"),
    (_Modality, "gr00t.data.dataset.ModalityConfig"),
]


def packed(value: Any) -> bytes:
    body = io.BytesIO()
    torch.save(value, body)
    return body.getvalue()


def unpacked(body: bytes) -> Any:
    if not body.startswith(_ZIP):
        raise PayloadError(f"{len(body)} bytes that are no torch.save of GR00T's: they are no archive")
    try:
        with torch.serialization.safe_globals(_BUILT):
            return _plain(torch.load(io.BytesIO(body), weights_only=True))
    except (pickle.UnpicklingError, RuntimeError, ValueError, TypeError, KeyError, EOFError, AttributeError) as error:
        why = str(error).strip().splitlines() or [type(error).__name__]
        raise PayloadError(f"{len(body)} bytes that are no torch.save of GR00T's: {why[0][:200]}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, torch.Tensor):
        return value.float().numpy()
    return value.read if isinstance(value, _Modality) else value
