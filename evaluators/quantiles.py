"""Quantiles of values that belong together: latencies of one trial's plans, times of trials that start alike."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .stats import Quantile, exact, worth

DIGITS = 6


def quantiles(values: Sequence[float], clusters: Sequence[str], shares: Sequence[float]) -> list[Quantile]:
    """Infinite values are those never reached."""
    if not values:
        return [Quantile(None, None) for _ in shares]
    order = np.argsort(values, kind="stable")
    ranked = np.array(values, dtype=float)[order]
    _, owner = np.unique(np.array(clusters)[order], return_inverse=True)
    return [_quantile(ranked, owner, share) for share in shares]


def _quantile(ranked: NDArray[np.float64], owner: NDArray[np.intp], share: float) -> Quantile:
    """With Woodruff's interval: the ranks between which the share may lie, given how much the clusters differ in it."""
    n = len(ranked)
    value = float(ranked[max(math.ceil(share * n - 1e-9) - 1, 0)])
    sizes = np.bincount(owner).astype(float)
    if len(sizes) < 2:
        return Quantile(_finite(value), None)
    trials = worth(np.bincount(owner[ranked <= value], minlength=len(sizes)).astype(float), sizes)
    lowest, highest = exact(share * trials, trials)
    low = float(ranked[max(math.floor(lowest * n) - 1, 0)])
    high = float(ranked[min(n - math.floor((1 - highest) * n), n - 1)])
    return Quantile(_finite(value), None if low == math.inf else (round(low, DIGITS), _finite(high)))


def _finite(value: float) -> float | None:
    return None if value == math.inf else round(value, DIGITS)
