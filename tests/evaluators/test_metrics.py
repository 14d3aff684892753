from dataclasses import replace

from armtrial.evaluators.metrics import at_first_attempt, last_takes, score, scores
from armtrial.evaluators.records import Clock, EpisodeRecord, ErrorNote, Result
from armtrial.tasks.base import Event, Origin, Outcome, Trial
from armtrial.tasks.rubric import Attempt, Grasp
from armtrial.tasks.toy import TOY

CLOCK = Clock(
    started="2026-01-01T00:00:00+00:00", wall_seconds=1, world_seconds=1, plan_ms=(5.0,), worker="w", host="h"
)


def record(
    trial: Trial, outcome: Outcome, *, label: str = "", attempts: tuple[Grasp, ...] = (), take: int = 1
) -> EpisodeRecord:
    broken = outcome is Outcome.ERROR
    result = Result(
        outcome=outcome,
        label=label,
        progress=None if broken else 0.5,
        steps=0 if broken else 100,
        seconds=1.0,
        plans=1,
        attempts=tuple(Attempt(0.0, f"ball{number}", grasp) for number, grasp in enumerate(attempts)),
        stages=(),
        events=(),
        flags={},
        path=(),
        start_hash="",
        end_hash="",
        error=ErrorNote(origin=Origin.WORLD, kind="E", message="m") if broken else None,
    )
    return EpisodeRecord(id=trial.id, seed=trial.seed, take=take, trial=trial, result=result, clock=CLOCK)


REACH = [trial for trial in TOY.trials(5) if trial.task == "reach"]


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
