"""What lies in the folder where a command is called is nobody's package, unless a file of the user's asks for it."""

import os
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from armtrial.envs.calvin import guest as calvin
from armtrial.envs.gl import LIMIT, run_apart
from armtrial.envs.guests import GuestError, Python
from armtrial.envs.remote import RemoteEnv
from armtrial.envs.robosuite import guest as robosuite
from armtrial.envs.worker import EnvSource
from armtrial.tasks.toy import TOY

OWN = """
import beside
from armtrial.envs.line import LineEnv

class Own(LineEnv):
    place = beside.__file__
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command is called; it holds files that are called as other people's packages."""
    for name in ("types", "numpy", "pybullet", "robosuite"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} of the wrong folder')")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def played(place: str) -> None:
    with closing(RemoteEnv(EnvSource(place, TOY.tasks, {}, interpreter=sys.executable))) as env:
        env.reset(TOY.trials()[0])


def test_a_worker_of_another_python_imports_nothing_from_there(folder: Path) -> None:
    played("armtrial.envs.line:LineEnv")


def test_a_world_in_a_file_imports_what_lies_beside_it(folder: Path) -> None:
    (folder / "own.py").write_text(OWN)
    (folder / "beside.py").touch()
    played(f"{folder / 'own.py'}:Own")


def test_a_program_that_tries_a_python_imports_nothing_from_there(folder: Path) -> None:
    (folder / "beside.py").touch()
    assert run_apart("import numpy, types", os.environ, LIMIT).failure == ""
    assert "No module named 'beside'" in run_apart("import beside", os.environ, LIMIT).failure


@pytest.mark.parametrize("tried", [calvin.drawing, lambda python: robosuite.found(python, frozenset())])
def test_no_guest_is_found_there(folder: Path, tried: Callable[[Python], object]) -> None:
    with pytest.raises(GuestError, match=r"it lacks .*(pybullet|robosuite)"):
        tried(Python(sys.executable, "make it"))
