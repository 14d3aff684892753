"""Whether a later run got worse: the exact one-sided test on the trials that only one of two runs solved.

If nothing changed, a trial that ends otherwise is as likely lost as gained. A drop that is too small to matter is none,
however sure the test is of it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc

from .errors import UserError

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When a run counts as worse."""

    alpha: float = 0.01
    """The chance of a false alarm, at most: of all trials together, and of all tasks together."""
    min_drop: float = 0.03
    """Of the success rate; less does not matter."""

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 0.5:
            raise UserError(f"--alpha {self.alpha:g}: the rate of false alarms lies between 0 and 0.5, as 0.01")
        if not 0 <= self.min_drop < 1:
            points = 100 * self.min_drop
            raise UserError(f"--min-drop {points:g}: give points of success rate from 0 to below 100, as 3")


def p_value(lost: ArrayLike, gained: ArrayLike) -> NDArray[np.float64]:
    """Exact (McNemar): the chance that of the trials that ended otherwise so many are lost. Of many counts at once."""
    worse, better = np.asarray(lost, dtype=np.float64), np.asarray(gained, dtype=np.float64)
    return np.where(worse > 0, betainc(np.maximum(worse, 1), better + 1, 0.5), 1.0)


def is_drop(p: ArrayLike, difference: ArrayLike, rules: Rules) -> NDArray[np.bool_]:
    """`difference`: of rates, later less earlier."""
    sure = np.asarray(p) <= rules.alpha
    return sure & (np.asarray(difference) <= _ROUNDING - rules.min_drop)
