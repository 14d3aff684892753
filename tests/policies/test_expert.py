"""The expert solves what is asked, whatever happens on the way, and moves as a person would."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from armtrial.envs.base import Observation, Start, Step, Vector
from armtrial.envs.line import LineEnv
from armtrial.envs.player import Closing, LocalPlayer, Look
from armtrial.envs.so100.env import So100Env
from armtrial.envs.so100.kinematics import Reach, hand_of
from armtrial.envs.so100.poses import READY
from armtrial.envs.so100.units import JOINTS, Calibration
from armtrial.policies.base import Query, World
from armtrial.policies.contract import check_policy, observed
from armtrial.policies.expert import Expert
from armtrial.policies.expert_motion import Mover, Pace
from armtrial.tasks.base import End, Suite, Trial
from armtrial.tasks.rubric import Grasp
from armtrial.tasks.tabletop import DISTRACTOR, MULTI, SINGLE, SO100
from armtrial.tasks.tabletop_places import polar

UNITS = Calibration()
FASTEST, ABRUPT = 2.0, 30.0
"""rad/s and rad/s2 that a person who leads the arm rarely exceeds."""


class Poked(So100Env):
    """At one tick a target is somewhere else all of a sudden."""

    def __init__(self, suite: Suite, seconds: float, radius: float = 0.2, bearing: float = -0.5) -> None:
        super().__init__(suite.tasks)
        self._at, self._ticks = round(30 * seconds), 0
        self._place = polar(radius, bearing)

    def reset(self, trial: Trial) -> Start:
        self._ticks = 0
        return super().reset(trial)

    def step(self, action: Vector) -> Step:
        self._ticks += 1
        if self._ticks == self._at:
            name = next(iter(self._layout.targets))
            item = self._scene.items[name]
            self._data.qpos[item.at : item.at + 7] = (*self._place, item.rest, 1, 0, 0, 0)
            first = self._scene.model.jnt_dofadr[self._scene.model.body_jntadr[item.body]]
            self._data.qvel[first : first + 6] = 0
        return super().step(action)


def trials(suite: Suite, task: str, number: int = 1) -> list[Trial]:
    return [trial for trial in suite.trials(number, "demo") if trial.task == task]


def world_of(env: So100Env) -> World:
    return World(env.observation_spec, env.action_spec)


def played(env: So100Env, suite: Suite, trial: Trial, execute: int = 20, **arguments: float) -> Closing:
    expert = Expert(world_of(env), **arguments)
    expert.reset(0, trial.id, trial.seed)
    player = LocalPlayer(env, suite.tasks)
    seen = player.begin(trial, Look({}, privileged=True)).observation
    while seen is not None:
        (plan,) = expert.plan([Query(0, seen, 0)])
        seen = player.advance(env.action_spec.checked(plan.actions)[:execute]).observation
    return player.finish(judged=True)


def end(closing: Closing) -> End:
    assert closing.played is not None
    return closing.played.end


def grasps(closing: Closing) -> list[Grasp]:
    return [attempt.outcome for attempt in closing.attempts]


def is_smooth(closing: Closing) -> bool:
    path = UNITS.to_radians(np.concatenate([closing.states[:1], closing.actions]))
    speed, change = np.diff(path, axis=0) * 30, np.diff(path, 2, axis=0) * 30**2
    return bool(np.abs(speed).max() < FASTEST and np.abs(change).max() < ABRUPT)


@pytest.mark.parametrize("trial", SO100.trials(1, "demo"), ids=lambda trial: trial.task)
def test_every_task_is_solved_with_one_grasp_for_each_target(trial: Trial) -> None:
    closing = played(So100Env(SO100.tasks), SO100, trial)
    assert end(closing) is End.SUCCESS
    assert grasps(closing) == [Grasp.HELD] * (2 if trial.task.startswith("multi") else 1)


@pytest.mark.slow
@pytest.mark.parametrize("suite", [SINGLE, MULTI, DISTRACTOR], ids=lambda suite: suite.name)
def test_nearly_every_trial_of_a_suite_is_solved(suite: Suite) -> None:
    env = So100Env(suite.tasks)
    ends = [end(played(env, suite, trial)) for trial in suite.trials()]
    assert ends.count(End.SUCCESS) >= len(ends) - 1


@pytest.mark.parametrize("task", ["block", "strawberry", "pen"])
def test_commands_are_smooth_and_no_faster_than_a_person(task: str) -> None:
    assert is_smooth(played(So100Env(SINGLE.tasks), SINGLE, trials(SINGLE, task)[0]))


@pytest.mark.parametrize("seconds", [1.0, 3.0, 5.0, 6.0], ids=["coming", "grasping", "lifting", "carrying"])
@pytest.mark.parametrize("task", ["block", "strawberry", "pen"])
def test_a_target_that_is_suddenly_elsewhere_is_fetched_from_there(task: str, seconds: float) -> None:
    closing = played(Poked(SINGLE, seconds), SINGLE, trials(SINGLE, task)[0])
    assert end(closing) is End.SUCCESS
    assert is_smooth(closing)


def test_a_target_that_moves_in_time_is_not_missed() -> None:
    closing = played(Poked(SINGLE, 1.0), SINGLE, trials(SINGLE, "block")[0])
    assert grasps(closing) == [Grasp.HELD]


def test_the_hand_stops_when_it_has_lost_what_it_held() -> None:
    carrying = 5.0
    closing = played(Poked(SINGLE, carrying), SINGLE, trials(SINGLE, "pen")[0])
    steps = np.abs(np.diff(UNITS.to_radians(closing.actions), axis=0)).max(axis=1)
    lost = round(30 * carrying)
    assert steps[lost] > 0.01
    assert steps[lost : lost + 25].min() < 0.001


def test_a_move_begins_and_ends_at_rest() -> None:
    mover = Mover(Reach(), Pace())
    here = hand_of(READY)
    path = mover.travel(READY, [here.raised(-0.05), here.moved((0.05, -0.05, -0.1))], jaw=0.5)
    assert path is not None
    steps = np.abs(np.diff([READY, *path], axis=0)).max(axis=1)
    assert max(steps[0], steps[-1]) < 0.002 < 0.03 < steps.max()


def test_out_of_reach_is_waited_for_at_the_ready_pose() -> None:
    closing = played(Poked(SINGLE, 1.0, radius=0.44, bearing=0.6), SINGLE, trials(SINGLE, "block")[0])
    assert end(closing) is End.TIMEOUT
    np.testing.assert_allclose(UNITS.to_radians(closing.actions[-30:]), np.tile(READY, (30, 1)), atol=1e-3)


def test_mistakes_are_made_on_purpose_and_made_good() -> None:
    env = So100Env(SINGLE.tasks)
    for trial in trials(SINGLE, "block", 4):
        closing = played(env, SINGLE, trial, mistakes=1.0)
        assert end(closing) is End.SUCCESS
        assert len(grasps(closing)) == 3


def test_an_approach_that_goes_astray_is_put_right_without_a_miss() -> None:
    env = So100Env(SINGLE.tasks)
    ways: list[float] = []
    for trial in trials(SINGLE, "strawberry", 4):
        straight, astray = played(env, SINGLE, trial), played(env, SINGLE, trial, astray=1.0)
        assert grasps(astray) == grasps(straight) == [Grasp.HELD]
        ways.append(_way(astray.actions) / _way(straight.actions))
    assert np.mean(ways) > 1.02


def _way(actions: np.ndarray) -> float:
    """Of all joints but the jaw."""
    return float(np.abs(np.diff(actions[:, :5], axis=0)).sum())


def test_a_trial_is_played_alike_each_time_and_unlike_any_other() -> None:
    env, (one, two) = So100Env(SINGLE.tasks), trials(SINGLE, "pen", 2)
    first, again, other = (played(env, SINGLE, trial) for trial in (one, one, two))
    assert np.array_equal(first.actions, again.actions)
    assert first.verdict == again.verdict
    assert len(first.actions) != len(other.actions)


def test_another_seed_has_another_pace_in_the_same_start() -> None:
    env, trial = So100Env(SINGLE.tasks), trials(SINGLE, "block")[0]
    expert = Expert(world_of(env))
    env.reset(trial)
    seen = env.observe({}, privileged=True)
    expert.reset(0, trial.id, 1)
    expert.reset(1, trial.id, 3)
    one, two = expert.plan([Query(0, seen, 0), Query(1, seen, 0)])
    assert not np.array_equal(one.actions, two.actions)


def test_two_trials_side_by_side_go_as_each_does_alone() -> None:
    both = trials(SINGLE, "strawberry", 2)
    alone = [played(So100Env(SINGLE.tasks), SINGLE, trial).actions for trial in both]
    envs = [So100Env(SINGLE.tasks) for _ in both]
    expert = Expert(world_of(envs[0]))
    for slot, trial in enumerate(both):
        envs[slot].reset(trial)
        expert.reset(slot, trial.id, trial.seed)
    done: list[list[Vector]] = [[] for _ in both]
    for _ in range(8):
        queries = [Query(slot, env.observe({}, privileged=True), 0) for slot, env in enumerate(envs)]
        for slot, plan in enumerate(expert.plan(queries)):
            done[slot].extend(plan.actions)
            for action in plan.actions:
                envs[slot].step(action)
    assert all(np.array_equal(path, whole[: len(path)]) for path, whole in zip(done, alone))


@pytest.mark.parametrize("execute", [1, 7])
def test_a_plan_that_is_cut_short_goes_on_where_it_was_cut(execute: int) -> None:
    env, trial = So100Env(SINGLE.tasks), trials(SINGLE, "block")[0]
    whole, cut = (played(env, SINGLE, trial, number).actions for number in (20, execute))
    assert np.array_equal(whole, cut)


@pytest.mark.parametrize("arguments", [{"delay": 3}, {"actuators": "bam-p32"}, {"actuators": "menagerie"}], ids=str)
def test_other_servos_do_as_well(arguments: dict[str, Any]) -> None:
    env = So100Env(SINGLE.tasks, **arguments)
    assert end(played(env, SINGLE, trials(SINGLE, "pen")[0])) is End.SUCCESS


def test_the_units_of_another_calibration_are_understood(tmp_path: Path) -> None:
    ticks = dict(zip(JOINTS, [(800, 3300), (850, 3150), (900, 3128), (850, 3200), (0, 4095), (1500, 2300)]))
    calibration = {joint: {"range_min": low, "range_max": high} for joint, (low, high) in ticks.items()}
    (tmp_path / "arm.json").write_text(json.dumps(calibration))
    env = So100Env(SINGLE.tasks, calibration=str(tmp_path / "arm.json"))
    assert grasps(played(env, SINGLE, trials(SINGLE, "block")[0])) == [Grasp.HELD]


def test_it_keeps_the_contract_but_is_shown_more_than_a_camera_sees() -> None:
    env = So100Env(SINGLE.tasks)
    expert = Expert(world_of(env))
    looks = observed(env, SINGLE.tasks[0], expert.spec)
    check_policy(expert, world_of(env), learned=False, observations=looks)


def test_it_holds_still_where_it_is_shown_nothing() -> None:
    env = So100Env(SINGLE.tasks)
    expert = Expert(world_of(env))
    expert.reset(0, "trial", 1)
    state = UNITS.to_units(READY)
    (plan,) = expert.plan([Query(0, Observation({}, state, "", 0.0), 0)])
    np.testing.assert_array_equal(plan.actions, state[None])


def test_its_name_says_what_changes_it() -> None:
    world = world_of(So100Env(SINGLE.tasks))
    assert Expert(world).spec.name == "expert"
    assert Expert(world, mistakes=0.2, speed=1.5).spec.name == "expert+mistakes(0.2)+speed(1.5)"


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda world: Expert(world, astray=-0.1), r"^astray=-0.1 is a share of the attempts: between 0 and 1$"),
        (lambda world: Expert(world, mistakes=1.5), r"^mistakes=1.5 is a share of the attempts: between 0 and 1$"),
        (lambda world: Expert(world, speed=0), r"^speed=0 is a factor between 0.1 and 2$"),
        (lambda world: Expert(world, speed=math.nan), r"^speed=nan is a factor between 0.1 and 2$"),
    ],
)
def test_arguments_out_of_range_are_refused(build: Callable[[World], Expert], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(world_of(So100Env(SINGLE.tasks)))


def test_another_robot_is_refused() -> None:
    line = World(LineEnv.observation_spec, LineEnv.action_spec)
    with pytest.raises(
        ValueError, match=r"^the expert moves shoulder_pan \(deg\), .*; this world has x \(m\), jaw \(%\)\. It plays "
    ):
        Expert(line)
