"""Rates with their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtri, stdtrit

LEVEL = 0.95
TAIL = (1 - LEVEL) / 2

Interval = tuple[float, float]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rate:
    """k of n, which never stands without its exact (Clopper-Pearson) interval."""

    k: int
    n: int

    @property
    def value(self) -> float | None:
        """None where there is no data: never 0."""
        return self.k / self.n if self.n else None

    @property
    def interval(self) -> Interval | None:
        return exact(self.k, self.n) if self.n else None

    @property
    def wilson(self) -> Interval | None:
        """A second opinion, narrower and always named: it covers 0.90 at n = 20 where it promises 0.95."""
        if not self.n:
            return None
        z = float(ndtri(1 - TAIL))
        share, weight = self.k / self.n, z * z / self.n
        middle = (share + weight / 2) / (1 + weight)
        reach = z * (share * (1 - share) / self.n + weight / (4 * self.n)) ** 0.5 / (1 + weight)
        return max(0.0, middle - reach), min(1.0, middle + reach)

    @property
    def share(self) -> str:
        return "no data" if self.value is None else f"{100 * self.value:.1f} % ({self.k}/{self.n})"

    @property
    def span(self) -> str:
        """The interval in per cent."""
        return "no data" if self.interval is None else percent(self.interval)

    def __str__(self) -> str:
        if self.value is None:
            return "no data"
        return f"{100 * self.value:.1f} % ({self.k}/{self.n}, 95 % CI {self.span})"


@dataclass(frozen=True, slots=True)
class ClusteredRate:
    """k of n where some of the n belong together: plans of one trial, trials that share a start state."""

    k: int
    n: int
    clusters: int
    interval: Interval | None
    """Exact at the size of sample that says as much (Korn and Graubard); None for a single cluster, which cannot tell
    how much clusters differ."""

    @property
    def value(self) -> float | None:
        return self.k / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Mean:
    """Of n values, with its interval."""

    value: float | None
    """None where there is no data."""
    n: int
    interval: Interval | None
    """None where the values cannot tell: there is one cluster of them, or they are all equal."""


@dataclass(frozen=True, slots=True)
class Quantile:
    """The smallest value that so large a share of them does not exceed, with its interval."""

    value: float | None
    """None where there is no data or, of a time, where it is never reached."""
    interval: tuple[float, float | None] | None
    """Its upper end is None where it may never be reached."""


def percent(interval: Interval) -> str:
    return "{:.1f} to {:.1f}".format(*(100 * end for end in interval))


def exact(k: float, n: float) -> Interval:
    """Clopper and Pearson's, also for the fractions that an effective sample size gives."""
    low = 0.0 if k <= 0 else float(betaincinv(k, n - k + 1, TAIL))
    high = 1.0 if k >= n else float(betaincinv(k + 1, n - k, 1 - TAIL))
    return low, high


def clustered(pairs: Sequence[tuple[int, int]]) -> ClusteredRate:
    """`pairs`: k and n of each cluster. The more alike its members are, the fewer trials they are worth."""
    hits, sizes = np.array(pairs, dtype=float).reshape(-1, 2).T
    hits, sizes = hits[sizes > 0], sizes[sizes > 0]
    k, n, groups = int(hits.sum()), int(sizes.sum()), len(sizes)
    if groups < 2:
        return ClusteredRate(k, n, groups, exact(k, n) if n == 1 else None)
    trials = worth(hits, sizes)
    return ClusteredRate(k, n, groups, exact(k * trials / n, trials))


def worth(hits: Floats, sizes: Floats) -> float:
    """How many independent trials say as much as these clusters: at most all of them, at least one a cluster of the
    common size. Where all succeeded or none did, how alike they are cannot be seen, and it is the least."""
    n, groups = float(sizes.sum()), len(sizes)
    least = n**2 / float((sizes**2).sum())
    share = float(hits.sum()) / n
    if groups == n or share in (0.0, 1.0):
        return least
    variance = groups / (groups - 1) * float(((hits - share * sizes) ** 2).sum()) / n**2
    effect = variance / (share * (1 - share) / n)
    freedom = float(stdtrit(n - 1, 1 - TAIL) / stdtrit(groups - 1, 1 - TAIL)) ** 2
    return max(least, min(n, n * freedom / effect)) if effect > 0 else n


def mean_rate(cells: Sequence[tuple[float, Interval]]) -> Interval:
    """Of the unweighted mean of independent cells, each with its share and interval.

    Recovered from the cells' own limits (MOVER), so that it keeps its width where every trial succeeded: resampling
    such cells would promise certainty.
    """
    middle = sum(share for share, _ in cells) / len(cells)
    below = sum((share - low) ** 2 for share, (low, _) in cells) ** 0.5 / len(cells)
    above = sum((high - share) ** 2 for share, (_, high) in cells) ** 0.5 / len(cells)
    return max(0.0, middle - below), min(1.0, middle + above)
