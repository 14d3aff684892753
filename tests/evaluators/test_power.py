"""Figures of the literature's comparisons: one-sided tests at 5 % are two-sided ones at 10 %."""

from functools import partial
from math import comb

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import boschloo_exact, multivariate_normal

from armtrial.evaluators.errors import UserError
from armtrial.evaluators.plan import plan
from armtrial.evaluators.power import Pairing, lengths, paired_power, smallest_shown, trials_for, unpaired_power


def felt_alike(first: float, second: float, latent: float) -> Pairing:
    """Outcomes that come of correlated normals."""
    both = multivariate_normal([0, 0], [[1, latent], [latent, 1]]).cdf([ndtri(first), ndtri(second)])
    spread = np.sqrt(first * (1 - first) * second * (1 - second))
    return Pairing(first=first, second=second, correlation=float((both - first * second) / spread))


@pytest.mark.parametrize(
    ("first", "second", "trials"),
    [(0.704, 0.906, [55, 66]), (0.556, 0.704, [135, 168]), (0.556, 0.906, [25, 30])],
)
def test_mcnemars_test_needs_so_many_pairs(first: float, second: float, trials: list[int]) -> None:
    pairing = felt_alike(first, second, 0.5)

    def power(n: int) -> float:
        return paired_power(n, pairing.only_first, pairing.only_second, 0.1)

    assert [trials_for(power, wanted) for wanted in (0.9, 0.95)] == pytest.approx(trials, abs=2)


@pytest.mark.parametrize(("first", "second", "trials"), [(0.704, 0.906, 64), (0.556, 0.704, 184), (0.556, 0.906, 26)])
def test_boschloos_test_needs_so_many_trials(first: float, second: float, trials: int) -> None:
    power = partial(unpaired_power, first=first, second=second, alpha=0.1)
    assert trials_for(power, 0.9) == pytest.approx(trials, abs=2)


def test_the_power_of_boschloos_test_counts_the_tables_that_it_rejects() -> None:
    first, second, n = 0.3, 0.8, 9
    power = sum(
        comb(n, i) * first**i * (1 - first) ** (n - i) * comb(n, j) * second**j * (1 - second) ** (n - j)
        for i in range(n + 1)
        for j in range(i + 1, n + 1)
        if boschloo_exact([[j, i], [n - j, n - i]], alternative="greater").pvalue <= 0.025
    )
    assert unpaired_power(n, first, second) == pytest.approx(power)


def test_six_pairs_of_one_kind_are_the_fewest_that_show_anything() -> None:
    assert paired_power(5, 0.0, 1.0) == 0.0
    assert paired_power(6, 0.0, 1.0) == 1.0
    assert paired_power(6, 0.0, 0.5) == pytest.approx(0.5**6)


def test_more_pairs_or_less_disagreement_show_smaller_differences() -> None:
    shown = [smallest_shown(n, 0.3) or 1.0 for n in (20, 60, 200)]
    assert shown == sorted(shown, reverse=True)
    assert smallest_shown(60, 0.1) < smallest_shown(60, 0.4)  # type: ignore[operator]
    assert smallest_shown(5, 0.3) is None


def test_what_is_called_the_smallest_difference_is_shown_four_times_in_five() -> None:
    delta = smallest_shown(60, 0.25) or 0.0
    generator = np.random.default_rng(2)
    drawn = generator.multinomial(60, [(0.25 - delta) / 2, (0.25 + delta) / 2, 0.75], size=4000)
    from armtrial.evaluators.mcnemar import Table, p_value

    tables = [
        Table(both=other, only_first=losses, only_second=wins, neither=0) for losses, wins, other in drawn.tolist()
    ]
    assert np.mean([p_value(each) <= 0.05 for each in tables]) == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize(("latent", "mean", "late"), [(0.0, 56, 107), (0.5, 45, 77), (0.8, 37, 59)])
def test_a_simulated_duel_takes_as_long_as_in_the_literature(latent: float, mean: float, late: float) -> None:
    ends = np.minimum(lengths(felt_alike(0.704, 0.906, latent), 0.1, most=200), 200)
    assert float(ends.mean()) == pytest.approx(mean, abs=1.5)
    assert float(np.quantile(ends, 0.9)) == pytest.approx(late, abs=5)


def test_the_same_trials_need_fewer_than_other_ones_and_both_are_in_the_plan() -> None:
    found = plan(0.9, 0.7, 0.4, 0.05)
    apart, together, duel = (need.trials for need in found.needs)
    assert all(fewer < more for fewer, more in zip(together, apart))  # type: ignore[operator]
    assert duel[0] is not None
    assert duel[0] > (found.needs[2].mean or 1e9)
    assert [shows.smallest[0] for shows in found.shows[:2]] == [None, None]
    assert found.shows[1].smallest[1] == pytest.approx(0.19, abs=0.02)


def test_a_plan_without_a_correlation_takes_one_that_is_possible() -> None:
    assert plan(0.9, 0.7, None, 0.05).correlation == 0.2
    assert plan(0.99, 0.3, None, 0.05).correlation == pytest.approx(0.066, abs=0.001)


@pytest.mark.parametrize(
    ("rates", "line"),
    [
        (
            (0.9, 0.9, 0.2, 0.05),
            "--expect and --versus are both 0.9: no number of trials shows a difference of nothing",
        ),
        ((1.0, 0.7, 0.2, 0.05), "give a success rate between 0 and 1, as 0.9"),
        (
            (0.9, 0.7, 0.9, 0.05),
            "a correlation of 0.9 is impossible between success rates of 0.7 and 0.9; it lies between",
        ),
        ((0.9, 0.7, 0.2, 5.0), "--alpha 5: the rate of false alarms lies between 0 and 0.5, as 0.05"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(rates: tuple[float, float, float, float], line: str) -> None:
    with pytest.raises(UserError, match=line):
        plan(*rates)
