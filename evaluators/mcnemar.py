"""Two policies on the same trials, each of which succeeds or not: the exact test, and the interval of the difference.

Only trials that one of them solves and the other does not tell them apart; how many there are is left to chance.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scipy.optimize import brentq
from scipy.special import ndtri
from scipy.stats import binomtest

from .stats import LEVEL

Interval = tuple[float, float]
"""Lower and upper end of a difference, from -1 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Pairs of trials, counted by who solved them."""

    both: int
    only_first: int
    only_second: int
    neither: int

    @property
    def n(self) -> int:
        return self.both + self.discordant + self.neither

    @property
    def discordant(self) -> int:
        return self.only_first + self.only_second

    @property
    def difference(self) -> float:
        """Success rate of the second less that of the first."""
        return (self.only_second - self.only_first) / self.n

    @property
    def correlation(self) -> float | None:
        """Phi of the outcomes; None where one of them has no variance."""
        first, second = self.both + self.only_first, self.both + self.only_second
        spread = first * (self.n - first) * second * (self.n - second)
        return (self.n * self.both - first * second) / math.sqrt(spread) if spread else None


def table(pairs: Iterable[tuple[bool, bool]]) -> Table:
    """Of (first solved it, second solved it)."""
    seen = list(pairs)
    return Table(
        both=seen.count((True, True)),
        only_first=seen.count((True, False)),
        only_second=seen.count((False, True)),
        neither=seen.count((False, False)),
    )


def total(tables: Sequence[Table]) -> Table:
    """The counts of all strata together."""
    return Table(
        both=sum(each.both for each in tables),
        only_first=sum(each.only_first for each in tables),
        only_second=sum(each.only_second for each in tables),
        neither=sum(each.neither for each in tables),
    )


def p_value(counts: Table) -> float:
    """Exact and two-sided."""
    return float(binomtest(counts.only_second, counts.discordant).pvalue) if counts.discordant else 1.0


def interval(tables: Sequence[Table], level: float = LEVEL) -> Interval:
    """Of the mean over the strata of second less first, each stratum weighing the same, however many trials it has.

    Where they have as many, the mean is the difference of all together, with its interval. Else the strata's own
    intervals are combined by their distances from the estimates (MOVER).
    """
    if len({each.n for each in tables}) == 1:
        return tango(total(tables), level)
    ends = [tango(each, level) for each in tables]
    middles = [each.difference for each in tables]
    middle = sum(middles) / len(tables)
    below = math.hypot(*(at - low for at, (low, _) in zip(middles, ends))) / len(tables)
    above = math.hypot(*(high - at for at, (_, high) in zip(middles, ends))) / len(tables)
    return max(-1.0, middle - below), min(1.0, middle + above)


def tango(counts: Table, level: float = LEVEL) -> Interval:
    """Tango's score interval: all differences that a score test does not reject."""
    z = float(ndtri((1 + level) / 2))
    middle = counts.difference
    low = -1.0 if middle == -1 else _crossing(counts, z, -1.0, middle)
    high = 1.0 if middle == 1 else _crossing(counts, -z, middle, 1.0)
    return low, high


def _crossing(counts: Table, z: float, low: float, high: float) -> float:
    """The score falls as the difference rises, from above z to below it."""
    edge = 1e-12
    return float(brentq(lambda delta: score(counts, delta) - z, low + edge, high - edge, xtol=1e-10))


def score(counts: Table, delta: float) -> float:
    """How many standard errors the observed difference lies above `delta`."""
    first = only_first_at(counts, delta)
    variance = counts.n * (2 * first + delta * (1 - delta))
    excess = counts.only_second - counts.only_first - counts.n * delta
    return excess / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, excess) if excess else 0.0


def only_first_at(counts: Table, delta: float) -> float:
    """The likeliest probability that only the first solves a trial, were the difference `delta`."""
    n, first, second = counts.n, counts.only_first, counts.only_second
    linear = (2 * n - second + first) * delta - second - first
    constant = -first * delta * (1 - delta)
    root = math.sqrt(max(0.0, linear**2 - 8 * n * constant))
    return max(0.0, -delta, (root - linear) / (4 * n))
