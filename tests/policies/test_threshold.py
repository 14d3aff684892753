"""A continuous gripper before a world that knows only open and closed."""

import numpy as np

from armtrial.envs.calvin.env import CalvinEnv
from armtrial.evaluators.pace import Pace
from armtrial.evaluators.wrapping import wrapped
from armtrial.policies.base import World
from armtrial.policies.baselines import Hold, Random
from armtrial.policies.contract import check_policy, observed
from armtrial.policies.wrappers.threshold import Threshold
from armtrial.tasks.calvin import CALVIN
from armtrial.tests.calvin_fake import FAKE, FakeCalvin

WORLD = World(CalvinEnv.observation_spec, CalvinEnv.action_spec)


class Continuous(Random):
    """Draws its gripper from all that lies between."""

    def _drawn(self, seed: int) -> np.ndarray:
        return np.random.default_rng(seed).uniform(-1, 1, (self.spec.horizon, 7))


def test_a_threshold_moves_the_gripper_and_nothing_else() -> None:
    given = Continuous(WORLD)
    plan = given._drawn(3)
    changed = Threshold(given, WORLD, "threshold", 0).changed(_plan(plan), None)  # type: ignore[arg-type]
    assert np.array_equal(changed.actions[:, :6], plan[:, :6])
    assert np.array_equal(changed.actions[:, 6], np.where(plan[:, 6] < 0, -1, 1))


def test_what_is_out_of_range_or_no_number_is_left_to_be_refused() -> None:
    actions = np.array([[0, 0, 0, 0, 0, 0, 7.0], [0, 0, 0, 0, 0, 0, np.nan]])
    changed = Threshold(Continuous(WORLD), WORLD, "threshold", 0).changed(_plan(actions), None)  # type: ignore[arg-type]
    assert np.array_equal(changed.actions, actions, equal_nan=True)


def test_policies_keep_their_contract_in_a_world_with_a_two_way_gripper() -> None:
    for policy in (Random(WORLD), Hold(WORLD), wrapped(Continuous(WORLD), WORLD, ["threshold"], Pace())):
        seen = observed(FakeCalvin(FAKE.tasks), CALVIN.tasks[0], policy.spec)
        check_policy(policy, WORLD, learned=False, observations=seen)


def _plan(actions: np.ndarray):
    from armtrial.policies.base import Plan

    return Plan(actions)
