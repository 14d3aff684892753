"""The gate's decision in figures: how often it cries wolf, and how large a drop it finds."""

import numpy as np
import pytest
from scipy.stats import binomtest

from armtrial.evaluators.drop import Rules, is_drop, p_value
from armtrial.evaluators.errors import UserError

RULES = Rules()
RUNS = 20_000


def failures(n: int, flaky: float, drop: float, tasks: int) -> tuple[float, float, float]:
    """How often the gate fails by all trials together, by some task, and at all.

    `flaky`: the share of trials that end otherwise by themselves, as often better as worse; `drop`: of the success
    rate, on top. Of several tasks each has n trials and must hold against all others.
    """
    lost, gained = flaky / 2 + drop, flaky / 2
    drawn = np.random.default_rng(4).multinomial(n, [lost, gained, 1 - lost - gained], size=(RUNS, tasks))
    worse, better = drawn[..., 0], drawn[..., 1]
    of_tasks = is_drop(np.minimum(1.0, tasks * p_value(worse, better)), (better - worse) / n, RULES)
    of_all = is_drop(p_value(worse.sum(1), better.sum(1)), (better - worse).sum(1) / (n * tasks), RULES)
    found = of_all, of_tasks.any(1), of_all | of_tasks.any(1)
    return float(found[0].mean()), float(found[1].mean()), float(found[2].mean())


def fails(n: int, flaky: float, drop: float) -> float:
    """With one task, which is all there is."""
    return failures(n, flaky, drop, 1)[0]


@pytest.mark.parametrize("lost", range(8))
@pytest.mark.parametrize("gained", range(4))
def test_the_p_value_is_the_exact_binomial_one(lost: int, gained: int) -> None:
    exact = binomtest(lost, lost + gained, alternative="greater").pvalue if lost + gained else 1.0
    assert float(p_value(lost, gained)) == pytest.approx(exact)


@pytest.mark.parametrize("tasks", [1, 3])
@pytest.mark.parametrize("flaky", [0.0, 0.02, 0.1, 0.2, 0.5])
@pytest.mark.parametrize("n", [20, 60, 200])
def test_without_a_change_neither_all_nor_the_tasks_fail_oftener_than_promised(
    n: int, flaky: float, tasks: int
) -> None:
    of_all, of_tasks, of_any = failures(n, flaky, 0.0, tasks)
    assert max(of_all, of_tasks) <= RULES.alpha + 3 * np.sqrt(RULES.alpha / RUNS)
    assert of_any <= 1.6 * RULES.alpha


@pytest.mark.parametrize(
    ("n", "flaky", "drop", "power"),
    [
        (100, 0.0, 0.05, 0.24),
        (100, 0.0, 0.10, 0.88),
        (100, 0.05, 0.05, 0.12),
        (100, 0.05, 0.10, 0.53),
        (100, 0.05, 0.20, 0.98),
        (100, 0.10, 0.20, 0.92),
        (200, 0.02, 0.05, 0.57),
        (200, 0.05, 0.10, 0.92),
        (200, 0.10, 0.05, 0.25),
        (200, 0.10, 0.10, 0.78),
        (200, 0.20, 0.10, 0.57),
        (200, 0.20, 0.20, 0.99),
        (500, 0.05, 0.05, 0.89),
        (500, 0.20, 0.05, 0.44),
    ],
)
def test_a_drop_is_found_as_often_as_the_literature_says(n: int, flaky: float, drop: float, power: float) -> None:
    assert fails(n, flaky, drop) == pytest.approx(power, abs=0.015)


@pytest.mark.parametrize(("n", "flaky", "alarms"), [(100, 0.1, 0.003), (200, 0.05, 0.004), (500, 0.2, 0.009)])
def test_false_alarms_are_as_rare_as_the_literature_says(n: int, flaky: float, alarms: float) -> None:
    assert fails(n, flaky, 0.0) == pytest.approx(alarms, abs=0.002)


def test_a_world_that_repeats_itself_is_worth_more_than_trials() -> None:
    assert fails(200, 0.0, 0.05) == pytest.approx(0.88, abs=0.015)
    assert fails(200, 0.2, 0.05) < 0.2


def test_a_drop_too_small_to_matter_is_none_however_sure_it_is() -> None:
    lost, gained = 29, 0
    assert p_value(lost, gained) < 1e-8
    assert not is_drop(p_value(lost, gained), -lost / 1000, RULES)
    assert is_drop(p_value(lost + 1, gained), -(lost + 1) / 1000, RULES)


def test_a_gain_is_no_drop_and_neither_is_nothing() -> None:
    assert p_value([0, 0, 3], [0, 9, 9]).tolist() == pytest.approx([1.0, 1.0, 0.981], abs=1e-3)
    assert not is_drop(0.0, 0.4, Rules(min_drop=0.0))


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        ({"alpha": 0.5}, "--alpha 0.5: the rate of false alarms lies between 0 and 0.5, as 0.01"),
        ({"min_drop": -0.01}, "--min-drop -1: give points of success rate from 0 to below 100, as 3"),
    ],
)
def test_rules_that_mean_nothing_are_refused(rules: dict[str, float], line: str) -> None:
    with pytest.raises(UserError, match=line):
        Rules(**rules)
