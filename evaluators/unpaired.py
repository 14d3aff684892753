"""Counts of another laboratory, whose trials are none of ours: k of n against k of n, with nothing to pair."""

import re
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from .errors import UserError
from .mcnemar import Interval
from .stats import LEVEL, Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaired:
    """Second less first."""

    difference: float
    p_value: float
    """Boschloo's exact test, two-sided."""
    interval: Interval
    """Newcombe's, from the two Wilson intervals."""


def against(first: Rate, second: Rate, level: float = LEVEL) -> Unpaired:
    """scipy's and statsmodels' own."""
    from scipy.stats import boschloo_exact

    proportion: Any = import_module("statsmodels.stats.proportion")
    counts = [[second.k, first.k], [second.n - second.k, first.n - first.k]]
    low, high = proportion.confint_proportions_2indep(
        second.k, second.n, first.k, first.n, method="newcomb", compare="diff", alpha=1 - level
    )
    return Unpaired(
        difference=second.k / second.n - first.k / first.n,
        p_value=min(1.0, float(boschloo_exact(counts).pvalue)),
        interval=(float(low), float(high)),
    )


def counts(text: str) -> Rate:
    """163/180"""
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
    if found is None:
        raise UserError(f"--against {text}: give successes of trials, as 163/180")
    k, n = int(found[1]), int(found[2])
    if not 0 <= k <= n or not n:
        raise UserError(f"--against {text}: {k} of {n} cannot have succeeded; give successes of trials, as 163/180")
    return Rate(k, n)
