"""By hand, by brute force, and by simulation."""

from math import factorial, log

import numpy as np
import pytest

from armtrial.evaluators.sequential import Stop, confidence_sequence, log_e, log_e_of_counts, standing
from armtrial.tests.pairs import outcomes


def test_the_closed_form_is_the_mean_of_all_bets() -> None:
    """17 wins and 3 losses, each bet a product over the pairs."""
    bets = (np.arange(200_000) + 0.5) / 200_000
    wealth = np.ones_like(bets)
    for won in [True] * 17 + [False] * 3:
        wealth *= 2 * (bets if won else 1 - bets)
    assert log_e_of_counts(17, 3) == pytest.approx(np.log(wealth.mean()), abs=1e-8)


def test_the_closed_form_is_the_one_that_is_calculated_by_hand() -> None:
    """B(6 + 1, 1 + 1) = 6! 1! / 8!"""
    assert log_e_of_counts(6, 1) == pytest.approx(log(factorial(6) / factorial(8) * 2**7))


def test_draws_do_not_count_against_no_difference() -> None:
    assert log_e([1.0] * 9 + [-1.0] * 2 + [0.0] * 40, 0.0) == pytest.approx(float(log_e_of_counts(9, 2)))


@pytest.mark.parametrize("delta", [-0.4, 0.07, 0.6])
def test_the_evidence_against_any_difference_is_the_mean_of_all_bets(delta: float) -> None:
    bets, up, down = (np.arange(200_000) + 0.5) / 200_000, (1 + delta) / 2, (1 - delta) / 2
    gains = [1.0, 1.0, -1.0, 0.0, 0.4, 0.0, 1.0]
    factors = [(1 + gain) / 2 * bets / up + (1 - gain) / 2 * (1 - bets) / down for gain in gains]
    assert log_e(gains, delta) == pytest.approx(np.log(np.prod(factors, axis=0).mean()), abs=1e-7)


def test_nobody_gains_in_the_mean_where_the_difference_is_what_it_is_said_to_be() -> None:
    """All that can come of three pairs, weighed by how likely it is."""
    chances, delta = {1.0: 0.3, 0.0: 0.6, -1.0: 0.1}, 0.2
    mean = sum(
        chances[a] * chances[b] * chances[c] * np.exp(log_e([a, b, c], delta))
        for a in chances
        for b in chances
        for c in chances
    )
    assert mean == pytest.approx(1.0)


@pytest.mark.parametrize("latent", [-0.5, 0.0, 0.5, 0.8])
def test_looking_after_every_pair_fires_no_more_than_one_time_in_twenty(latent: float) -> None:
    first, second = outcomes(0.7, 0.7, latent, (8000, 200), seed=4)
    evidence = log_e_of_counts(np.cumsum(second & ~first, axis=1), np.cumsum(first & ~second, axis=1))
    assert 0.005 < np.mean(np.any(evidence >= log(20), axis=1)) <= 0.04


@pytest.mark.parametrize(
    ("first", "second", "latent", "power", "mean"),
    [
        (0.704, 0.906, 0.0, 1.0, 56),
        (0.704, 0.906, 0.5, 1.0, 45),
        (0.704, 0.906, 0.8, 1.0, 37),
        (0.556, 0.704, 0.5, 0.87, 98),
        (0.556, 0.704, 0.8, 0.98, 70),
        (0.556, 0.906, 0.5, 1.0, 22),
    ],
)
def test_it_stops_as_early_as_the_literature_says(
    first: float, second: float, latent: float, power: float, mean: float
) -> None:
    """One-sided at 5 %, budget 200."""
    one, other = outcomes(first, second, latent, (5000, 200), seed=9)
    evidence = log_e_of_counts(np.cumsum(other & ~one, axis=1), np.cumsum(one & ~other, axis=1))
    fired = evidence >= log(10)
    ends = np.where(fired.any(axis=1), fired.argmax(axis=1) + 1, 200)
    assert float(fired.any(axis=1).mean()) == pytest.approx(power, abs=0.02)
    assert float(ends.mean()) == pytest.approx(mean, abs=1.5)


def test_where_one_is_better_at_this_and_the_other_at_that_it_does_not_fire_either() -> None:
    """Looks after whole turns of two tasks, at which the second is 30 points better and 30 points worse."""
    sides = [outcomes(low, high, 0.5, (4000, 100), seed=8) for low, high in ((0.5, 0.8), (0.8, 0.5))]
    wins, losses = (sum((side[this] & ~side[1 - this]).astype(int) for side in sides) for this in (1, 0))
    evidence = log_e_of_counts(np.cumsum(wins, axis=1), np.cumsum(losses, axis=1))
    assert np.mean(np.any(evidence >= log(20), axis=1)) <= 0.04


def test_the_confidence_sequence_holds_the_truth_at_all_times() -> None:
    first, second = outcomes(0.6, 0.8, 0.5, (300, 120), seed=3)
    gains = second.astype(float) - first
    left = [any(not log_e(list(each[:n]), 0.2) < log(20) for n in range(5, 121, 5)) for each in gains]
    assert np.mean(left) <= 0.05


def test_the_sequence_is_all_that_is_not_refuted() -> None:
    gains = [1.0] * 12 + [-1.0] * 3 + [0.0] * 30
    low, high = confidence_sequence(gains)
    assert (log_e(gains, low), log_e(gains, high)) == pytest.approx((log(20), log(20)), abs=1e-4)
    assert low < 9 / 45 < high


def test_the_sequence_of_nine_wins_is_the_one_that_is_calculated_by_hand() -> None:
    """The wealth is 1 / (10 m^9), which is 20 at m = 200^(-1/9); the difference is 2 m - 1."""
    assert confidence_sequence([1.0] * 9) == pytest.approx((2 * 200 ** (-1 / 9) - 1, 1.0), abs=1e-6)


@pytest.mark.parametrize("gains", [[1.0], [-1.0] * 5, [0.0] * 3, [1.0] * 300])
def test_at_the_edges_the_sequence_holds_the_mean(gains: list[float]) -> None:
    low, high = confidence_sequence(gains)
    assert -1 <= low <= np.mean(gains) <= high <= 1


@pytest.mark.parametrize(
    ("wins", "losses", "draws", "stop"),
    [
        (4, 0, 40, None),
        (8, 0, 5, Stop.BETTER),
        (0, 8, 5, Stop.WORSE),
        (0, 0, 60, Stop.EQUIVALENT),
        (0, 0, 40, None),
        (300, 200, 9000, Stop.BETTER),
    ],
)
def test_it_stops_when_enough_has_been_seen(wins: int, losses: int, draws: int, stop: Stop | None) -> None:
    assert standing([1.0] * wins + [-1.0] * losses + [0.0] * draws).stop is stop


def test_before_the_first_pair_nothing_is_known() -> None:
    assert (standing([]).interval, standing([]).stop) == ((-1.0, 1.0), None)


def test_it_says_that_there_is_a_difference_exactly_where_the_sequence_leaves_0_out() -> None:
    for wins in range(1, 12):
        found = standing([1.0] * wins + [-1.0] * 2 + [0.0] * 10)
        assert (found.stop is Stop.BETTER) == (found.interval[0] > 0)
