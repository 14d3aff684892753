import numpy as np
import pytest
from scipy.stats import binom, binomtest

from armtrial.evaluators.stats import Rate


@pytest.mark.parametrize(("k", "n"), [(0, 20), (1, 20), (19, 20), (20, 20), (42, 50), (163, 180)])
def test_the_interval_is_scipys_exact_one(k: int, n: int) -> None:
    theirs = binomtest(k, n).proportion_ci(0.95, "exact")
    assert Rate(k, n).interval == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@pytest.mark.parametrize("p", [0.05, 0.5, 0.9])
def test_the_interval_covers_at_least_95_percent(p: float) -> None:
    intervals = [Rate(k, 20).interval or (0, 1) for k in range(21)]
    covered = [low <= p <= high for low, high in intervals]
    assert float(np.dot(binom.pmf(range(21), 20, p), covered)) >= 0.95


def test_a_percentage_stands_with_counts_and_interval() -> None:
    assert str(Rate(42, 50)) == "84.0 % (42/50, 95 % CI 70.9 to 92.8)"


def test_no_data_is_never_zero() -> None:
    assert Rate(0, 0).value is None
    assert Rate(0, 0).interval is None
    assert str(Rate(0, 0)) == "no data"
