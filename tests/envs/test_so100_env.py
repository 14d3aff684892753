"""The twin as a world: its units, its rules of reporting, its repeatability."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from armtrial.envs.base import LifecycleError, Step, Vector
from armtrial.envs.so100.env import Diverged, So100Env
from armtrial.envs.so100.units import JOINTS
from armtrial.evaluators import evaluate
from armtrial.tasks.base import Trial
from armtrial.tasks.tabletop import DISTRACTOR, SINGLE

BLOCK = SINGLE.trials()[0]


@pytest.fixture
def env() -> Iterator[So100Env]:
    made = So100Env(SINGLE.tasks)
    yield made
    made.close()


def still(env: So100Env) -> Vector:
    return np.clip(env.observe({}).state, env.action_spec.low, env.action_spec.high)


def held(env: So100Env, ticks: int, trial: Trial = BLOCK) -> list[Step]:
    env.reset(trial)
    action = still(env)
    return [env.step(action) for _ in range(ticks)]


def test_states_and_actions_are_lerobots() -> None:
    spec = So100Env(SINGLE.tasks).action_spec
    assert spec.names == JOINTS
    assert spec.units == ("deg", "deg", "deg", "deg", "deg", "%")
    assert (spec.low[5], spec.high[5], spec.rate) == (0.0, 100.0, 30.0)


def test_nothing_happens_to_an_arm_that_holds_still(env: So100Env) -> None:
    steps = held(env, 60)
    assert not any(step.events or step.success for step in steps)
    assert np.abs(steps[-1].state - steps[0].state).max() < 1.5


def test_the_privileged_are_told_where_target_and_goal_are_in_the_pictures_they_get(env: So100Env) -> None:
    env.reset(BLOCK)
    seen = env.observe({"front": (64, 48)}, privileged=True)
    column, row, *goal = seen.privileged["sight.front"]
    red, green, blue = seen.images["front"][int(48 * row), int(64 * column)].astype(int)
    assert green > 1.5 * max(red, blue)
    assert all(0 <= share < 1 for share in goal)
    assert not any(name.startswith("sight.") for name in env.observe({}, privileged=True).privileged)


def test_what_is_in_no_picture_is_told_as_minus_one(env: So100Env) -> None:
    env.reset(BLOCK)
    away = still(env)
    away[3] -= 150  # the wrist looks up
    for _ in range(60):
        env.step(np.clip(away, env.action_spec.low, env.action_spec.high))
    sights = env.observe({"wrist": (64, 48)}, privileged=True).privileged["sight.wrist"]
    assert sights.tolist() == [-1.0] * 4


def test_an_action_reaches_the_servos_after_the_delay() -> None:
    def first_move(delay: int) -> int:
        env = So100Env(SINGLE.tasks, delay=delay)
        held(env, 30)
        before, target = still(env), still(env)
        target[0] += 20
        return next(tick for tick in range(1, 20) if abs(env.step(target).state[0] - before[0]) > 0.2)

    assert [first_move(delay) - first_move(0) for delay in (1, 2, 5)] == [1, 2, 5]


def test_a_trial_leaves_no_trace_in_the_next(env: So100Env) -> None:
    alone = held(env, 30)[-1].state
    for trial in SINGLE.trials(4)[1:]:
        held(env, 10, trial)
        env.observe({"front": (64, 48)})
    assert held(env, 30)[-1].state.tolist() == alone.tolist()


def test_a_calibration_sets_how_far_a_joint_may_go(tmp_path: Path) -> None:
    joint = {"id": 1, "drive_mode": 0, "homing_offset": 0, "range_min": 1024, "range_max": 3072}
    (tmp_path / "arm.json").write_text(json.dumps(dict.fromkeys(JOINTS, joint)))
    spec = So100Env(SINGLE.tasks, calibration=str(tmp_path / "arm.json")).action_spec
    assert spec.high[0] == pytest.approx(1024 * 360 / 4095)


def test_a_simulation_that_runs_away_is_an_error_of_its_trial(env: So100Env) -> None:
    env.reset(BLOCK)
    action = still(env)
    _, data = env.inside()
    data.qvel[0] = np.nan
    with pytest.raises(Diverged, match=r"the simulation diverged at tick 1, 0.03 s into the trial"):
        env.step(action)
    with pytest.raises(LifecycleError):
        env.step(action)


def test_a_goal_that_falls_over_is_told_once(env: So100Env) -> None:
    trial = next(trial for trial in SINGLE.trials() if trial.task == "strawberry")
    env.reset(trial)
    action = still(env)
    _, data = env.inside()
    cup = env._scene.items["goal"].at
    data.qpos[cup + 2 : cup + 7] = (0.05, 0.7071, 0.7071, 0.0, 0.0)
    events = [event for _ in range(20) for event in env.step(action).events]
    assert [(event.kind, event.object) for event in events if event.kind == "toppled"] == [("toppled", "goal")]


def test_a_target_put_into_its_goal_by_hand_is_placed_and_the_trial_succeeds(env: So100Env) -> None:
    env.reset(BLOCK)
    action = still(env)
    _, data = env.inside()
    at, goal = env._scene.items["green_block"].at, env._layout.goal
    data.qpos[at : at + 3] = (goal.x, goal.y, data.qpos[at + 2])
    steps = [env.step(action) for _ in range(10)]
    assert steps[-1].success
    assert steps[-1].progress == 1.0
    assert [event.kind for step in steps for event in step.events] == ["placed"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"look": "prety"}, "no look is called 'prety'. There are: fast, pretty"),
        ({"actuators": "x"}, "no set of actuators is called 'x'. There are: nvidia, menagerie, bam-p16, bam-p32"),
        ({"delay": -1}, "delay=-1: an action reaches the servos after 0 to 10 ticks"),
        ({"calibration": "no.json"}, "no.json cannot be read: No such file"),
    ],
)
def test_an_argument_that_makes_no_sense_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        So100Env(SINGLE.tasks, **arguments)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_an_unknown_camera_is_named(env: So100Env) -> None:
    env.reset(BLOCK)
    with pytest.raises(KeyError, match=r"no camera 'top'. There are: front, wrist"):
        env.observe({"top": (64, 48)})


def test_two_rigs_look_different_and_pretty_differs_from_fast(env: So100Env) -> None:
    pretty = So100Env(SINGLE.tasks, look="pretty")
    pictures = []
    for world, trial in ((env, BLOCK), (env, SINGLE.trials()[3]), (pretty, BLOCK)):
        world.reset(trial)
        pictures.append(world.observe({"front": (128, 96)}).images["front"].astype(int))
    pretty.close()
    assert np.abs(pictures[0] - pictures[1]).mean() > 10
    assert 0 < np.abs(pictures[0] - pictures[2]).mean() < 10


def test_the_expert_solves_every_task_and_workers_change_nothing(tmp_path: Path) -> None:
    runs = [evaluate("expert", "single", episodes=2, workers=n, out=tmp_path / str(n)) for n in (1, 2)]
    assert [run.scores.overall.first_attempt.k for run in runs] == [6, 6]
    ends = [{record.id: record.result for record in run.records} for run in runs]
    assert ends[0] == ends[1]


def test_an_expert_trial_tells_its_story_in_order(tmp_path: Path) -> None:
    run = evaluate("expert", DISTRACTOR, task="strawberry", episodes=1, workers=1, out=tmp_path / "run")
    kinds = [event.kind for event in run.records[0].result.events]
    wanted = ["touched", "gripped", "lifted", "released", "placed"]
    assert [kind for kind in kinds if kind in wanted] == wanted
    assert run.records[0].result.stages == ("reach", "grasp", "lift", "place", "release")


@pytest.mark.parametrize("policy", ["hold", "random"])
def test_who_does_not_look_solves_nothing(policy: str, tmp_path: Path) -> None:
    run = evaluate(policy, "single", episodes=2, workers=2, out=tmp_path / policy)
    assert run.scores.overall.success.k == 0
