"""robosuite's world, beside robosuite's own loop: the same states, the same pictures, sooner."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from armtrial.envs.base import Played, Vector
from armtrial.envs.contract import check_env
from armtrial.envs.guests import Guest
from armtrial.envs.remote import RemoteEnv
from armtrial.envs.robosuite.robots import ROBOTS
from armtrial.envs.robosuite.upstream import CAMERAS
from armtrial.envs.worker import EnvSource
from armtrial.evaluators import evaluate
from armtrial.tasks.base import End, Outcome, Trial
from armtrial.tasks.robosuite import ROBOSUITE
from armtrial.tests.bench.pace import ratio
from armtrial.tests.bench.robosuite import AIM, CHUNK, EDGE, OURS, THEIRS, actions, race

pytestmark = pytest.mark.robosuite
TASKS = [task.name for task in ROBOSUITE.tasks]
LOOK = dict.fromkeys(CAMERAS, (EDGE, EDGE))


def source(robosuite: Guest, place: str = OURS, **arguments: str) -> EnvSource:
    return EnvSource(place, ROBOSUITE.tasks, arguments, robosuite.renderer.environ, robosuite.interpreter)


@pytest.fixture(scope="module")
def ours(robosuite: Guest) -> Iterator[RemoteEnv]:
    with closing(RemoteEnv(source(robosuite))) as env:
        yield env


@pytest.fixture(scope="module")
def theirs(robosuite: Guest) -> Iterator[RemoteEnv]:
    with closing(RemoteEnv(source(robosuite, THEIRS))) as env:
        yield env


def trial(task: str, index: int = 0) -> Trial:
    return Trial("eval", "robosuite", 1, task, index)


def end_of(env: RemoteEnv) -> str:
    return env.verdict(Played(False, End.TIMEOUT, "timeout", 0.0, 1)).end_hash


def played(env: RemoteEnv, task: str, index: int = 0, number: int = 40) -> tuple[str, str]:
    start = env.reset(trial(task, index))
    for action in actions(index, number):
        env.step(action)
    return start.hash, end_of(env)


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_the_world_keeps_the_contract(robosuite: Guest, task: str) -> None:
    check_env(RemoteEnv(source(robosuite)), ROBOSUITE.task(task))


@pytest.mark.parametrize("task", TASKS)
def test_a_trial_ends_alike_twice_and_after_others_and_in_another_process(
    robosuite: Guest, ours: RemoteEnv, task: str
) -> None:
    first, other, again = played(ours, task), played(ours, task, 1), played(ours, task)
    with closing(RemoteEnv(source(robosuite))) as env:
        assert {first, again, played(env, task)} == {first}
    assert not set(first) & set(other)


@pytest.mark.parametrize("task", TASKS)
def test_a_trajectory_and_its_pictures_are_robosuites_to_the_last_bit(
    ours: RemoteEnv, theirs: RemoteEnv, task: str
) -> None:
    for env in (ours, theirs):
        env.reset(trial(task))
    for action in actions(0, 20):
        assert stepped(ours, action) == stepped(theirs, action)
    seen, drawn = (env.observe(LOOK).images for env in (theirs, ours))
    assert all(np.array_equal(seen[name], drawn[name]) for name in CAMERAS)
    assert end_of(ours) == end_of(theirs)


def stepped(env: RemoteEnv, action: Vector) -> tuple[object, ...]:
    step = env.step(action)
    return step.state.tolist(), step.events, step.success


def test_looking_changes_nothing(ours: RemoteEnv) -> None:
    unseen = played(ours, "lift")
    ours.reset(trial("lift"))
    for action in actions(0, 40):
        ours.observe({"wrist": (32, 32)}, privileged=True)
        ours.step(action)
    assert end_of(ours) == unseen[1]


@pytest.mark.slow
@pytest.mark.parametrize("robot", ROBOTS)
def test_every_robot_moves_as_it_is_told(robosuite: Guest, robot: str) -> None:
    with closing(RemoteEnv(source(robosuite, robot=robot))) as env:
        env.reset(trial("lift"))
        before = env.observe({}).state
        for _ in range(10):
            after = env.step(np.array([0, 0, 0.5, 0, 0, 0, -1.0])).state
        assert len(after) == len(env.observation_spec.state)
        assert after[2] - before[2] > 0.04
        assert env.observe(LOOK).images["wrist"].std() > 5


@pytest.mark.slow
def test_steps_are_so_many_times_as_fast_as_robosuites(robosuite: Guest) -> None:
    ours, theirs = race(robosuite).paces(OURS, THEIRS, CHUNK, 4)
    assert ratio(ours, theirs) >= AIM


@pytest.mark.slow
def test_the_expert_lifts_the_cube_at_its_first_attempt(robosuite: Guest, tmp_path: Path) -> None:
    run = evaluate("expert", "robosuite", task="lift", episodes=5, video="none", out=tmp_path / "run")
    assert [record.result.outcome for record in run.records] == [Outcome.SUCCESS] * 5
    assert {record.result.stages for record in run.records} == {("reach", "grasp", "lift")}
    assert run.info.provenance.upstream == robosuite.upstream
    assert sorted(robosuite.upstream) == ["mujoco", "numpy", "python", "robosuite"]


@pytest.mark.slow
def test_a_recorded_run_replays_to_the_same_end(robosuite: Guest, tmp_path: Path) -> None:
    def ends(policy: str, name: str, argument: str = "horizon=10") -> list[str]:
        out = tmp_path / name
        run = evaluate(policy, "robosuite", task="door", episodes=2, video="none", out=out, policy_arg=argument)
        return sorted(record.result.end_hash for record in run.records)

    assert ends("random", "first") == ends("replay", "again", f"run={tmp_path / 'first'}")
