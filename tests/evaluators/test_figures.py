"""Attempts, stages, times and oddities: figures read from records alone."""

from dataclasses import replace

import pytest

from armtrial.evaluators.attempts import LIMIT, attempts_of, needed
from armtrial.evaluators.funnel import funnel_of
from armtrial.evaluators.metrics import at_first_attempt
from armtrial.evaluators.oddities import collisions_of, flags_of
from armtrial.evaluators.records import EpisodeRecord
from armtrial.evaluators.speed import curve_of
from armtrial.evaluators.stats import Rate
from armtrial.tasks.base import STAGES, Event
from armtrial.tasks.rubric import Attempt, Grasp
from armtrial.tests.played import FETCH, REACH, E, F, S, record

HELD, MISSED, SLIPPED = Grasp.HELD, Grasp.MISSED, Grasp.SLIPPED


def after(*grasps: Grasp) -> EpisodeRecord:
    """A success after these attempts on one thing."""
    one = record(FETCH[0], S)
    return replace(one, result=replace(one.result, attempts=tuple(Attempt(0.0, "ball", grasp) for grasp in grasps)))


@pytest.mark.parametrize(
    ("grasps", "number"), [((HELD,), 1), ((MISSED, HELD), 2), ((MISSED, SLIPPED, HELD), 3), ((HELD, HELD), 2)]
)
def test_every_attempt_beyond_one_for_each_thing_is_one_more(grasps: tuple[Grasp, ...], number: int) -> None:
    assert needed(after(*grasps)) == number


def test_two_things_grasped_once_each_took_one_attempt() -> None:
    assert needed(record(FETCH[0], S, attempts=(HELD, HELD))) == 1
    assert needed(record(FETCH[0], S, attempts=(HELD, MISSED, HELD))) == 2


def test_what_was_pushed_into_place_was_not_done_at_the_first_attempt() -> None:
    assert needed(record(FETCH[0], S, events=(Event(1.0, "placed", "ball"),))) == 2


def test_a_failure_took_no_number_of_attempts() -> None:
    assert needed(record(FETCH[0], F, attempts=(HELD,))) is None


def test_success_by_the_first_attempt_is_sr_at_1_and_never_falls() -> None:
    grasps = [(HELD,), (MISSED, HELD), (MISSED,) * 7 + (HELD,)]
    records = [*(after(*each) for each in grasps), record(FETCH[3], F, attempts=(MISSED,))]
    found = attempts_of(records)
    assert found is not None
    by = [rate.k for rate in found.succeeded_by]
    assert by == [1, 2, 2, 2, 2, 2]
    assert by[0] == sum(map(at_first_attempt, records))


def test_in_the_restricted_mean_a_failure_counts_as_the_most_attempts() -> None:
    found = attempts_of([after(HELD), after(MISSED, HELD), record(FETCH[1], F, attempts=(MISSED,))])
    assert found is not None
    assert found.restricted_mean.value == (1 + 2 + LIMIT) / 3


def test_giving_up_early_does_not_improve_the_mean_number_of_attempts() -> None:
    tries = attempts_of([after(HELD), after(*[MISSED] * 4, HELD)])
    quits = attempts_of([after(HELD), record(FETCH[1], F, attempts=(MISSED,))])
    assert tries is not None
    assert quits is not None
    assert (quits.restricted_mean.value or 0) > (tries.restricted_mean.value or 0)


def test_where_nothing_was_grasped_there_are_no_attempts_to_tell_of() -> None:
    assert attempts_of([record(FETCH[0], S), record(FETCH[1], F)]) is None


def test_a_stage_is_counted_of_all_and_of_those_that_came_to_the_one_before() -> None:
    came = [("reach", "grasp", "lift"), ("reach", "grasp"), ("reach",), ()]
    stages = funnel_of([record(trial, F, stages=names) for trial, names in zip(FETCH, came)])
    counts = {
        stage.name: (stage.reached.k, stage.reached.n, stage.of_previous.k, stage.of_previous.n) for stage in stages
    }
    assert counts["reach"] == (3, 4, 3, 4)
    assert counts["grasp"] == (2, 4, 2, 3)
    assert counts["lift"] == (1, 4, 1, 2)
    assert counts["place"] == (0, 4, 0, 1)
    assert counts["release"] == (0, 4, 0, 0)


