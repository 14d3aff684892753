import numpy as np
import pytest
from scipy.stats import binom, binomtest

from armtrial.evaluators.stats import Rate, clustered, exact, mean_rate


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


@pytest.mark.parametrize(("k", "n"), [(0, 20), (13, 20), (20, 20), (163, 180)])
def test_the_second_interval_is_scipys_of_wilson(k: int, n: int) -> None:
    theirs = binomtest(k, n).proportion_ci(0.95, "wilson")
    assert Rate(k, n).wilson == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilsons_interval_covers_less_than_it_says_which_is_why_it_is_second() -> None:
    intervals = [Rate(k, 20).wilson or (0, 1) for k in range(21)]
    shares = np.linspace(0.5, 0.98, 481)
    covered = [[low <= p <= high for low, high in intervals] for p in shares]
    chances = np.array([binom.pmf(np.arange(21), 20, p) for p in shares])
    coverage = np.sum(chances * np.array(covered), axis=1)
    assert coverage.min() == pytest.approx(0.90, abs=0.015)


def test_clusters_of_one_are_trials() -> None:
    assert clustered([(1, 1), (0, 1), (1, 1)]).interval == Rate(2, 3).interval


def test_clusters_whose_members_end_alike_count_as_one_trial_each() -> None:
    found = clustered([(5, 5), (0, 5)] * 10)
    assert found.interval == exact(10, 20)
    low, high = exact(50, 100)
    assert exact(10, 20)[1] - exact(10, 20)[0] > 1.9 * (high - low)


@pytest.mark.parametrize("pairs", [[(5, 5)] * 6, [(0, 5)] * 6])
def test_where_all_end_alike_a_cluster_counts_as_one(pairs: list[tuple[int, int]]) -> None:
    found = clustered(pairs)
    assert found.interval == exact(6 * (found.value or 0), 6)


def test_a_cluster_of_many_outweighs_those_of_one() -> None:
    assert clustered([(9, 9), *[(1, 1)] * 9]).interval == pytest.approx(exact(3.6, 3.6))


def test_one_cluster_has_no_interval_and_no_cluster_no_data() -> None:
    assert clustered([(3, 5)]).interval is None
    assert clustered([]).value is None
    assert clustered([(0, 0), (0, 0)]).value is None


@pytest.mark.parametrize(("p", "alike", "clusters", "size"), [(0.5, 0.3, 20, 5), (0.9, 0.3, 20, 5), (0.7, 0.1, 192, 5)])
def test_clusters_are_covered_where_a_plain_interval_is_not(p: float, alike: float, clusters: int, size: int) -> None:
    rng = np.random.default_rng(0)
    shape = (1 - alike) / alike
    hits = rng.binomial(size, rng.beta(p * shape, (1 - p) * shape, (1000, clusters)))
    ours = [clustered([(int(k), size) for k in row]).interval or (0, 1) for row in hits]
    plain = [exact(int(row.sum()), clusters * size) for row in hits]
    assert np.mean([low <= p <= high for low, high in ours]) >= 0.94
    assert np.mean([low <= p <= high for low, high in plain]) < 0.93


@pytest.mark.parametrize(
    ("shares", "n"), [((0.9, 0.9, 0.9), 20), ((0.95, 0.5, 0.2), 20), ((1.0, 0.95, 0.9), 20), ((0.6,) * 5, 10)]
)
def test_the_mean_of_tasks_is_covered(shares: tuple[float, ...], n: int) -> None:
    hits = np.random.default_rng(0).binomial(n, shares, (2000, len(shares)))
    limits = [exact(k, n) for k in range(n + 1)]
    found = [mean_rate([(k / n, limits[k]) for k in row]) for row in hits.tolist()]
    assert np.mean([low <= np.mean(shares) <= high for low, high in found]) >= 0.945


def test_the_mean_of_one_task_is_the_task() -> None:
    assert mean_rate([(0.9, exact(18, 20))]) == pytest.approx(exact(18, 20))
