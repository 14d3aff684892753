"""The world's own part: what is told of a trial, and when it is done. Over a hand that goes where it is told."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from armtrial.envs.base import LifecycleError
from armtrial.envs.robosuite.env import RobosuiteEnv
from armtrial.envs.robosuite.robots import ROBOTS, robot_of
from armtrial.evaluators import Run, evaluate
from armtrial.tasks.base import Outcome, SuccessRule, Task, Trial
from armtrial.tasks.robosuite import RESERVED, ROBOSUITE
from armtrial.tasks.rubric import Grasp
from armtrial.tests.robosuite_fake import LIFT, SLIP, FakeRobosuite, Frictionless

CLOSE, OPEN = np.array([0, 0, 0, 0, 0, 0, 1.0]), np.array([0, 0, 0, 0, 0, 0, -1.0])
TRIAL = Trial("eval", "robosuite", 1, "lift", 0)


def test_the_suite_has_five_tasks_that_must_stay_done() -> None:
    assert [task.name for task in ROBOSUITE.tasks] == ["lift", "stack", "pick-place-can", "nut-assembly-square", "door"]
    assert {task.success_rule for task in ROBOSUITE.tasks} == {SuccessRule.HELD}
    assert {task.max_seconds * RobosuiteEnv.action_spec.rate for task in ROBOSUITE.tasks} == {500}


@pytest.fixture(scope="module")
def lifted(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluate("expert", LIFT, episodes=6, workers=0, out=tmp_path_factory.mktemp("run") / "run")


def test_the_expert_lifts_at_its_first_attempt(lifted: Run) -> None:
    assert [record.result.outcome for record in lifted.records] == [Outcome.SUCCESS] * 6
    assert [[attempt.outcome for attempt in record.result.attempts] for record in lifted.records] == [[Grasp.HELD]] * 6
    assert {record.result.stages for record in lifted.records} == {("reach", "grasp", "lift")}


def test_what_is_lost_on_its_way_up_is_a_slip_and_tried_again(tmp_path: Path) -> None:
    run = evaluate("expert", SLIP, episodes=1, workers=0, out=tmp_path / "run")
    (record,) = run.records
    assert record.result.outcome is Outcome.FAILURE
    assert len(record.result.attempts) > 2
    assert record.result.attempts[0].outcome is Grasp.SLIPPED


def test_what_is_to_be_lifted_is_not_placed_as_it_falls() -> None:
    assert "placed" in let_go_high(LIFT.task("lift"), last_stage="release")
    assert "placed" not in let_go_high(LIFT.task("lift"), last_stage="lift")


def let_go_high(task: Task, last_stage: str) -> set[str]:
    """What is told where the jaws open and the cube is still high enough."""
    env = FakeRobosuite([replace(task, last_stage=last_stage)])
    env.reset(TRIAL)
    simulation = env._running()
    assert isinstance(simulation, Frictionless)
    simulation.success = lambda: True
    return {event.kind for action in (CLOSE, OPEN) for event in env.step(action).events}


def test_a_report_tells_of_no_stage_that_a_task_does_not_have(lifted: Run) -> None:
    assert [stage.name for stage in lifted.scores.tasks[0].funnel] == ["reach", "grasp", "lift", "success"]


def test_a_task_ends_with_a_stage_that_there_is() -> None:
    with pytest.raises(ValueError, match="task 'lift': last_stage is 'lifted'; it is one of reach, grasp, lift, place"):
        replace(ROBOSUITE.task("lift"), last_stage="lifted")


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_what_the_world_sets_itself_is_no_option(name: str) -> None:
    said = f"task 'lift': options sets {name}, which the world 'robosuite' sets for all .*; leave it out, and so "
    with pytest.raises(ValueError, match=said):
        replace(ROBOSUITE.task("lift"), options=((name, 10),))


def test_closing_far_from_everything_is_no_attempt() -> None:
    env = FakeRobosuite(LIFT.tasks)
    env.reset(TRIAL)
    assert [env.step(action).events for action in (OPEN, CLOSE, CLOSE)] == [(), (), ()]


def test_a_zero_leaves_the_jaws_as_they_were_told() -> None:
    env = FakeRobosuite(LIFT.tasks)
    env.reset(TRIAL)
    for action in (CLOSE, OPEN, np.zeros(7), np.zeros(7)):
        env.step(action)
    assert env.observe({}, privileged=True).privileged["jaws"].tolist() == [1.0, 3 / 20]


def test_a_world_outside_a_trial_is_not_stepped() -> None:
    with pytest.raises(LifecycleError, match="stepped outside a trial; call reset first"):
        FakeRobosuite(LIFT.tasks).step(CLOSE)


@pytest.mark.parametrize("robot", ROBOTS)
def test_a_state_names_every_joint_of_the_robot(robot: str) -> None:
    env = FakeRobosuite(LIFT.tasks, robot=robot)
    assert len(env.observation_spec.state) == 7 + robot_of(robot).joints + robot_of(robot).fingers