def test_a_stage_that_was_left_out_is_no_more_than_the_one_before() -> None:
    """A pushed thing is placed without a grasp: 1 of 1 that was lifted and then placed, not 2 of 1."""
    came = [("reach", "grasp", "lift", "place"), ("reach", "place")]
    place = funnel_of([record(trial, F, stages=names) for trial, names in zip(FETCH, came)])[3]
    assert (place.reached.k, place.of_previous.k, place.of_previous.n) == (2, 1, 1)


def test_a_stage_is_counted_of_the_tasks_that_have_it() -> None:
    """Of two that are lifted and one that is put somewhere, one of one is placed, and all three succeed."""
    lifted = [record(trial, S, stages=("reach", "grasp", "lift")) for trial in REACH[:2]]
    put = record(FETCH[0], S, stages=STAGES)
    stages = funnel_of([*lifted, put], {"reach": "lift"})
    assert [(s.name, s.reached.k, s.reached.n) for s in stages[2:]] == [
        ("lift", 3, 3),
        ("place", 1, 1),
        ("release", 1, 1),
        ("success", 3, 3),
    ]
    assert [(s.of_previous.k, s.of_previous.n) for s in stages[3:]] == [(1, 1), (1, 1), (3, 3)]
    assert [stage.name for stage in funnel_of(lifted, {"reach": "lift"})] == ["reach", "grasp", "lift", "success"]


def test_the_funnel_ends_with_success_and_is_absent_without_stages() -> None:
    assert funnel_of([record(FETCH[0], S, stages=("reach",))])[-1].name == "success"
    assert funnel_of([record(FETCH[0], S)]) == ()


def test_a_failure_is_a_success_that_never_came() -> None:
    ends = [(S, 3.0), (S, 1.0), (S, 3.0), (F, 0.5), (E, 0.2)]
    curve = curve_of([record(trial, end, seconds=seconds) for trial, (end, seconds) in zip(FETCH, ends)])
    assert curve is not None
    assert curve.steps == ((1.0, 1), (3.0, 3))
    assert (curve.trials, curve.median.value) == (5, 3.0)


def test_where_fewer_than_half_succeed_there_is_no_median_time() -> None:
    curve = curve_of([record(trial, S if trial.index < 4 else F, seconds=2.0) for trial in FETCH[:10]])
    assert curve is not None
    assert curve.median.value is None


def test_hard_hits_are_counted_and_so_are_the_trials_they_fell_in() -> None:
    hits = tuple(Event(time, "collided", "table") for time in (1.0, 2.0))
    records = [record(FETCH[0], S, events=(*hits, Event(3.0, "touched", "ball"))), record(FETCH[1], S)]
    found = collisions_of(records)
    assert found is not None
    assert (found.count, found.trials.k, found.trials.n) == (2, 1, 2)


def test_flags_are_counted_in_plans_and_in_trials() -> None:
    three, none = (1.0, 1.0, 1.0), (1.0, 1.0)
    records = [record(FETCH[0], S, flags={"odd": 2}, plan_ms=three), record(FETCH[1], F, plan_ms=none)]
    (flag,) = flags_of(records)
    assert (flag.name, flag.count, flag.plans, flag.trials.k, flag.trials.n) == ("odd", 2, 5, 1, 2)


def test_stages_and_attempts_leave_out_tasks_that_have_none() -> None:
    """Reaching is done without a grasp; a task that never succeeded stays, since nobody knows."""
    fetched = [record(trial, S, stages=("reach", "grasp"), attempts=(HELD,)) for trial in FETCH[:2]]
    reached, missed = ([record(trial, end) for trial in REACH[:3]] for end in (S, F))
    assert funnel_of([*fetched, *reached])[0].reached == Rate(2, 2)
    assert funnel_of([*fetched, *missed])[0].reached == Rate(2, 5)
    found = attempts_of([*fetched, *reached])
    assert found is not None
    assert found.succeeded_by[0] == Rate(2, 2)
