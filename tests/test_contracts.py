"""Every world and every policy of the tables keeps its contract."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from armtrial.envs.catalog import ENVS
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
from armtrial.tasks.toy import FETCH, TOY

LINE = World(LineEnv.observation_spec, LineEnv.action_spec)


def tasks_of_all_suites() -> list[Any]:
    suites: list[Suite] = [locate(place) for place in SUITES.values()]
    return [pytest.param(task, id=f"{suite.name}-{task.name}") for suite in suites for task in suite.tasks]


@pytest.mark.parametrize("task", tasks_of_all_suites())
def test_every_world_keeps_the_contract_in_every_task(task: Task) -> None:
    check_env(EnvSource(ENVS[task.env], (task,), {}).build(), task)


def test_every_world_of_the_table_is_played_in_some_suite() -> None:
    assert {parameter.values[0].env for parameter in tasks_of_all_suites()} == set(ENVS)


def test_a_world_in_a_worker_keeps_the_contract() -> None:
    check_env(RemoteEnv(EnvSource(ENVS["line"], TOY.tasks, {})), FETCH)


@pytest.mark.parametrize("name", sorted(POLICIES.keys() - {"replay"}))
def test_every_policy_keeps_the_contract(name: str) -> None:
    policy: Policy = locate(POLICIES[name])(LINE)
    check_policy(policy, LINE, observations=observed(LineEnv(TOY.tasks), FETCH, policy.spec))


def test_replay_keeps_the_contract_over_a_recorded_run(tmp_path: Path) -> None:
    (tmp_path / "steps").mkdir()
    for slot in range(LOOKS):
        np.savez(tmp_path / "steps" / f"{trial(slot).id}.npz", action=np.full((3, 2), 0.1 * slot))
    check_policy(locate(POLICIES["replay"])(LINE, run=str(tmp_path)), LINE)


def test_noise_will_do_for_a_policy_that_takes_any_picture() -> None:
    check_policy(Toy(LINE), LINE, instruction="Bring the ball to the green mark.")
