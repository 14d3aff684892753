"""Policies of other kinds play CALVIN's chains: behind openpi's wire, behind our own server, LeRobot's."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faulty_server import faulty_server
from serving import served

from armtrial.envs.calvin.env import CalvinEnv
from armtrial.evaluators import Run, evaluate
from armtrial.policies.base import World
from armtrial.policies.baselines import Random
from armtrial.tasks.calvin import INSTRUCTIONS, chains, start_state
from armtrial.tests.calvin_fake import FAKE, NEEDED

WORLD = World(CalvinEnv.observation_spec, CalvinEnv.action_spec)
START = start_state(chains()[0].situation).robot
FIRST = chains()[0].subtasks[0]


def played(policy: str, out: Path, **settings: Any) -> Run:
    return evaluate(policy, FAKE, episodes=1, workers=0, video="none", out=out, **settings)


def pushing(request: Any) -> np.ndarray:
    """Only ever at the first subtask; its gripper is neither open nor closed."""
    does = float(request["prompt"] == INSTRUCTIONS[FIRST])
    return np.tile([does, 0, 0, 0, 0, 0, 0.3], (10, 1))


def test_openpi_is_sent_calvin_s_keys_and_plays_chains(tmp_path: Path) -> None:
    with faulty_server(pushing) as server:
        run = played("openpi", tmp_path / "run", url=(server.url,), policy_arg=("map=calvin",), wrap=("threshold",))
    (record,) = run.records
    assert (record.result.error, record.result.steps) == (None, NEEDED + 360)
    sent = server.last
    assert (sent["observation/image"].shape, sent["observation/wrist_image"].shape) == ((200, 200, 3), (84, 84, 3))
    assert sent["observation/state"] == pytest.approx(START[:7])
    parts = [sent[f"observation/state_{name}"] for name in ("ee_pos", "ee_rot", "gripper")]
    assert np.concatenate(parts) == pytest.approx(START[:7])


def test_a_policy_behind_our_own_server_plays_the_same_chains_as_in_process(tmp_path: Path) -> None:
    here = played("random", tmp_path / "here")
    with served(lambda: Random(WORLD)) as server:
        there = played("openpi", tmp_path / "there", url=(server.url,))
    assert [record.result for record in there.records] == [record.result for record in here.records]


@pytest.mark.lerobot
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_lerobot_s_act_that_reads_a_part_of_the_state_plays_chains(tmp_path: Path) -> None:
    pytest.importorskip("lerobot")
    from armtrial.tests.policies.lerobot_small import ACT, saved

    reads = WORLD.action.names
    folder = saved(tmp_path / "act", "act", World(replace(WORLD.observation, state=reads), WORLD.action), **ACT)
    settings = {"checkpoint": str(folder), "device": "cpu", "wrap": ("threshold",)}
    (record,) = played("lerobot", tmp_path / "run", policy_arg=f"state={','.join(reads)}", **settings).records
    assert (record.result.error, record.result.steps) == (None, 360)
