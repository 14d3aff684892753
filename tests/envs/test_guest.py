"""A world under another Python, with numpy and msgpack and nothing else of ours."""

import shutil
import subprocess
from collections.abc import Iterator

import numpy as np
import pytest

from armtrial.envs.line import LineEnv
from armtrial.envs.remote import RemoteEnv
from armtrial.envs.worker import EnvSource
from armtrial.tasks.toy import TOY

pytestmark = pytest.mark.slow
OTHERS = ("python3.10", "python3.11", "/usr/bin/python3.11", "python3.13")
TRIAL = TOY.trials()[1]


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> str:
    home = tmp_path_factory.mktemp("guest") / "venv"
    for name in filter(shutil.which, OTHERS):
        made = subprocess.run([name, "-m", "venv", str(home)], capture_output=True)
        if made.returncode == 0:
            break
    else:
        pytest.skip(f"a guest needs another Python with venv: one of {', '.join(OTHERS)}")
    subprocess.run([home / "bin" / "pip", "install", "--quiet", "numpy", "msgpack"], check=True, capture_output=True)
    return str(home / "bin" / "python")


@pytest.fixture
def guest(interpreter: str) -> Iterator[RemoteEnv]:
    env = RemoteEnv(EnvSource("armtrial.envs.line:LineEnv", TOY.tasks, {}, interpreter=interpreter))
    yield env
    env.close()


def test_a_guest_plays_as_the_world_here_does(guest: RemoteEnv) -> None:
    here = LineEnv(TOY.tasks)
    assert guest.reset(TRIAL).hash == here.reset(TRIAL).hash
    for target in np.random.default_rng(0).uniform((-1, 0), (1, 100), (50, 2)):
        assert guest.step(target).state.tolist() == here.step(target).state.tolist()
    looked, seen = (env.observe({"front": (96, 64)}) for env in (guest, here))
    assert np.array_equal(looked.images["front"], seen.images["front"])
