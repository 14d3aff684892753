"""CALVIN by Gymnasium's face, in its own interpreter."""

import os
from contextlib import closing

import gymnasium
import numpy as np
import pytest

from armtrial.envs.guests import GuestError
from armtrial.envs.gym import register

pytestmark = pytest.mark.calvin


def test_a_chain_is_played_by_gymnasiums_face() -> None:
    register()
    try:
        env = gymnasium.make("armtrial/abc-d-v0", domain="eval", disable_env_checker=True)
    except GuestError as error:
        pytest.skip(f"{error}; then set CALVIN_ROOT (it is {os.environ.get('CALVIN_ROOT')!r})")
    with closing(env):
        seen, info = env.reset(seed=0)
        assert seen["pixels"]["static"].shape == (200, 200, 3)
        assert seen["pixels"]["gripper"].shape == (84, 84, 3)
        assert info["trial"] == "calvin-v1.abc-d.000"
        _, reward, terminated, truncated, _ = env.step(np.full(7, 0.3, dtype=np.float32))
        assert (reward, terminated, truncated) == (0.0, False, False)
