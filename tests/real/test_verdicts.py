"""What a trial's progress is worth where a person judges, or the twin in a rehearsal."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from armtrial.envs.base import Played, Step, Vector, Verdict
from armtrial.envs.line import LineEnv
from armtrial.envs.player import LocalPlayer, Look, judged_progress
from armtrial.envs.so100.scene import GOAL
from armtrial.evaluators.api import evaluate
from armtrial.evaluators.folder import RunFolder
from armtrial.evaluators.playing import Interrupted
from armtrial.real.arm import So100Arm
from armtrial.tasks.base import Outcome
from armtrial.tasks.tabletop import MULTI
from armtrial.tasks.toy import TOY
from armtrial.tests.real.rehearsal import QUICK, SHORT, Sitter

S, F, V = Outcome.SUCCESS, Outcome.FAILURE, Outcome.VOID
REACH = replace(TOY.task("reach"), max_seconds=0.1, hold_seconds=0.0)


class Judged(LineEnv):
    """Tells one share of the task, tick after tick, and is judged by somebody."""

    told, outcome, by = 0.0, S, "ada"

    def step(self, action: Vector) -> Step:
        return replace(super().step(action), success=False, progress=self.told)

    def verdict(self, played: Played) -> Verdict:
        return Verdict(self.outcome, "", "", by=self.by)


def progress(told: float, outcome: Outcome, by: str = "ada") -> float:
    env = Judged([REACH])
    env.told, env.outcome, env.by = told, outcome, by
    player = LocalPlayer(env, [REACH])
    player.begin(TOY.trials()[0], Look({}))
    player.advance(np.zeros((60, 2)))
    return player.finish(judged=True).progress


@pytest.mark.parametrize("told", [0.0, 0.5, 1.0])
def test_what_a_person_calls_a_success_is_all_of_the_task(told: float) -> None:
    assert progress(told, S) == 1.0


def test_what_a_person_calls_a_failure_is_never_all_of_it() -> None:
    assert progress(1.0, F) == 0.0


@pytest.mark.parametrize("outcome", [F, V])
def test_of_what_did_not_succeed_the_share_that_the_world_told_stays(outcome: Outcome) -> None:
    assert progress(2 / 3, outcome) == 2 / 3


def test_where_the_rubric_judges_progress_is_what_the_world_told() -> None:
    assert (progress(1.0, F, "rubric"), progress(0.5, S, "rubric")) == (1.0, 0.5)


@pytest.mark.parametrize("told", [0.0, 1 / 3, 1.0])
def test_a_success_that_is_taken_back_leaves_no_more_than_a_failure_does(told: float) -> None:
    again = judged_progress(F, judged_progress(S, told))
    assert again <= judged_progress(F, told) < 1.0


LAID_OUT, ACCEPT, KEEP = ("Enter: it is laid out", "\n"), ("Enter: accept", "\n"), ("keep it", "\n")
UNDO, LEAVE = [("Enter: it is laid out", "u"), ("taken back", "")], ("it is laid out", "q")
WELL, BADLY = [("verdict of", "s"), KEEP], [("verdict of", "f"), (r"why\?", "2"), KEEP]


@pytest.mark.lerobot
@pytest.mark.parametrize(("keys", "first", "then", "shares"), [("", WELL, BADLY, [1, 0]), ("s", BADLY, WELL, [0, 1])])
def test_progress_follows_the_verdict_and_the_one_in_its_place_whatever_was_declared_before(
    tmp_path: Path, keys: str, first: list[tuple[str, str]], then: list[tuple[str, str]], shares: list[int]
) -> None:
    pytest.importorskip("scservo_sdk")
    person = Sitter([LAID_OUT, ACCEPT, ("GO", keys), *first, *UNDO, *then, LEAVE])
    with pytest.raises(Interrupted):
        evaluate("hold", SHORT, out=tmp_path / "run", console=person.console, **QUICK)
    with RunFolder(tmp_path / "run").opened() as records:
        assert [record.result.progress for record in records] == shares
        assert [record.result.outcome for record in records] == [S if share else F for share in shares]


def put_into_the_goal(arm: So100Arm, name: str, aside: float) -> None:
    env = arm.soft._env
    with arm.soft.bus.inside():
        model, data = env.inside()
        item, goal = env._scene.items[name], data.body(GOAL).xpos
        data.qpos[item.at : item.at + 7] = (goal[0] + aside, goal[1], 0.0175, 1, 0, 0, 0)
        speed = model.jnt_dofadr[model.body_jntadr[item.body]]
        data.qvel[speed : speed + 6] = 1e-6  # not 0, with which it would sleep on


@pytest.mark.lerobot
def test_a_rehearsal_tells_how_many_of_several_things_the_twin_sees_placed() -> None:
    pytest.importorskip("scservo_sdk")
    arm = So100Arm(MULTI.tasks[:1], port="twin", yes=True, lockstep=True, pictures=False, films=False)
    try:
        arm.reset(MULTI.trials(1)[0])
        still, shares = arm.observe({}).state, []
        for name, aside in (("green_block", -0.03), ("green_block_2", 0.03)):
            put_into_the_goal(arm, name, aside)
            shares += [[arm.step(still) for _ in range(10)][-1].progress]
    finally:
        arm.close()
    assert shares == [0.5, 1.0]
