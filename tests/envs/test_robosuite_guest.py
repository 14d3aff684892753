"""What is missing for robosuite is said in one line, with the way out."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from armtrial.envs.guests import GuestError, Python
from armtrial.envs.robosuite.guest import HOME, _check, found, guest
from armtrial.evaluators.cli import main
from armtrial.policies.base import World
from armtrial.policies.experts import expert
from armtrial.tasks.robosuite import ROBOSUITE
from armtrial.tests.robosuite_fake import LIFT, FakeRobosuite
from armtrial.tests.robosuite_here import MUST_PLAY

RIGHT = {"robosuite": "1.5.2", "mujoco": "3.3.7", "numpy": "1.26.4"}


def test_without_a_python_of_its_own_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(GuestError, match=r"there is none in .*nowhere; make robosuite"):
        guest({}, {}, [tmp_path / "nowhere" / "bin" / "python"])


def test_a_python_that_cannot_be_run_is_named() -> None:
    with pytest.raises(GuestError, match="/nowhere/python cannot be run: No such file or directory; unset ROBOSUITE_"):
        guest({}, {"ROBOSUITE_PYTHON": "/nowhere/python"})


@pytest.mark.parametrize(
    ("arguments", "environ", "way_out"),
    [
        ({}, {"ROBOSUITE_PYTHON": sys.executable}, "unset ROBOSUITE_PYTHON && make robosuite  # or name one that has "),
        (
            {"interpreter": sys.executable},
            {},
            "without interpreter=PATH the one that `make robosuite` makes is used; or name one that has ",
        ),
    ],
)
def test_a_python_that_the_user_named_is_not_to_be_made_again(
    arguments: dict[str, str], environ: dict[str, str], way_out: str
) -> None:
    with pytest.raises(GuestError) as raised:
        guest(arguments, environ)
    assert raised.value.way_out == way_out + "robosuite 1.5.2, mujoco 3.3.7 and numpy below 2"


def test_a_python_without_robosuite_is_named_with_what_it_lacks() -> None:
    with pytest.raises(
        GuestError, match=r"cannot play robosuite: it lacks robosuite.*; rm -rf .venv-robosuite && make"
    ):
        found(ours(sys.executable), frozenset())


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
        _check(ours("python"), [], RIGHT | {package: version})


def test_a_python_that_cannot_draw_leads_to_gl(tmp_path: Path) -> None:
    said = r"python cannot draw: .*no EGL here.*`; a policy that does not look needs none: MUJOCO_GL=disabled"
    with pytest.raises(GuestError, match=said):
        found(ours(answering(tmp_path, RIGHT)), frozenset())


def test_a_backend_that_there_is_not_is_no_fault_of_the_python(tmp_path: Path) -> None:
    with pytest.raises(
        GuestError, match=r"^MUJOCO_GL is 'bogus', and no backend is called that; there are: egl, osmesa"
    ):
        found(ours(answering(tmp_path, RIGHT)), frozenset({"MUJOCO_GL": "bogus"}.items()))


def test_a_run_knows_what_was_found_and_not_what_was_wanted(tmp_path: Path) -> None:
    versions = RIGHT | {"numpy": "1.25.0", "python": "3.11.9"}
    made = guest({"interpreter": answering(tmp_path, versions)}, {"MUJOCO_GL": "disabled"})
    assert made.upstream == versions


def ours(path: str) -> Python:
    """As if `make robosuite` had made it."""
    return replace(HOME.python({}, {}, [Path(sys.executable)]), path=path)


def answering(folder: Path, versions: dict[str, str]) -> str:
    """Stands for a Python that has all it needs but EGL."""
    file, answer = folder / "python", json.dumps([[], versions])
    file.write_text(
        f"#!/bin/sh\ncase \"$2\" in *find_spec*) echo '{answer}';; *) echo no EGL here >&2; exit 1;; esac\n"
    )
    file.chmod(0o755)
    return str(file)


@pytest.mark.parametrize(
    ("must", "why", "ends"), [("1", f"{MUST_PLAY} is set", "1 error"), ("", f"skipped: {MUST_PLAY}=1", "1 skipped")]
)
def test_tests_of_robosuite_fail_without_it_where_they_must_be_played(must: str, why: str, ends: str) -> None:
    environ = os.environ | {"ROBOSUITE_PYTHON": "/nowhere/python", MUST_PLAY: must}
    file = str(Path(__file__).with_name("test_robosuite_own.py"))
    words = [sys.executable, "-m", "pytest", "-q", "-k", "Recent", file]
    said = subprocess.run(words, env=environ, capture_output=True, text=True, check=False).stdout
    assert "robosuite cannot be played here: /nowhere/python cannot be run" in said
    assert why in said
    assert ends in said


def test_an_unknown_robot_ends_in_one_line_with_a_guess(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--policy", "random", "--suite", "robosuite", "--env-arg", "robot=Pandas", "--dry-run"]) == 2
    said = capsys.readouterr().err
    assert "no robot here is called 'Pandas'; did you mean 'Panda'? there are: Panda, Sawyer" in said
    assert said.count("\n") == 1


def test_a_misspelt_argument_is_told_that_another_python_may_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUJOCO_GL", "disabled")
    words = ["--env-arg", f"interpreter={answering(tmp_path, RIGHT)}", "--env-arg", "robots=Panda", "--dry-run"]
    assert main(["--policy", "random", "--suite", "robosuite", *words]) == 2
    assert "called 'robots'. Did you mean 'robot'? There are: interpreter, robot." in capsys.readouterr().err


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
