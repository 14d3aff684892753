"""How many trials it takes to show a difference, and how small a difference a number of trials can show.

Exact calculations, over all counts that could come out; only the sequential test is simulated, from a fixed seed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, reduce
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtrc
from scipy.stats import binom, hypergeom

from .errors import UserError
from .sequential import ALPHA, log_e_of_counts

POWER = 0.80
MOST = 5000
"""Trials beyond which nobody plays; what needs more is said to need more than these."""
MOST_UNPAIRED = 500
"""Trials beyond which the unpaired test, which looks at all tables, takes too long to calculate."""
DUELS = 4000
"""Simulated ones."""
_SEED = 90_417
_NUISANCES = np.linspace(0.01, 0.99, 99)
"""Common success rates over which the unpaired test's error is kept below its level."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """What one expects of a pair of outcomes."""

    first: float
    second: float
    correlation: float
    """Phi of the outcomes of both on the same trial; 0: as if the trials were others."""

    def __post_init__(self) -> None:
        for rate in (self.first, self.second):
            if not 0 < rate < 1:
                raise UserError(
                    f"a success rate of {rate:g} leaves nothing to chance; give one between 0 and 1, as 0.9"
                )
        low, high = self.possible
        if not low - 1e-9 <= self.correlation <= high + 1e-9:
            raise UserError(
                f"a correlation of {self.correlation:g} is impossible between success rates of {self.first:g} and "
                f"{self.second:g}; it lies between {low:.2f} and {high:.2f}"
            )

    @classmethod
    def within(cls, first: float, second: float, correlation: float) -> Self:
        """With as much of the correlation as the rates leave room for."""
        highest = cls(first=first, second=second, correlation=0.0).possible[1]
        return cls(first=first, second=second, correlation=min(correlation, highest))

    @property
    def _spread(self) -> float:
        return float(np.sqrt(self.first * (1 - self.first) * self.second * (1 - self.second)))

    @property
    def possible(self) -> tuple[float, float]:
        """The correlations that these rates leave room for."""
        product = self.first * self.second
        least, most = max(0.0, self.first + self.second - 1), min(self.first, self.second)
        return (least - product) / self._spread, (most - product) / self._spread

    @property
    def only_first(self) -> float:
        return max(0.0, self.first - self._both)

    @property
    def only_second(self) -> float:
        return max(0.0, self.second - self._both)

    @property
    def _both(self) -> float:
        return self.first * self.second + self.correlation * self._spread


def paired_power(n: int, only_first: float, only_second: float, alpha: float = ALPHA) -> float:
    """Of the exact McNemar test: the chance that it shows a difference in the right direction."""
    discordant = only_first + only_second
    if discordant <= 0:
        return 0.0
    numbers = np.arange(n + 1)
    share = max(only_first, only_second) / discordant
    return float(_binomial(n, discordant) @ bdtrc(_needed(n, alpha) - 1, numbers, share))


@cache
def _needed(n: int, alpha: float) -> Numbers:
    """Wins among 0 to n discordant pairs from which the test rejects; one more than there are, where it never does."""
    numbers = np.arange(n + 1)
    losses = binom.ppf(alpha / 2, numbers, 0.5)
    return _numbers(numbers - np.where(binom.cdf(losses, numbers, 0.5) <= alpha / 2, losses, losses - 1))


def smallest_shown(n: int, discordance: float, alpha: float = ALPHA, power: float = POWER) -> float | None:
    """The smallest difference that n pairs show with that power, where one policy alone solves a share `discordance`.

    A larger difference than the discordance needs more of it. None: no difference is large enough for so few pairs.
    """

    def enough(delta: float) -> bool:
        apart = max(delta, discordance)
        return paired_power(n, (apart - delta) / 2, (apart + delta) / 2, alpha) >= power

    return _least(enough, 1.0)


def smallest_above(rate: float, power_at: Callable[[float], float], power: float = POWER) -> float | None:
    """The smallest gain over `rate` that is shown; None: even all that is left to gain is too small."""
    return _least(lambda gain: power_at(rate + gain) >= power, 1 - rate - 1e-3)


def _least(enough: Callable[[float], bool], most: float) -> float | None:
    low, high = 0.0, most
    if not enough(high):
        return None
    while high - low > 5e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def unpaired_power(n: int, first: float, second: float, alpha: float = ALPHA) -> float:
    """Of Boschloo's exact test with n trials each."""
    low, high = sorted((first, second))
    return float(_binomial(n, low) @ _rejected(n, alpha / 2) @ _binomial(n, high))


@cache
def _rejected(n: int, level: float) -> Numbers:
    """1 where the one-sided test finds the second (column) better than the first (row), for all counts of both.

    Tables are ordered by Fisher's p-value; as many are taken as keep the error below the level at any common rate.
    """
    first, second = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    fisher = _numbers(hypergeom.cdf(first, 2 * n, first + second, n))
    order = np.argsort(fisher, axis=None, kind="stable")
    size = reduce(np.maximum, (_mass(n, rate).ravel()[order].cumsum() for rate in _NUISANCES))
    ordered = fisher.ravel()[order]
    last = np.searchsorted(ordered, ordered * (1 + 1e-9), side="right") - 1
    kept = np.zeros(fisher.size)
    kept[order[size[last] <= level]] = 1.0
    return kept.reshape(fisher.shape)


def _mass(n: int, rate: float) -> Numbers:
    """Of all counts of both, where both succeed at this rate."""
    return _numbers(np.outer(_binomial(n, rate), _binomial(n, rate)))


def _binomial(n: int, p: float) -> Numbers:
    return _numbers(binom.pmf(np.arange(n + 1), n, min(p, 1.0)))


def _numbers(values: ArrayLike) -> Numbers:
    return np.asarray(values, dtype=np.float64)


def trials_for(power_at: Callable[[int], float], power: float, most: int = MOST) -> int | None:
    """The fewest trials with that power; None: more than `most`. What a few more would lose again is not counted."""
    high = 4
    while power_at(high) < power:
        if high >= most:
            return None
        high = min(2 * high, most)
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_at(middle) >= power else (middle, high)
    return _steady(power_at, power, high)


def _steady(power_at: Callable[[int], float], power: float, n: int) -> int:
    """Exact tests lose power where a count more does not yet lower what they need: the first n after such a dip."""
    return next(at for at in range(n, 2 * n + 20) if all(power_at(at + more) >= power for more in range(3)))


def lengths(pairing: Pairing, alpha: float = ALPHA, most: int = MOST, duels: int = DUELS) -> Numbers:
    """After how many pairs simulated duels see a difference; infinite where they do not within `most`."""
    generator = np.random.default_rng(_SEED)
    ends = np.full(duels, np.inf)
    wins, losses = np.zeros(duels), np.zeros(duels)
    for pair in range(1, most + 1):
        open_ = np.flatnonzero(np.isinf(ends))
        if not open_.size:
            break
        drawn = generator.random(open_.size)
        wins[open_] += drawn < pairing.only_second
        losses[open_] += drawn > 1 - pairing.only_first
        ends[open_[log_e_of_counts(wins[open_], losses[open_]) >= -np.log(alpha)]] = pair
    return ends
