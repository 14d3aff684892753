"""What is missing for robosuite is said in one line, with the way out."""

import json
import sys
from pathlib import Path

import pytest

from armtrial.envs.guests import GuestError
from armtrial.envs.robosuite.guest import _check, drawing, guest
from armtrial.evaluators.cli import main
from armtrial.policies.base import World
from armtrial.policies.experts import expert
from armtrial.tasks.robosuite import ROBOSUITE
from armtrial.tests.robosuite_fake import LIFT, FakeRobosuite

RIGHT = {"robosuite": "1.5.2", "mujoco": "3.3.7", "numpy": "1.26.4"}


def test_without_a_python_of_its_own_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(GuestError, match=r"there is none in .*nowhere; make robosuite"):
        guest({}, {}, [tmp_path / "nowhere" / "bin" / "python"])


def test_a_python_that_cannot_be_run_is_named() -> None:
    with pytest.raises(GuestError, match="/nowhere/python cannot be run: No such file or directory; make robosuite"):
        guest({}, {"ROBOSUITE_PYTHON": "/nowhere/python"})


def test_a_python_without_robosuite_is_named_with_what_it_lacks() -> None:
    with pytest.raises(
        GuestError, match=r"cannot play robosuite: it lacks robosuite.*; rm -rf .venv-robosuite && make"
    ):
        drawing(sys.executable, frozenset())


@pytest.mark.parametrize(
    ("package", "version", "said"),
    [
        ("mujoco", "3.17.0", "it has mujoco 3.17.0, not 3.3.7; rm -rf .venv-robosuite && make robosuite"),
        ("robosuite", "1.4.1", "it has robosuite 1.4.1, not 1.5.2; rm -rf"),
        ("numpy", "2.2.6", "it has numpy 2.2.6, not below 2; rm -rf"),
    ],
)
def test_another_version_is_named_with_the_right_one(package: str, version: str, said: str) -> None:
    with pytest.raises(GuestError, match=said):
        _check("python", [], RIGHT | {package: version})


def test_a_python_that_cannot_draw_leads_to_gl(tmp_path: Path) -> None:
    blind = tmp_path / "python"
    answer = json.dumps([[], RIGHT])
    blind.write_text(
        f"#!/bin/sh\ncase \"$3\" in *find_spec*) echo '{answer}';; *) echo no EGL here >&2; exit 1;; esac\n"
    )
    blind.chmod(0o755)
    with pytest.raises(
        GuestError, match=r"cannot draw: .*no EGL here.*; a policy that does not look: MUJOCO_GL=disabled"
    ):
        drawing(str(blind), frozenset())


def test_an_unknown_robot_ends_in_one_line_with_a_guess(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--policy", "random", "--suite", "robosuite", "--env-arg", "robot=Pandas", "--dry-run"]) == 2
    said = capsys.readouterr().err
    assert "no robot here is called 'Pandas'; did you mean 'Panda'? there are: Panda, Sawyer" in said
    assert said.count("\n") == 1


def test_an_unknown_task_ends_in_one_line_with_a_guess(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--policy", "random", "--suite", "robosuite", "--task", "lifts", "--dry-run"]) == 2
    assert "Did you mean 'lift'?" in capsys.readouterr().err


def test_the_expert_says_before_the_first_trial_what_it_cannot_do() -> None:
    env = FakeRobosuite(LIFT.tasks)
    made = expert(World(env.observation_spec, env.action_spec))
    made.readable(ROBOSUITE.task("lift").instruction)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"the expert can lift, and no more: --task lift. This asks: Stack the red"):
        made.readable(ROBOSUITE.task("stack").instruction)  # type: ignore[attr-defined]


def test_the_expert_of_robosuite_makes_no_mistakes() -> None:
    env = FakeRobosuite(LIFT.tasks)
    with pytest.raises(ValueError, match=r"takes no arguments; it was given mistakes=0\.5"):
        expert(World(env.observation_spec, env.action_spec), mistakes=0.5)
