"""What a run stands on: which worlds are given a GL, and when."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from armtrial.envs.catalog import ENVS, NEEDS_GL
from armtrial.envs.gl import GlChoice
from armtrial.envs.locate import locate
from armtrial.evaluators import ground
from armtrial.evaluators.config import RunConfig
from armtrial.evaluators.ground import prepare

OWN = """
import os
from dataclasses import replace
from armtrial.envs.line import LineEnv
from armtrial.tasks.toy import TOY

SEEN = os.environ.get("MUJOCO_GL")

class Own(LineEnv):
    needs_gl = {needs}

SUITE = replace(TOY, tasks=tuple(replace(task, env=__file__ + ":Own") for task in TOY.tasks))
"""


def suite(folder: Path, needs: bool) -> str:
    file = folder / "own.py"
    file.write_text(OWN.format(needs=needs))
    return f"{file}:SUITE"


def egl(environ: Mapping[str, str]) -> GlChoice:
    return GlChoice("egl", "a renderer", "4.6")


@pytest.mark.parametrize("needs", [True, False])
def test_a_world_in_a_users_file_has_gl_where_it_says_that_it_needs_it(
    needs: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ground, "chosen", egl)
    made = prepare(RunConfig(policy="toy", suite=suite(tmp_path, needs)))
    assert (made.renderer is not None) == needs
    assert made.source.environ.get("MUJOCO_GL") == ("egl" if needs else None)


def test_in_this_process_gl_is_chosen_before_a_users_file_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ground, "chosen", egl)
    monkeypatch.setattr(os, "environ", {key: value for key, value in os.environ.items() if key != "MUJOCO_GL"})
    own = suite(tmp_path, True)
    prepare(RunConfig(policy="toy", suite=own, workers=0))
    assert locate(own.replace("SUITE", "SEEN")) == "egl"


@pytest.mark.parametrize("name", ENVS)
def test_the_table_says_of_the_packages_worlds_what_they_say_themselves(name: str) -> None:
    assert (name in NEEDS_GL) == getattr(locate(ENVS[name]), "needs_gl", False)
