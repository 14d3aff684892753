"""The toy world does what the tests of everything else take for granted."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from armtrial.envs.base import LifecycleError, Observation, Step
from armtrial.envs.line import LineEnv
from armtrial.tasks.base import Event, SuccessRule, Task, Trial
from armtrial.tasks.toy import FETCH, REACH, TOUR, TOY
from armtrial.tasks.variations import SHUFFLED, varied

SHUT, OPEN = 0.0, 100.0


def begun(task: Task, index: int = 0) -> LineEnv:
    env = LineEnv(TOY.tasks)
    env.reset(Trial("eval", "toy", 1, task.name, index))
    return env


def drive(env: LineEnv, x: float, jaw: float, ticks: int = 60) -> list[Step]:
    return [env.step(np.array([x, jaw])) for _ in range(ticks)]


def places(env: LineEnv) -> tuple[float, list[float]]:
    """Of the ball and of the marks."""
    secret = env.observe({}, privileged=True).privileged
    return float(secret["ball"][0]), [float(mark) for mark in secret["marks"]]


def kinds(steps: Sequence[Step]) -> list[str]:
    return [event.kind for step in steps for event in step.events]


def look(env: LineEnv) -> Observation:
    return env.observe(env.observation_spec.cameras)


def test_the_point_moves_a_thirtieth_of_a_metre_a_tick() -> None:
    env = begun(REACH)
    before = env.observe({}).state[0]
    after = env.step(np.array([-1.0, OPEN])).state[0]
    assert before - after == pytest.approx(1 / 30)


def test_speed_is_an_argument() -> None:
    env = LineEnv([REACH], speed=0.3)
    env.reset(Trial("eval", "toy", 1, "reach", 0))
    before = env.observe({}).state[0]
    assert before - env.step(np.array([-1.0, OPEN])).state[0] == pytest.approx(0.01)


def test_a_target_within_reach_is_met_exactly() -> None:
    assert drive(begun(REACH), 0.25, 40.0)[-1].state.tolist() == [0.25, 40.0]


def test_reach_is_done_on_the_green_mark() -> None:
    env = begun(REACH)
    _, (green, *_) = places(env)
    assert drive(env, green, OPEN)[-1].success
    assert not drive(env, green + 0.06, OPEN)[-1].success


def test_closing_at_the_ball_lifts_it_and_opening_puts_it_down() -> None:
    env = begun(FETCH)
    ball, (green, *_) = places(env)
    drive(env, ball, OPEN)
    assert kinds(drive(env, ball, SHUT)) == ["touched", "jaw_closed", "gripped", "lifted"]
    assert not drive(env, green, SHUT)[-1].success
    opened = drive(env, green, OPEN)
    assert kinds(opened) == ["jaw_opened", "placed", "released"]
    assert opened[-1].success


def test_closing_beside_the_ball_catches_nothing() -> None:
    env = begun(FETCH)
    ball, _ = places(env)
    drive(env, ball + 0.05, OPEN)
    assert kinds(drive(env, ball + 0.05, SHUT)) == ["jaw_closed"]
    assert kinds(drive(env, ball + 0.05, OPEN)) == ["jaw_opened"]


def test_the_ball_that_is_let_go_elsewhere_is_released_and_not_placed() -> None:
    env = begun(FETCH)
    ball, _ = places(env)
    drive(env, ball, OPEN)
    drive(env, ball, SHUT)
    assert kinds(drive(env, -1.0, SHUT) + drive(env, -1.0, OPEN)) == ["jaw_opened", "released"]
    assert places(env)[0] == -1.0


def test_events_carry_the_time_of_their_tick() -> None:
    steps = drive(begun(FETCH), -1.0, SHUT)
    assert [step.events for step in steps[4:7]] == [(), (Event(6 / 30, "jaw_closed"),), ()]


def test_a_tour_rises_stage_by_stage_and_then_is_over() -> None:
    env = begun(TOUR)
    _, marks = places(env)
    stages = [drive(env, mark, OPEN)[-1].stage for mark in marks[:2]]
    while not (step := env.step(np.array([marks[2], OPEN]))).terminated:
        pass
    assert ([*stages, step.stage], step.success, step.progress) == ([1, 2, 3], True, 1.0)
    with pytest.raises(LifecycleError, match="stepped outside a trial; call reset first"):
        env.step(np.array([0.0, OPEN]))


def test_rushing_past_a_mark_is_no_stop_of_a_tour() -> None:
    env = begun(TOUR)
    _, (green, *_) = places(env)
    side = 1.0 if env.observe({}).state[0] < green else -1.0
    assert drive(env, side, OPEN)[-1].stage == 0
    assert drive(env, green, OPEN)[-1].stage == 1


def test_a_tour_asks_for_one_mark_at_a_time() -> None:
    env = begun(TOUR)
    _, (green, *_) = places(env)
    assert env.observe({}).instruction == "Move the point onto the green mark."
    drive(env, green, OPEN)
    assert env.observe({}).instruction == "Move the point onto the red mark."


def test_things_start_apart_from_each_other() -> None:
    for index in range(200):
        env = begun(TOUR, index)
        ball, marks = places(env)
        everything = sorted([env.observe({}).state[0], ball, *marks])
        assert np.diff(everything).min() >= 0.2 - 1e-12
        assert -0.8 <= everything[0] <= everything[-1] <= 0.8


def test_the_ground_truth_is_shown_only_to_those_who_ask() -> None:
    env = begun(REACH)
    assert look(env).privileged == {}
    assert set(env.observe({}, privileged=True).privileged) == {"ball", "marks"}


def test_every_trial_has_its_own_light() -> None:
    skies = {tuple(int(level) for level in look(begun(REACH, index)).images["front"][0, 0]) for index in range(8)}
    assert len(skies) > 4


def test_an_unknown_camera_is_refused_with_those_there_are() -> None:
    with pytest.raises(KeyError, match=r"no camera 'top'\. There are: front, wrist"):
        begun(REACH).observe({"top": (8, 8)})


def test_looking_before_the_first_reset_is_refused() -> None:
    with pytest.raises(LifecycleError, match="looked at before its first reset"):
        LineEnv(TOY.tasks).observe({})


def test_a_task_of_another_world_is_refused() -> None:
    other = Task(name="other", env="line", instruction="i", max_seconds=1.0, success_rule=SuccessRule.ONCE)
    with pytest.raises(TypeError, match="task 'other' is no LineTask; the world 'line' plays only those"):
        LineEnv([other]).reset(Trial("eval", "toy", 1, "other", 0))


def test_tolerance_is_the_task_s() -> None:
    env = LineEnv([replace(REACH, tolerance=0.2)])
    env.reset(Trial("eval", "toy", 1, "reach", 0))
    _, (green, *_) = places(env)
    assert drive(env, green + 0.15, OPEN)[-1].success


def test_a_frame_shows_both_cameras_side_by_side() -> None:
    env = begun(REACH)
    images = look(env).images
    assert np.array_equal(env.frame(), np.concatenate([images["front"], images["wrist"]], axis=1))


def test_a_tour_that_is_told_in_another_tasks_words_says_just_those() -> None:
    env = LineEnv([varied(TOUR, SHUFFLED, TOY.tasks)])
    env.reset(Trial("eval", "toy", 1, "tour", 0))
    drive(env, places(env)[1][0], SHUT)
    assert env.observe({}).instruction == REACH.instruction


def test_a_negative_speed_is_refused() -> None:
    with pytest.raises(ValueError, match="speed -1: how fast the point moves is no less than 0 m/s"):
        LineEnv([REACH], speed=-1.0)
