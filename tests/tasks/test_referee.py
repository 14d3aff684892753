"""When a trial ends and whether it counts: each rule on a clock of ten ticks a second."""

from dataclasses import replace

import pytest

from armtrial.tasks.base import End, Event, SuccessRule, Task
from armtrial.tasks.referee import Referee

TASK = Task(name="t", env="e", instruction="i", max_seconds=2.0, success_rule=SuccessRule.ONCE)
HELD = replace(TASK, success_rule=SuccessRule.HELD, hold_seconds=0.5)
LAST = replace(TASK, success_rule=SuccessRule.LAST)
CHAIN = replace(TASK, max_seconds=100.0, stage_seconds=1.0)
MISS = (Event(0.0, "jaw_closed"), Event(0.0, "jaw_opened"))
HOLD = (Event(0.0, "jaw_closed", "ball"), Event(0.0, "lifted", "ball"), Event(0.0, "jaw_opened", "ball"))


def played(task: Task, flags: str, stages: str = "") -> tuple[End | None, int, bool]:
    """Ticks from a text: `1` where the goal holds, `0` where not, `x` where the world cannot go on."""
    referee = Referee(task, rate=10.0)
    for tick, flag in enumerate(flags):
        stage = int(stages[tick]) if stages else 0
        end = referee.see(flag == "1", flag == "x", stage, ())
        if end is not None:
            return end, referee.ticks, referee.success
    return None, referee.ticks, referee.success


def test_once_ends_at_the_first_tick_that_succeeds() -> None:
    assert played(TASK, "0001") == (End.SUCCESS, 4, True)


def test_held_needs_the_whole_time_without_a_break() -> None:
    assert played(HELD, "1111") == (None, 4, False)
    assert played(HELD, "11110" + "11111") == (End.SUCCESS, 10, True)


@pytest.mark.parametrize(("seconds", "ticks"), [(0.0, 1), (0.1, 1), (0.3, 3), (0.31, 4), (0.7, 7), (1.1, 11)])
def test_a_hold_is_rounded_up_to_whole_ticks(seconds: float, ticks: int) -> None:
    assert played(replace(HELD, hold_seconds=seconds), "1" * 20) == (End.SUCCESS, ticks, True)


def test_hold_seconds_mean_nothing_under_another_rule() -> None:
    assert played(replace(TASK, hold_seconds=0.5), "1") == (End.SUCCESS, 1, True)


def test_last_runs_to_its_end_and_counts_what_is_true_there() -> None:
    assert played(LAST, "1" * 20) == (End.SUCCESS, 20, True)
    assert played(LAST, "1" * 19 + "0") == (End.TIMEOUT, 20, False)


def test_a_success_at_the_last_tick_counts() -> None:
    assert played(TASK, "0" * 19 + "1") == (End.SUCCESS, 20, True)
    assert played(HELD, "0" * 15 + "11111") == (End.SUCCESS, 20, True)


def test_a_hold_that_the_clock_cuts_short_does_not_count() -> None:
    assert played(HELD, "0" * 16 + "1111") == (End.TIMEOUT, 20, False)


def test_time_is_up_after_max_seconds() -> None:
    assert played(TASK, "0" * 30) == (End.TIMEOUT, 20, False)


def test_a_world_that_cannot_go_on_ends_the_trial() -> None:
    assert played(TASK, "00x") == (End.WORLD, 3, False)


def test_each_stage_has_its_own_time() -> None:
    assert played(CHAIN, "0" * 30, "0" * 5 + "1" * 25) == (End.STAGE_TIMEOUT, 16, False)
    assert played(CHAIN, "0" * 30) == (End.STAGE_TIMEOUT, 10, False)


def test_a_stage_that_rises_in_time_goes_on() -> None:
    assert played(CHAIN, "0" * 27, "0" * 9 + "1" * 9 + "2" * 9) == (None, 27, False)


def test_without_stage_seconds_a_stage_may_take_as_long_as_it_likes() -> None:
    assert played(replace(CHAIN, stage_seconds=None), "0" * 99) == (None, 99, False)


def test_more_failed_grasps_in_a_row_than_allowed_end_the_trial() -> None:
    referee = Referee(replace(TASK, max_failed_grasps=2), rate=10.0)
    ends = [referee.see(False, False, 0, MISS) for _ in range(3)]
    assert ends == [None, None, End.TOO_MANY_FAILED_GRASPS]


def test_a_grasp_that_holds_starts_the_count_again() -> None:
    referee = Referee(replace(TASK, max_failed_grasps=2), rate=10.0)
    ends = [referee.see(False, False, 0, events) for events in (MISS, MISS, HOLD, MISS, MISS)]
    assert ends == [None] * 5


def test_without_a_limit_grasps_may_fail_for_ever() -> None:
    referee = Referee(TASK, rate=10.0)
    assert [referee.see(False, False, 0, MISS) for _ in range(19)] == [None] * 19


def test_lifting_a_distractor_is_a_failed_grasp() -> None:
    referee = Referee(replace(TASK, max_failed_grasps=0), rate=10.0, distractors=("ball",))
    assert referee.see(False, False, 0, HOLD) is End.TOO_MANY_FAILED_GRASPS


def test_all_events_are_kept_in_order() -> None:
    referee = Referee(TASK, rate=10.0)
    referee.see(False, False, 0, MISS)
    referee.see(False, False, 0, HOLD)
    assert referee.events == [*MISS, *HOLD]
