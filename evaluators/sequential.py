"""Stopping when enough has been seen: a test that may be looked at after every pair, and an interval that may too.

Somebody bets, pair after pair, that the mean difference is not `delta`; were it, no way of betting gains in the mean.
The wealth of all constant bets together is the evidence E: above 1/alpha it refutes `delta`, at whatever time one
looks, since the chance that it ever gets there is at most alpha. The differences that are not refuted are the
confidence sequence. Where each pair is won, lost or drawn, the wealth against 0 has a closed form, in which the draws
do not count.

Where tasks differ it is their mean that is bet on, and one looks after whole turns of all tasks: what their means are
worth, multiplied, is then at most what the mean of them is.
"""

import enum
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import betaln, logsumexp

from .mcnemar import Interval

ALPHA = 0.05
MARGIN = 0.10
"""Smaller differences do not matter, unless a duel says otherwise."""
_NODES = 400
"""Bets that stand for all; exact for up to twice as many pairs, and near enough far beyond."""
_EDGE = 1e-9

Numbers = NDArray[np.float64]


class Stop(enum.Enum):
    BETTER = "better"
    """The second is better than the first."""
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    """The whole confidence sequence lies within the margin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the pairs say so far."""

    pairs: int
    difference: float
    """Mean, second less first."""
    log_e: float
    """Natural logarithm of the evidence that there is a difference."""
    interval: Interval
    """The confidence sequence at this time."""
    stop: Stop | None
    """Why one need not go on; None: not decided."""


def log_e_of_counts(wins: ArrayLike, losses: ArrayLike) -> Numbers:
    """The evidence against "neither is better", from the pairs that only one of them won."""
    won, lost = np.asarray(wins, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    return np.asarray(betaln(won + 1, lost + 1) - betaln(1, 1) + (won + lost) * math.log(2), dtype=np.float64)


def log_e(differences: Sequence[float], delta: float) -> float:
    """The evidence against a mean difference of `delta`, from pairs whose differences lie between -1 and 1."""
    values, times = np.unique(np.asarray(differences, dtype=np.float64), return_counts=True)
    return _log_e(values, times.astype(np.float64), delta)


def _log_e(values: Numbers, times: Numbers, delta: float) -> float:
    """A bet puts the share `u` of its wealth on 1, at the odds that a mean of `delta` makes fair, the rest on -1."""
    bets, weights = _bets()
    up, down = (1 + delta) / 2, (1 - delta) / 2
    paid = np.outer((1 + values) / 2, bets / up) + np.outer((1 - values) / 2, (1 - bets) / down)
    return float(logsumexp(times @ np.log(paid), b=weights))


@cache
def _bets() -> tuple[Numbers, Numbers]:
    """Between 0 and 1, with the weight of each."""
    places, weights = np.polynomial.legendre.leggauss(_NODES)
    return (places + 1) / 2, weights / 2


def standing(differences: Sequence[float], *, alpha: float = ALPHA, margin: float = MARGIN) -> Standing:
    """After these pairs, in whatever order. A difference that is shown is told before that it is a small one."""
    if not differences:
        return Standing(pairs=0, difference=0.0, log_e=0.0, interval=(-1.0, 1.0), stop=None)
    middle, evidence = float(np.mean(differences)), log_e(differences, 0.0)
    ends = confidence_sequence(differences, alpha)
    stop = None
    if evidence >= -math.log(alpha):
        stop = Stop.BETTER if middle > 0 else Stop.WORSE
    elif -margin < ends[0] and ends[1] < margin:
        stop = Stop.EQUIVALENT
    return Standing(pairs=len(differences), difference=middle, log_e=evidence, interval=ends, stop=stop)


def confidence_sequence(differences: Sequence[float], alpha: float = ALPHA) -> Interval:
    """All mean differences that the evidence does not refute."""
    values, times = np.unique(np.asarray(differences, dtype=np.float64), return_counts=True)
    counted = times.astype(np.float64)
    middle = min(max(float(np.mean(differences)), -1 + _EDGE), 1 - _EDGE)

    def excess(delta: float) -> float:
        return _log_e(values, counted, delta) + math.log(alpha)

    low, high = (_end(excess, middle, edge) for edge in (-1 + _EDGE, 1 - _EDGE))
    return low, high


def _end(excess: Callable[[float], float], middle: float, edge: float) -> float:
    """Where the evidence reaches 1/alpha between the observed mean and the edge of what is possible."""
    if abs(edge - middle) < _EDGE or excess(edge) <= 0:
        return round(edge)
    return float(brentq(excess, middle, edge, xtol=1e-7))
