"""What two sides of the same trials differ by, and whether that was chance; tasks weigh the same, whatever they count.

Where every task has as many trials, the test of success is exact (McNemar). Where some have fewer, as after void ones,
pooled counts would test another difference than the one that is told: signs by chance then weigh as the tasks do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..tasks.base import Score
from . import drop, mcnemar
from .mcnemar import Interval, Table
from .paired import Match
from .permutation import SignFlip, sign_flip


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    difference: float
    """Second less first."""
    interval: Interval
    p_value: float
    """Two-sided."""
    p_worse: float
    """One-sided: the chance that the second loses so much, or more."""
    least_p: float
    """The smallest two-sided p-value that so many trials can give, of progress so many start states."""


def contrast(score: Score, groups: Sequence[Sequence[Match]], first: int = 0, second: int = 1) -> Found:
    """`groups`: the trials of each task."""
    return (_by_success if score is Score.SUCCESS else _by_progress)(groups, first, second)


def tables_of(groups: Sequence[Sequence[Match]], first: int = 0, second: int = 1) -> list[Table]:
    return [mcnemar.table((match.successes[first], match.successes[second]) for match in group) for group in groups]


def _by_success(groups: Sequence[Sequence[Match]], first: int, second: int) -> Found:
    tables = tables_of(groups, first, second)
    counts, interval = mcnemar.total(tables), mcnemar.interval(tables)
    if len({each.n for each in tables}) > 1:
        return _signed(_flipped(Score.SUCCESS, groups, first, second), interval)
    return Found(
        difference=counts.difference,
        interval=interval,
        p_value=mcnemar.p_value(counts),
        p_worse=float(drop.p_value(counts.only_first, counts.only_second)),
        least_p=min(1.0, 0.5 ** (counts.n - 1)),
    )


def _by_progress(groups: Sequence[Sequence[Match]], first: int, second: int) -> Found:
    flipped = _flipped(Score.PROGRESS, groups, first, second)
    return _signed(flipped, flipped.interval)


def _flipped(score: Score, groups: Sequence[Sequence[Match]], first: int, second: int) -> SignFlip:
    """By success, each trial is evidence of its own."""
    return sign_flip(
        [
            (
                [match.gain(score, first, second) for match in group],
                [match.start if score is Score.PROGRESS else match.trial.id for match in group],
            )
            for group in groups
        ]
    )


def _signed(flipped: SignFlip, interval: Interval) -> Found:
    """Signs by chance fall as often above as below: of a two-sided p-value, the side of the difference has half."""
    half = flipped.p_value / 2
    return Found(
        difference=flipped.difference,
        interval=interval,
        p_value=flipped.p_value,
        p_worse=half if flipped.difference < 0 else 1 - half,
        least_p=flipped.least,
    )
