from dataclasses import replace
from itertools import product

import pytest

from armtrial.envs.rig import TrialLog
from armtrial.evaluators.metrics import at_first_attempt, clocks, last_takes, score, scores
from armtrial.evaluators.records import EpisodeRecord
from armtrial.evaluators.stats import Rate
from armtrial.tasks.base import Event, Outcome
from armtrial.tasks.rubric import Attempt, Grasp
from armtrial.tasks.toy import REACH as REACH_TASK
from armtrial.tasks.toy import TOY
from armtrial.tests.played import FETCH, REACH, E, F, S, V, published, record


def test_an_error_counts_as_not_succeeded_and_is_shown_apart() -> None:
    row = score("reach", [record(REACH[0], Outcome.SUCCESS), record(REACH[1], Outcome.ERROR)])
    assert (row.success.k, row.success.n) == (1, 2)
    assert row.errors == {"world": 1}
    assert row.progress == 0.5


def test_a_void_trial_counts_as_not_played() -> None:
    row = score("reach", [record(REACH[0], Outcome.SUCCESS), record(REACH[1], Outcome.VOID)])
    assert (row.success.k, row.success.n, row.voids) == (1, 1, 1)


def test_sr_at_1_asks_for_no_failed_attempt_over_the_same_trials() -> None:
    clean = record(REACH[0], Outcome.SUCCESS, attempts=(Grasp.HELD, Grasp.HELD))
    second = record(REACH[1], Outcome.SUCCESS, attempts=(Grasp.MISSED, Grasp.HELD))
    failed = record(REACH[2], Outcome.FAILURE, label="slip", attempts=(Grasp.SLIPPED,))
    row = score("reach", [clean, second, failed])
    assert (row.success.k, row.first_attempt.k) == (2, 1)
    assert row.success.n == row.first_attempt.n == 3


def test_putting_the_same_thing_down_twice_is_a_second_attempt() -> None:
    placed = record(REACH[0], Outcome.SUCCESS)
    again = tuple(Attempt(time, "ball", Grasp.HELD) for time in (1.0, 5.0))
    assert at_first_attempt(placed)
    assert not at_first_attempt(replace(placed, result=replace(placed.result, attempts=again)))


def with_placed(placed: str, *held: str) -> EpisodeRecord:
    one = record(REACH[0], Outcome.SUCCESS)
    attempts = tuple(Attempt(0.0, name, Grasp.HELD) for name in held)
    events = tuple(Event(1.0, "placed", name) for name in placed.split())
    return replace(one, result=replace(one.result, attempts=attempts, events=events))


def test_what_was_pushed_to_its_place_was_not_placed_at_the_first_attempt() -> None:
    assert score("reach", [with_placed("ball")]).success.k == 1
    assert not at_first_attempt(with_placed("ball"))
    assert not at_first_attempt(with_placed("ball cube", "cube"))
    assert at_first_attempt(with_placed("ball cube ball", "cube", "ball"))


def test_a_task_without_a_thing_to_place_asks_for_no_attempt() -> None:
    assert at_first_attempt(record(REACH[0], Outcome.SUCCESS))


def test_trials_that_lifted_the_wrong_thing_are_counted_however_they_ended() -> None:
    wrong = (Grasp.WRONG_OBJECT, Grasp.WRONG_OBJECT, Grasp.HELD)
    ends = [(Outcome.SUCCESS, wrong), (Outcome.FAILURE, wrong), (Outcome.FAILURE, (Grasp.MISSED,))]
    row = score("reach", [record(trial, end, attempts=made) for trial, (end, made) in zip(REACH, ends)])
    assert (row.wrong_object.k, row.wrong_object.n) == (2, 3)


def test_only_the_last_take_of_a_trial_counts() -> None:
    takes = [record(REACH[0], Outcome.ERROR), record(REACH[0], Outcome.SUCCESS, take=2)]
    assert [kept.take for kept in last_takes(takes)] == [2]


def test_scores_do_not_depend_on_the_order_in_which_trials_ended() -> None:
    played = [record(trial, Outcome.SUCCESS if trial.index % 2 else Outcome.FAILURE) for trial in TOY.trials(5)]
    names = [task.name for task in TOY.tasks]
    assert scores(played, names, 15) == scores(played[::-1], names, 15)


def test_a_task_without_a_trial_has_no_data_instead_of_zero() -> None:
    row = scores([], ["reach"], 20).tasks[0]
    assert str(row.success) == "no data"
    assert (row.progress, row.steps) == (None, None)


def test_failures_are_listed_by_label_most_first() -> None:
    labels = ["slip", "no_reach", "slip"]
    row = score("reach", [record(t, Outcome.FAILURE, label=label) for t, label in zip(REACH, labels, strict=False)])
    assert list(row.failures.items()) == [("slip", 2), ("no_reach", 1)]


@pytest.mark.parametrize(
    ("k", "n", "said"),
    [
        (163, 180, "90.6 % (163/180, 95 % CI 85.3 to 94.4)"),
        (95, 135, "70.4 % (95/135, 95 % CI 61.9 to 77.9)"),
        (100, 180, "55.6 % (100/180, 95 % CI 48.0 to 62.9)"),
        (102, 180, "56.7 % (102/180, 95 % CI 49.1 to 64.0)"),
        (76, 135, "56.3 % (76/135, 95 % CI 47.5 to 64.8)"),
        (67, 180, "37.2 % (67/180, 95 % CI 30.1 to 44.7)"),
        (54, 60, "90.0 % (54/60, 95 % CI 79.5 to 96.2)"),
        (55, 60, "91.7 % (55/60, 95 % CI 81.6 to 97.2)"),
    ],
)
def test_counts_that_others_published_give_their_percentages(k: int, n: int, said: str) -> None:
    assert str(score("reach", published(REACH_TASK, k, n)).success) == said


