"""Figures that are plain data, for other programs: comparison.json, duel.json, plan --json."""

import enum
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec

from .stats import Rate

SCHEMA = 1


def as_json(figures: Any) -> bytes:
    """Any figures that are plain data; a rate stands with its counts and its interval."""
    return msgspec.json.format(msgspec.json.encode({"schema": SCHEMA, **_plain(figures)}), indent=2) + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Rate):
        return {"k": value.k, "n": value.n, "value": value.value, "interval": value.interval}
    if isinstance(value, enum.Enum):
        return value.value
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    return value
