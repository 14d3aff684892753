"""Executed actions as text, so that they fit into a file that is kept in a repository: exact to the last bit."""

import base64
import binascii
import zlib
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from ..envs.base import Vector
from .errors import FolderError

Kind = Literal["<f4", "<f8"]
LARGEST = 64 * 2**20
"""Bytes of one trial's actions: more than a day of them, and no bomb."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    kind: Kind
    """Little-endian numbers of 4 bytes where these tell the actions exactly, as a network's do; else of 8."""
    ticks: int
    width: int
    """Entries of one action."""
    body: str
    """Base64 of zlib's of the numbers' first bytes, then of all second ones, and so on: alike ones lie together."""

    @classmethod
    def of(cls, actions: Vector) -> Self:
        ticks, width = actions.shape
        with np.errstate(over="ignore"):
            kind: Kind = "<f4" if np.array_equal(actions.astype("<f4").astype("<f8"), actions) else "<f8"
        numbers = np.ascontiguousarray(actions.astype(kind).T)
        planes = numbers.view(np.uint8).reshape(-1, numbers.itemsize).T
        body = base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode()
        return cls(kind=kind, ticks=ticks, width=width, body=body)

    @property
    def actions(self) -> Vector:
        """(ticks, width)"""
        size = np.dtype(self.kind).itemsize
        planes = np.frombuffer(self._bytes(size * self.ticks * self.width), np.uint8).reshape(size, -1)
        numbers = np.ascontiguousarray(planes.T).view(self.kind).reshape(self.width, self.ticks)
        return np.ascontiguousarray(numbers.T).astype(np.float64)

    def _bytes(self, size: int) -> bytes:
        try:
            unpacked = zlib.decompressobj().decompress(base64.b64decode(self.body, validate=True), LARGEST)
        except (binascii.Error, zlib.error) as error:
            raise FolderError(f"actions of {self.ticks} ticks are damaged: {error}") from None
        if len(unpacked) != size:
            raise FolderError(f"actions of {self.ticks} ticks are {len(unpacked)} bytes; they take {size}")
        return unpacked
