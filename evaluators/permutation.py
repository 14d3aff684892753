"""Two policies on the same trials, each of which earns a share of its progress: who made more of it was chance, or not.

If neither is better, the difference within each start state might as well have come out with the other sign. Trials
that begin in the same state keep one sign: what happens in one of them says something of the others.

Strata, as tasks are, weigh the same, however many trials they have.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from .mcnemar import Interval
from .stats import LEVEL

SIGNINGS = 9_999
"""Drawn where there are too many to try all."""
ALL_UP_TO = 12
"""Start states of which all signings are tried."""
_SEED = 20_131
_ROUNDING = 1e-12
_HALVINGS = 40

Numbers = NDArray[np.float64]
Stratum = tuple[Sequence[float], Sequence[str]]
"""Differences, second less first, trial by trial, and the start state of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignFlip:
    """The mean of the strata's mean differences, each between -1 and 1, and what signs by chance make of it."""

    difference: float
    p_value: float
    interval: Interval
    """All differences that the same test does not reject once a trial is won and one lost in addition: without them
    trials that all end alike would leave no doubt."""
    least: float
    """The smallest p-value that so many start states can give, whatever happens in them."""


def sign_flip(strata: Sequence[Stratum], level: float = LEVEL) -> SignFlip:
    sums, sizes = _by_cluster(strata)
    middle = float(sums.sum() / sizes.sum())
    doubted = _test(np.append(sums, (1.0, -1.0)), np.append(sizes, (1.0, 1.0)))
    inside = float(sums.sum() / (sizes.sum() + 2))
    low, high = (_last_kept(doubted, inside, end, 1 - level) for end in (-1.0, 1.0))
    return SignFlip(
        difference=middle,
        p_value=_test(sums, sizes)(0.0),
        interval=(min(low, middle), max(high, middle)),
        least=max(0.5 ** (len(sums) - 1), 1 / (1 + SIGNINGS)),
    )


def _test(sums: Numbers, sizes: Numbers) -> Callable[[float], float]:
    """The p-value of the hypothesis that the mean difference is so much."""
    signs = _signings(len(sums))
    of_sums, of_sizes, sum_, n = signs @ sums, signs @ sizes, float(sums.sum()), float(sizes.sum())

    def p_value(delta: float) -> float:
        return float(np.mean(np.abs(of_sums - delta * of_sizes) >= abs(sum_ - delta * n) - _ROUNDING * n))

    return p_value


def _by_cluster(strata: Sequence[Stratum]) -> tuple[Numbers, Numbers]:
    """Of each start state: the sum of its differences, and how many there are; each weighs 1 where strata are alike."""
    sizes = np.array([len(differences) for differences, _ in strata])
    weights = np.repeat(sizes.sum() / (len(sizes) * sizes), sizes)
    differences = np.concatenate([np.asarray(each, dtype=np.float64) for each, _ in strata])
    _, which = np.unique(np.concatenate([np.asarray(starts) for _, starts in strata]), return_inverse=True)
    sums, counts = np.bincount(which, weights=weights * differences), np.bincount(which, weights=weights)
    return sums.astype(np.float64), counts.astype(np.float64)


def _signings(clusters: int) -> Numbers:
    """A row each. What was observed is one of them, so that no p-value is 0."""
    if clusters <= ALL_UP_TO:
        return np.array(list(product((1.0, -1.0), repeat=clusters)), dtype=np.float64)
    drawn = np.random.default_rng(_SEED).integers(0, 2, (SIGNINGS, clusters))
    return np.vstack([np.ones((1, clusters)), 1.0 - 2.0 * drawn]).astype(np.float64)


def _last_kept(p_value: Callable[[float], float], inside: float, outside: float, alpha: float) -> float:
    """The difference furthest from the observed one that is not rejected; by halving."""
    if p_value(outside) > alpha:
        return outside
    for _ in range(_HALVINGS):
        between = (inside + outside) / 2
        inside, outside = (between, outside) if p_value(between) > alpha else (inside, between)
    return inside
