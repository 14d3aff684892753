"""Chunks as differences and back, and the statistics that scale them."""

import numpy as np
import pytest

from armtrial.policies.rynnvla.actions import Scaler, absolute, chunks, measured, relative
from armtrial.policies.rynnvla.config import Embodiment, Scaling

PAIR = Embodiment(
    name="pair",
    state=("joint", "gripper"),
    actions=("joint", "gripper"),
    relative=(0,),
    units=("deg", "%"),
    rate=10.0,
    chunk=3,
)
ACTIONS = np.array([[12.0, 50.0], [15.0, 60.0], [14.0, 0.0]])
STATE = np.array([10.0, 55.0])


def test_joints_are_told_as_differences_and_the_gripper_as_it_is():
    expected = [[2.0, 50.0], [3.0, 60.0], [-1.0, 0.0]]  # 12 - 10, 15 - 12, 14 - 15
    assert relative(ACTIONS, STATE, PAIR).tolist() == expected


def test_summing_up_gives_the_actions_back():
    stream = np.random.default_rng(0)
    actions, states = stream.normal(size=(5, 3, 2)), stream.normal(size=(5, 2))
    assert absolute(relative(actions, states, PAIR), states, PAIR) == pytest.approx(actions)


def test_an_embodiment_without_relative_actions_is_left_alone():
    plain = Embodiment(name="p", state=("a", "b"), actions=("a", "b"), relative=(), units=("", ""), rate=10.0)
    assert relative(ACTIONS, STATE, plain).tolist() == ACTIONS.tolist()


def test_statistics_pool_the_rows_of_all_chunks():
    states = np.array([[10.0, 55.0], [12.0, 50.0], [15.0, 60.0], [14.0, 0.0]])
    found = measured([(ACTIONS, states)], PAIR)  # one start: rows 2, 3, -1 and 50, 60, 0
    assert found.action_mean == pytest.approx((4 / 3, 110 / 3))
    assert found.action_std == pytest.approx((np.std([2, 3, -1]), np.std([50, 60, 0])))
    assert found.state_mean == pytest.approx((10.0, 55.0))


@pytest.mark.parametrize("scaling", Scaling)
def test_scaling_is_undone(scaling: Scaling):
    stream = np.random.default_rng(0)
    scaler = Scaler(measured([(stream.normal(size=(30, 2)), stream.normal(size=(31, 2)))], PAIR, scaling))
    rows = stream.normal(size=(4, 3, 2))
    assert scaler.unscaled(scaler.scaled(rows)) == pytest.approx(rows)


def test_percentiles_become_minus_one_and_one():
    stream = np.random.default_rng(0)
    found = measured([(stream.normal(size=(300, 2)), stream.normal(size=(301, 2)))], PAIR, Scaling.PERCENTILES)
    assert Scaler(found).scaled(np.array([found.action_low, found.action_high])).tolist() == [[-1, -1], [1, 1]]


def test_past_an_episodes_end_the_last_action_is_held():
    states = np.zeros((4, 2))
    assert chunks(ACTIONS, states, np.array([2]), PAIR)[0].tolist() == [[14, 0], [0, 0], [0, 0]]


def test_episodes_shorter_than_a_plan_teach_nothing():
    with pytest.raises(ValueError, match="no episode has 3 actions, which is what one plan takes"):
        measured([(ACTIONS[:2], np.zeros((3, 2)))], PAIR)
