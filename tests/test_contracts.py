"""Every world and every policy of the tables keeps its contract."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from armtrial.envs.catalog import ENVS, GUESTS
from armtrial.envs.contract import check_env
from armtrial.envs.line import LineEnv
from armtrial.envs.locate import locate
from armtrial.envs.remote import RemoteEnv
from armtrial.envs.worker import EnvSource
from armtrial.policies.base import Policy, World
from armtrial.policies.catalog import POLICIES
from armtrial.policies.contract import LOOKS, check_policy, observed, trial
from armtrial.policies.toy import Toy
from armtrial.tasks.base import Suite, Task
from armtrial.tasks.catalog import SUITES
from armtrial.tasks.tabletop import SINGLE
from armtrial.tasks.toy import FETCH, TOY

LINE = World(LineEnv.observation_spec, LineEnv.action_spec)


def tasks_of_all_suites() -> list[Any]:
    """The suite `so100` has the tasks of three others once more: quick runs do without. A world in an interpreter of
    its own is tried where that is: `test_calvin_world.py`, `test_robosuite_world.py`."""
    suites: list[Suite] = [locate(place) for place in SUITES.values()]
    marks = {"so100": [pytest.mark.slow]}
    return [
        pytest.param(task, id=f"{suite.name}-{task.name}", marks=marks.get(suite.name, []))
        for suite in suites
        for task in suite.tasks
        if task.env not in GUESTS
    ]


@pytest.mark.parametrize("task", tasks_of_all_suites())
def test_every_world_keeps_the_contract_in_every_task(task: Task) -> None:
    check_env(EnvSource(ENVS[task.env], (task,), {}).build(), task)


def test_every_world_of_the_table_is_played_in_some_suite() -> None:
    suites: list[Suite] = [locate(place) for place in SUITES.values()]
    assert {suite.env for suite in suites} == set(ENVS)


def test_a_world_in_a_worker_keeps_the_contract() -> None:
    check_env(RemoteEnv(EnvSource(ENVS["line"], TOY.tasks, {})), FETCH)


TASK_OF: dict[str, Task] = {"expert": SINGLE.task("block")}
"""What a policy is made for, where that is not the toy world."""
LEROBOT = {"lerobot", "act", "smolvla", "pi0", "pi05", "groot"}
"""Need a checkpoint; `test_lerobot.py` makes some."""
SERVED = {"openpi", "groot-server", "http-act", "vla-eval"}
PLAYED = sorted(POLICIES.keys() - LEROBOT - SERVED - {"replay", "rynnvla", "expert+vae"})


@pytest.mark.parametrize("name", PLAYED)
def test_every_policy_keeps_the_contract(name: str) -> None:
    task = TASK_OF.get(name, FETCH)
    env = EnvSource(ENVS[task.env], (task,), {}).build()
    world = World(env.observation_spec, env.action_spec)
    policy: Policy = locate(POLICIES[name])(world)
    check_policy(policy, world, learned=name != "expert", observations=observed(env, task, policy.spec))


def test_replay_keeps_the_contract_over_a_recorded_run(tmp_path: Path) -> None:
    (tmp_path / "steps").mkdir()
    for slot in range(LOOKS):
        body = io.BytesIO()
        np.savez(body, action=np.full((3, 2), 0.1 * slot))
        (tmp_path / "steps" / f"{trial(slot).id}.npz").write_bytes(body.getvalue())
        digest = hashlib.sha256(body.getvalue()).hexdigest()
        record = {"id": trial(slot).id, "take": 1, "result": {"steps_sha256": digest}}
        with (tmp_path / "records.jsonl").open("a") as lines:
            lines.write(json.dumps(record) + "\n")
    check_policy(locate(POLICIES["replay"])(LINE, run=str(tmp_path)), LINE)


def test_noise_will_do_for_a_policy_that_takes_any_picture() -> None:
    check_policy(Toy(LINE), LINE, instruction="Bring the ball to the green mark.")
