"""What one knows before the first trial: how many it takes, by each design, and what a number of them can show."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from .errors import UserError
from .power import (
    MOST,
    MOST_UNPAIRED,
    Pairing,
    lengths,
    paired_power,
    smallest_above,
    trials_for,
    unpaired_power,
)

POWERS = (0.80, 0.90, 0.95)
SIZES = (20, 60)
"""Trials of a task, and of three."""
CORRELATION = 0.2
"""Of pairs, where nobody says, as far as the rates leave room for it."""
_DESIGNS = {False: "other trials (Boschloo)", True: "the same trials (McNemar)"}
"""By whether they are paired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Trials of each policy."""

    design: str
    trials: tuple[int | None, ...]
    """For each of POWERS; None: more than `most`."""
    most: int
    mean: float | None = None
    """Of a duel, which stops by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shows:
    design: str
    smallest: tuple[float | None, ...]
    """Difference that each of SIZES shows with the first of POWERS; None: not even all there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    expect: float
    versus: float
    correlation: float
    alpha: float
    needs: tuple[Need, ...]
    shows: tuple[Shows, ...]


def plan(expect: float, versus: float, correlation: float | None, alpha: float) -> Plan:
    """Trials to tell policies of these success rates apart."""
    if expect == versus:
        raise UserError(f"--expect and --versus are both {expect:g}: no number of trials shows a difference of nothing")
    for flag, rate in (("--expect", expect), ("--versus", versus)):
        if not 0 < rate < 1:
            meant = f" {rate:g} % is {rate / 100:g}." if 1 < rate < 100 else ""
            raise UserError(f"{flag} {rate:g}: give a success rate between 0 and 1, as 0.9.{meant}")
    if not 0 < alpha < 0.5:
        raise UserError(f"--alpha {alpha:g}: the rate of false alarms lies between 0 and 0.5, as 0.05")
    pairing = (
        Pairing.within(versus, expect, CORRELATION)
        if correlation is None
        else Pairing(first=versus, second=expect, correlation=correlation)
    )
    apart = partial(_unpaired, pairing, alpha)
    together = partial(_paired, pairing, alpha)
    return Plan(
        expect=expect,
        versus=versus,
        correlation=pairing.correlation,
        alpha=alpha,
        needs=(
            _need(_DESIGNS[False], apart, MOST_UNPAIRED),
            _need(_DESIGNS[True], together, MOST),
            _duel(pairing, alpha),
        ),
        shows=tuple(_shows(pairing, alpha)),
    )


def _unpaired(pairing: Pairing, alpha: float, n: int) -> float:
    return unpaired_power(n, pairing.first, pairing.second, alpha)


def _paired(pairing: Pairing, alpha: float, n: int) -> float:
    return paired_power(n, pairing.only_first, pairing.only_second, alpha)


def _need(design: str, power_at: Callable[[int], float], most: int) -> Need:
    return Need(design=design, trials=tuple(trials_for(power_at, power, most) for power in POWERS), most=most)


def _duel(pairing: Pairing, alpha: float) -> Need:
    """The time by which such a share of duels has ended."""
    ends = lengths(pairing, alpha)
    quantiles = np.quantile(ends, POWERS, method="higher")
    return Need(
        design="the same trials, a duel",
        trials=tuple(int(end) if np.isfinite(end) else None for end in quantiles),
        most=MOST,
        mean=float(ends.mean()) if np.isfinite(ends).all() else None,
    )


def _shows(pairing: Pairing, alpha: float) -> list[Shows]:
    """Over the lower rate; and under the higher one, which is as hard as over the rate at which it fails."""
    low, high = sorted((pairing.first, pairing.second))
    return [
        Shows(design=f"{_DESIGNS[paired]}, {where} {rate:g}", smallest=_smallest(base, paired, pairing, alpha))
        for where, rate, base in (("above", low, low), ("below", high, 1 - high))
        for paired in (False, True)
    ]


def _smallest(base: float, paired: bool, pairing: Pairing, alpha: float) -> tuple[float | None, ...]:
    """The correlation is lowered where a large difference leaves less room for it."""

    def power_at(n: int, other: float) -> float:
        if not paired:
            return unpaired_power(n, base, other, alpha)
        return _paired(Pairing.within(base, other, pairing.correlation), alpha, n)

    return tuple(smallest_above(base, partial(power_at, n), POWERS[0]) for n in SIZES)
