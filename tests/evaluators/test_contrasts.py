"""Figure, interval and test of all tasks together say the same, however many trials each task has."""

import pytest

from armtrial.evaluators.contrasts import contrast
from armtrial.evaluators.paired import Match
from armtrial.tasks.base import Score
from armtrial.tests.pairs import record, trials


def matches(task: str, first: str, second: str) -> list[Match]:
    """A pair of records for each two letters, as `record` reads them."""
    ends = zip(trials(task, len(first)), first, second, strict=True)
    return [Match(trial, (record(trial, one), record(trial, other))) for trial, one, other in ends]


def gains(task: str, gained: int, lost: int, alike: int) -> list[Match]:
    return matches(task, "f" * gained + "s" * (lost + alike), "s" * gained + "f" * lost + "s" * alike)


def test_tasks_of_one_size_are_tested_by_all_their_discordant_pairs() -> None:
    groups = [gains("reach", 9, 1, 10), gains("fetch", 3, 2, 15)]
    found = contrast(Score.SUCCESS, groups)
    exact = contrast(Score.SUCCESS, [[*groups[0], *groups[1]]])
    assert (found.p_value, found.p_worse) == (exact.p_value, exact.p_worse)


def test_a_small_task_turns_no_gain_of_a_large_one_into_a_loss() -> None:
    """The large one gains 15 points, the small one loses 20: counted together a sure gain, by tasks nothing sure."""
    found = contrast(Score.SUCCESS, [gains("reach", 20, 5, 75), gains("fetch", 0, 2, 8)])
    assert found.difference == pytest.approx((0.15 - 0.2) / 2)
    assert found.p_value > 0.5
    assert found.interval[0] < 0 < found.interval[1]


def test_a_loss_in_the_larger_task_is_still_found_in_all() -> None:
    found = contrast(Score.SUCCESS, [gains("reach", 3, 20, 77), gains("fetch", 1, 2, 7)])
    assert found.difference == pytest.approx((-0.17 - 0.1) / 2)
    assert 0.01 < found.p_worse < 0.1
    assert found.p_worse == pytest.approx(found.p_value / 2)


def test_progress_of_all_is_the_mean_of_the_tasks() -> None:
    groups = [matches("reach", "f" * 10, "s" * 10), matches("fetch", "ss", "ff")]
    assert contrast(Score.PROGRESS, groups).difference == pytest.approx(0.0)
