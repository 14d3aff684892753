"""An environment of one's own, as the README shows it: a class for robosuite's Python, a suite for ours."""

import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import armtrial
from armtrial.envs.guests import Guest
from armtrial.envs.remote import RemoteEnv
from armtrial.envs.worker import EnvSource
from armtrial.evaluators import evaluate
from armtrial.evaluators.errors import UserError
from armtrial.tasks.base import Outcome, Trial
from armtrial.tasks.robosuite import ROBOSUITE
from armtrial.tests.bench.robosuite import OURS, THEIRS, actions

pytestmark = pytest.mark.robosuite

TEXT = (Path(armtrial.__path__[0]) / "README.md").read_text()
FILES = dict(re.findall(r"```python\n# (high_\w+\.py)\n(.*?)```", TEXT, re.DOTALL))


@pytest.fixture
def own(robosuite: Guest, tmp_path: Path) -> Path:
    for name, code in FILES.items():
        (tmp_path / name).write_text(code)
    return tmp_path


def test_an_environment_of_ones_own_is_played_as_robosuites(own: Path) -> None:
    run = evaluate("expert", f"{own / 'high_suite.py'}:HIGH", episodes=1, video="none", out=own / "run")
    (record,) = run.records
    assert (record.id, record.result.outcome) == ("high-v1.lift-high.000", Outcome.SUCCESS)
    assert [stage.name for stage in run.scores.tasks[0].funnel] == ["reach", "grasp", "lift", "success"]


JUDGES = """
from robosuite.environments.manipulation import lift

class OwnStep(lift.Lift):
    told = 0

    def step(self, action):
        self.told = round(float(action[0]) * 100)
        return super().step(action)

    def _check_success(self):
        return self.told % 2 == 0

class Recent(lift.Lift):
    def _check_success(self):
        return self.robots[0].recent_actions.current[0] > 0

class Sensed(lift.Lift):
    def _check_success(self):
        return round(1e4 * float(self._observables["gripper_to_cube_pos"].obs[2])) % 2 == 0

class Lift(lift.Lift):
    def _check_success(self):
        return self.robots[0].recent_actions.current[1] > 0
"""
"""Checks that read what robosuite's own do not, each with an answer that changes from tick to tick."""


def verdicts(robosuite: Guest, folder: Path, name: str, place: str) -> list[bool]:
    """The check's, tick after tick."""
    task = replace(ROBOSUITE.task("lift"), upstream=f"{folder / 'judges.py'}:{name}")
    with closing(RemoteEnv(EnvSource(place, (task,), {}, robosuite.renderer.environ, robosuite.interpreter))) as env:
        env.reset(Trial("eval", "robosuite", 1, "lift", 0))
        return [env.step(action).success for action in actions(3, 12)]


@pytest.mark.parametrize("name", ["OwnStep", "Recent", "Sensed", "Lift"])
def test_a_check_is_answered_as_in_robosuites_own_loop(robosuite: Guest, tmp_path: Path, name: str) -> None:
    (tmp_path / "judges.py").write_text(JUDGES)
    theirs = verdicts(robosuite, tmp_path, name, THEIRS)
    assert set(theirs) == {True, False}
    assert verdicts(robosuite, tmp_path, name, OURS) == theirs


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("{Path(__file__).with_name('high_lift.py')}:HighLift", "Lfit", "no environment 'Lfit'. Did you mean 'Lift'?"),
        ('target="cube"', 'target="cub"', "has no object 'cub'. There are: cube"),
        ("{Path(__file__).with_name('high_lift.py')}:HighLift", "TwoArmLift", "it must be bimanual"),
    ],
)
def test_what_robosuite_does_not_have_is_said_before_a_run(own: Path, right: str, wrong: str, said: str) -> None:
    (own / "high_suite.py").write_text(FILES["high_suite.py"].replace(right, wrong))
    with pytest.raises(UserError, match=rf"^task 'lift-high' of suite 'high' cannot be set up: .*{re.escape(said)}"):
        evaluate("random", f"{own / 'high_suite.py'}:HIGH", episodes=1, video="none", out=own / "run")
    assert not (own / "run").exists()