def test_all_is_the_mean_of_the_tasks_and_not_of_the_trials() -> None:
    records = [record(trial, S) for trial in REACH[:30]] + [record(trial, F) for trial in FETCH[:10]]
    found = scores(records, ["reach", "fetch"], 40)
    assert found.average is not None
    assert found.average.success.value == 0.5
    assert found.overall.success.value == 0.75


def test_a_task_of_the_list_without_a_trial_leaves_no_mean() -> None:
    found = scores([record(trial, S) for trial in REACH[:5]], ["reach", "fetch"], 10)
    assert found.average is not None
    assert found.average.missing == ("fetch",)
    assert (found.average.success.value, found.average.progress.value) == (None, None)


def test_where_every_trial_succeeded_the_mean_is_still_uncertain() -> None:
    found = scores([record(trial, S) for trial in (*REACH[:20], *FETCH[:20])], ["reach", "fetch"], 40).average
    assert found is not None
    assert found.success.interval == pytest.approx((1 - (1 - 0.025 ** (1 / 20)) / 2**0.5, 1.0), abs=1e-6)


def test_trials_that_share_their_start_are_not_independent() -> None:
    """Eight starts, five trials each, which all end alike."""
    records = [record(trial, S if k % 8 < 4 else F, start=str(k % 8)) for k, trial in enumerate(REACH[:40])]
    row = score("reach", records)
    assert row.success_by_start is not None
    assert row.success_by_start.clusters == 8
    (low, high), (lower, higher) = row.success.interval or (0, 0), row.success_by_start.interval or (0, 0)
    assert lower < low < high < higher
    assert (lower, higher) == Rate(4, 8).interval


def test_trials_that_each_have_a_start_need_no_second_interval() -> None:
    assert score("reach", [record(t, S, start=t.id) for t in REACH[:4]]).success_by_start is None


def test_of_trials_that_all_share_one_start_nothing_is_promised() -> None:
    row = score("reach", [record(t, S, start="same") for t in REACH[:9]])
    assert row.success_by_start is not None
    assert row.success_by_start.interval is None
    average = scores([record(t, S, start="same") for t in REACH[:9]], ["reach"], 9).average
    assert average is not None
    assert average.success.interval is None


def test_a_trial_recorded_twice_is_counted_once() -> None:
    found = scores([record(REACH[0], S), record(REACH[0], S), record(REACH[1], F)], ["reach"], 2)
    assert (found.overall.success.k, found.overall.success.n) == (1, 2)
    assert (found.played, found.retaken) == (2, 1)


def test_a_verdict_that_is_changed_is_no_second_play() -> None:
    played = replace(record(REACH[0], F), rig=TrialLog(port="here"))
    amended = replace(played.result, outcome=S)
    takes = [played, replace(played, take=2, result=amended, rig=TrialLog(port="here", amended=True))]
    found = scores(takes, ["reach"], 1)
    assert (found.overall.success.k, found.retaken) == (1, 0)
    assert clocks(takes) == clocks(takes[:1])
    again = replace(played, take=3)
    assert scores([*takes, again], ["reach"], 1).retaken == 1


def test_every_rate_of_a_task_has_the_same_denominator() -> None:
    records = [record(t, end, stages=("reach",), attempts=(Grasp.HELD,)) for t, end in zip(REACH, (S, F, E, V))]
    row = score("reach", records)
    assert row.attempts is not None
    assert row.collisions is not None
    rates = [row.success, row.first_attempt, row.wrong_object, row.collisions.trials, *row.attempts.succeeded_by]
    assert {rate.n for rate in (*rates, *(stage.reached for stage in row.funnel))} == {3}


def test_a_trial_that_was_not_played_is_in_no_denominator() -> None:
    found = scores([record(REACH[0], S)], ["reach"], 20)
    assert (found.overall.success.n, found.planned, found.played) == (1, 20, 1)


def test_nothing_played_gives_no_figure_at_all() -> None:
    found = scores([], ["reach", "fetch"], 40)
    assert found.average is not None
    assert found.average.success.value is None
    row = found.overall
    assert (row.success.value, row.progress, row.attempts, row.curve, row.motion, row.collisions) == (None,) * 6
    assert (row.funnel, row.flags) == ((), ())
    assert clocks([], ["reach"], 30.0).overall.p50.value is None  # pyright: ignore[reportOptionalMemberAccess]


def test_figures_do_not_depend_on_who_finished_first() -> None:
    ends = [
        record(trial, end, progress=0.1 * (number % 7), seconds=number, attempts=(grasp,), start=str(number % 5))
        for number, (trial, (end, grasp)) in enumerate(zip(TOY.trials(9), list(product((S, F), Grasp)) * 4))
    ]
    names = [task.name for task in TOY.tasks]
    assert scores(ends, names, 27) == scores(ends[::-1], names, 27)
    assert clocks(ends, names, 30.0) == clocks(ends[::-1], names, 30.0)
