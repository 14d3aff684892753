import numpy as np
import pytest

from armtrial.evaluators.quantiles import quantiles
from armtrial.evaluators.resampling import mean_of, stratified_mean

RNG = np.random.default_rng


def named(number: int) -> list[str]:
    return [f"t{at}" for at in range(number)]


def test_the_same_values_give_the_same_interval_to_the_digit() -> None:
    values = RNG(0).uniform(size=30).tolist()
    assert mean_of(values, named(30)) == mean_of(values, named(30))


@pytest.mark.parametrize("n", [10, 20, 60])
def test_a_mean_of_thirds_is_covered(n: int) -> None:
    samples = RNG(0).binomial(3, 0.7, (400, n)) / 3
    found = [mean_of(values.tolist(), named(n)).interval or (0, 0) for values in samples]
    assert np.mean([low <= 0.7 <= high for low, high in found]) >= 0.93


@pytest.mark.parametrize(("n", "tasks", "least"), [(5, 1, 0.90), (8, 1, 0.92), (3, 3, 0.92)])
def test_the_smallest_samples_that_have_an_interval_are_almost_covered(n: int, tasks: int, least: float) -> None:
    samples = RNG(0).normal(size=(400, tasks, n)).tolist()
    found = [stratified_mean([(task, named(n)) for task in each]).interval or (9, 9) for each in samples]
    assert np.mean([low <= 0 <= high for low, high in found]) >= least


def test_a_mean_over_tasks_is_covered() -> None:
    samples = RNG(0).beta(2, 1, (400, 3, 15))
    found = [stratified_mean([(task.tolist(), named(15)) for task in tasks]).interval or (0, 0) for tasks in samples]
    assert np.mean([low <= 2 / 3 <= high for low, high in found]) >= 0.94


def test_clusters_are_drawn_whole() -> None:
    """Ten values that stand in for fifty say what ten say."""
    values = RNG(0).uniform(size=10)
    ten = mean_of(values.tolist(), named(10)).interval
    fifty = mean_of(np.repeat(values, 5).tolist(), np.repeat(named(10), 5).tolist()).interval
    assert fifty == pytest.approx(ten)
    assert np.ptp(mean_of(np.repeat(values, 5).tolist(), named(50)).interval or ()) < 0.6 * np.ptp(ten or ())


def test_a_mean_over_tasks_weighs_every_task_alike() -> None:
    assert stratified_mean([([1.0] * 90 + [0.0], named(91)), ([0.0] * 4 + [1.0], named(5))]).value == pytest.approx(
        (90 / 91 + 1 / 5) / 2, abs=1e-6
    )


def test_no_interval_is_made_of_one_value_or_of_equal_ones() -> None:
    assert mean_of([0.5], ["a"]).interval is None
    assert mean_of([1.0] * 9, named(9)).interval is None
    assert mean_of([0.1, 0.9] * 5, ["a"] * 10).interval is None


def test_fewer_than_five_values_promise_nothing() -> None:
    assert mean_of([0.1, 0.4, 0.6, 0.9], named(4)).interval is None
    assert mean_of([0.1, 0.4, 0.5, 0.6, 0.9], named(5)).interval is not None


def test_no_values_have_no_mean_and_no_quantile() -> None:
    assert mean_of([], []).value is None
    assert stratified_mean([([1.0], ["a"]), ([], [])]).value is None
    assert quantiles([], [], [0.5])[0].value is None


def test_a_quantile_is_a_value_that_was_measured() -> None:
    found = quantiles([float(value) for value in range(1, 101)], named(100), [0.5, 0.95, 0.99])
    assert [at.value for at in found] == [50.0, 95.0, 99.0]


def test_what_is_never_reached_has_no_median() -> None:
    never = quantiles([1.0, 2.0, *[np.inf] * 8], named(10), [0.5])[0]
    assert never.value is None
    half = quantiles([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, *[np.inf] * 4], named(10), [0.5])[0]
    assert half.value == 5.0
    assert half.interval is not None
    assert half.interval[1] is None


def test_plans_of_one_trial_alone_give_no_interval() -> None:
    assert quantiles([1.0, 2.0, 3.0], ["a"] * 3, [0.5])[0].interval is None


@pytest.mark.parametrize(
    ("share", "true", "trials", "plans", "least"),
    [(0.5, 0.0, 20, 20, 0.94), (0.5, 0.0, 60, 1, 0.94), (0.95, 1.645, 60, 20, 0.92), (0.99, 2.326, 60, 20, 0.88)],
)
def test_a_quantile_of_clustered_values_is_covered(
    share: float, true: float, trials: int, plans: int, least: float
) -> None:
    """Half of the variance lies between trials."""
    rng = RNG(0)
    owners = np.repeat(named(trials), plans).tolist()
    samples = rng.normal(0, 0.5**0.5, (400, trials, 1)) + rng.normal(0, 0.5**0.5, (400, trials, plans))
    found = [quantiles(values.ravel().tolist(), owners, [share])[0].interval or (0, 0) for values in samples]
    assert np.mean([low <= true <= (np.inf if high is None else high) for low, high in found]) >= least
