"""What a server answered, made into a plan or refused: the same rules for every wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...envs.base import ActionSpec, Vector
from ..base import Plan, TransportError

CLIPPED = "clipped"
"""The flag of a plan that went beyond the world's bounds by more than a rounding error."""
SLACK = 0.01
"""Of a range: so far a model's numbers may miss it without a word."""


def plan_of(given: Any, spec: ActionSpec, horizon: int, timings: Mapping[str, float], mend: str) -> Plan:
    """The first `horizon` rows, within the bounds. `mend`: what a person does where the width is another."""
    rows = numbers(given)
    if rows.ndim != 2 or rows.shape[1] != len(spec.names) or not len(rows):
        width = len(spec.names)
        raise TransportError(
            f"the server's actions have the shape {rows.shape}; this world takes (T, {width}): "
            f"{', '.join(spec.names)}; {mend}"
        )
    if not np.isfinite(rows).all():
        row, column = (int(place) for place in np.argwhere(~np.isfinite(rows))[0])
        raise TransportError(
            f"the server's action {row}, '{spec.names[column]}', is {rows[row, column]}; every one is a finite number"
        )
    rows = rows[:horizon]
    low, high = np.array(spec.low), np.array(spec.high)
    off = np.maximum(low - rows, rows - high) / (high - low)
    return Plan(np.clip(rows, low, high), timings=timings, flags=(CLIPPED,) if off.max() > SLACK else ())


def numbers(given: Any) -> Vector:
    """As float64 of their own; a single row is a plan of one action."""
    try:
        rows = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        told = str(given)
        raise TransportError(
            f"the server's actions are no array of numbers but {told[:80]}{'...' * (len(told) > 80)}"
        ) from None
    return rows[None] if rows.ndim == 1 else rows
