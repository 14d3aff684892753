"""An environment of one's own, as the README shows it: a class for robosuite's Python, a suite for ours."""

import os
import re
from contextlib import suppress
from pathlib import Path

import pytest

import armtrial
from armtrial.envs.guests import GuestError
from armtrial.envs.robosuite.guest import guest
from armtrial.evaluators import evaluate
from armtrial.evaluators.errors import UserError
from armtrial.tasks.base import Outcome

pytestmark = pytest.mark.robosuite

TEXT = (Path(armtrial.__path__[0]) / "README.md").read_text()
FILES = dict(re.findall(r"```python\n# (high_\w+\.py)\n(.*?)```", TEXT, re.DOTALL))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    with suppress(GuestError):
        guest({}, os.environ)
        for name, code in FILES.items():
            (tmp_path / name).write_text(code)
        return tmp_path
    pytest.skip("robosuite cannot be played here: call `make robosuite`, or see `armtrial doctor`")


def test_an_environment_of_ones_own_is_played_as_robosuites(own: Path) -> None:
    run = evaluate("expert", f"{own / 'high_suite.py'}:HIGH", episodes=1, video="none", out=own / "run")
    (record,) = run.records
    assert (record.id, record.result.outcome) == ("high-v1.lift-high.000", Outcome.SUCCESS)


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
