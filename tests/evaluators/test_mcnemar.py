"""By hand, by brute force, and by simulation."""

from math import comb, log

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from armtrial.evaluators.mcnemar import Table, interval, only_first_at, p_value, score, table, tango, total


def counts(both: int, only_first: int, only_second: int, neither: int) -> Table:
    return Table(both=both, only_first=only_first, only_second=only_second, neither=neither)


def test_pairs_are_counted_by_who_solved_them() -> None:
    pairs = [(True, True), (True, False), (False, True), (False, True), (False, False)]
    assert table(pairs) == counts(1, 1, 2, 1)
    assert table(pairs).difference == pytest.approx(0.2)


def test_the_test_is_the_one_that_is_calculated_by_hand() -> None:
    """2 against 10: (1 + 12 + 66) of 4096 ways are as far off, on either side."""
    assert p_value(counts(40, 2, 10, 8)) == pytest.approx(2 * (1 + comb(12, 1) + comb(12, 2)) / 2**12)


def test_without_a_discordant_pair_nothing_is_shown() -> None:
    assert p_value(counts(20, 0, 0, 0)) == 1.0


@pytest.mark.parametrize("delta", [-0.3, -0.05, 0.0, 0.1, 0.45])
def test_the_nuisance_is_the_likeliest_one(delta: float) -> None:
    seen = counts(30, 4, 11, 5)

    def unlikelihood(first: float) -> float:
        return -(4 * log(first) + 11 * log(first + delta) + 35 * log(1 - 2 * first - delta))

    bounds = (max(0.0, -delta) + 1e-9, (1 - delta) / 2 - 1e-9)
    assert only_first_at(seen, delta) == pytest.approx(
        minimize_scalar(unlikelihood, bounds=bounds, method="bounded").x, abs=1e-4
    )


def test_at_its_ends_the_interval_is_196_standard_errors_away() -> None:
    seen = counts(36, 2, 12, 0)
    low, high = tango(seen)
    assert (score(seen, low), score(seen, high)) == pytest.approx((1.959964, -1.959964), abs=1e-5)
    assert low < seen.difference < high


@pytest.mark.parametrize("seen", [(10, 0, 0, 0), (0, 10, 0, 0), (0, 0, 10, 0), (0, 0, 0, 1), (5, 0, 3, 2)])
def test_the_interval_holds_the_estimate_at_every_edge(seen: tuple[int, int, int, int]) -> None:
    low, high = tango(counts(*seen))
    assert -1 <= low <= counts(*seen).difference <= high <= 1
    assert high - low > 0.2


def test_agreement_in_all_trials_leaves_doubt() -> None:
    low, high = tango(counts(60, 0, 0, 0))
    assert -low == pytest.approx(high)
    assert high == pytest.approx(1.959964**2 / (60 + 1.959964**2), abs=1e-6)


def covered(cells: tuple[float, float, float, float], *sizes: int, runs: int = 1500) -> float:
    """The share of intervals that hold the true difference. `sizes`: trials of each task."""
    generator = np.random.default_rng(7)
    drawn = np.stack([generator.multinomial(n, cells, size=runs) for n in sizes], axis=1)
    truth = cells[2] - cells[1]
    ends = [interval([counts(*cell) for cell in each]) for each in drawn.tolist()]
    return float(np.mean([low <= truth <= high for low, high in ends]))


@pytest.mark.parametrize(
    ("cells", "n"),
    [
        ((0.6, 0.05, 0.25, 0.1), 20),
        ((0.6, 0.05, 0.25, 0.1), 60),
        ((0.8, 0.05, 0.05, 0.1), 40),
        ((0.3, 0.2, 0.2, 0.3), 60),
    ],
)
def test_tangos_interval_covers_95_percent(cells: tuple[float, float, float, float], n: int) -> None:
    assert 0.935 <= covered(cells, n) <= 0.99


@pytest.mark.parametrize("sizes", [(20, 20, 20), (60, 30, 20)])
@pytest.mark.parametrize("cells", [(0.6, 0.05, 0.25, 0.1), (0.7, 0.1, 0.1, 0.1)])
def test_the_interval_of_three_tasks_covers_95_percent(
    cells: tuple[float, float, float, float], sizes: tuple[int, ...]
) -> None:
    assert 0.935 <= covered(cells, *sizes) <= 0.99


def test_each_task_weighs_the_same_however_many_trials_it_has() -> None:
    long, short = counts(100, 0, 0, 0), counts(0, 0, 10, 0)
    low, high = interval([long, short])
    assert low < 0.5 < high
    assert total([long, short]).difference < 0.1


def test_the_correlation_is_phi() -> None:
    assert counts(5, 0, 0, 5).correlation == 1.0
    assert counts(4, 2, 2, 1).correlation == pytest.approx((9 * 4 - 36) / 18)
    assert counts(5, 0, 0, 0).correlation is None
