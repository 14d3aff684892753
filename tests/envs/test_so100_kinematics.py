"""The closed form is the model's geometry, and what it says can be reached can be."""

import math
from dataclasses import replace

import mujoco
import numpy as np
import pytest

from armtrial.envs.base import Vector
from armtrial.envs.so100.jaws import TCP
from armtrial.envs.so100.kinematics import Hand, Reach, axes, axes_of, hand_of, pan_of, roll_along
from armtrial.envs.so100.model import add_arm, new_spec
from armtrial.envs.so100.poses import READY
from armtrial.envs.so100.units import MODEL_HIGH, MODEL_LOW

LEVEL = -math.pi / 2
RADII = (0.16, 0.20, 0.24, 0.28, 0.32)
HIGHEST = {
    -90: (87, 84, 63, None, None),
    -80: (110, 113, 103, 73, None),
    -70: (134, 143, 139, 120, 67),
    -60: (159, 173, 173, 160, 124),
    -45: (205, 223, 225, 216, 188),
    -15: (318, 326, 323, 312, 292),
}
"""Millimetres that the tool reaches at each of RADII with the fingers pitched so many degrees, as found by search."""
SEARCHED = 0.012
"""Metres by which a search that allows for millimetres goes wrong where the arm is nearly straight."""


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    spec = new_spec()
    add_arm(spec)
    return spec.compile()


def jaw_frame(model: mujoco.MjModel, joints: Vector) -> tuple[Vector, Vector]:
    """Position and axes of the fixed jaw."""
    data = mujoco.MjData(model)
    data.qpos[: len(joints)] = joints
    mujoco.mj_kinematics(model, data)
    body = data.body("Fixed_Jaw")
    return body.xpos.copy(), body.xmat.reshape(3, 3).copy()


def anywhere(number: int) -> list[Vector]:
    stream = np.random.default_rng(0)
    return [stream.uniform(MODEL_LOW, MODEL_HIGH) for _ in range(number)]


def test_the_hand_is_where_the_model_has_it(model: mujoco.MjModel) -> None:
    for joints in anywhere(100):
        position, frame = jaw_frame(model, joints)
        for tool in (TCP[0], -0.02):
            expected = position + frame @ np.array([tool, TCP[1], 0.0])
            np.testing.assert_allclose(hand_of(joints, tool).point, expected, atol=1e-5)


def test_the_hand_looks_where_the_model_looks(model: mujoco.MjModel) -> None:
    for joints in anywhere(100):
        _, frame = jaw_frame(model, joints)
        found = axes(joints[0], hand_of(joints).pitch, joints[4])
        np.testing.assert_allclose(found.frame, frame * [1, -1, 1], atol=1e-4)
        np.testing.assert_array_equal(found.frame[:, 1], found.fingers)


@pytest.mark.parametrize("bearing", [-1.5, 0.0, 0.7])
@pytest.mark.parametrize("pitch", HIGHEST)
def test_every_pose_of_the_reach_map_is_reached_to_a_tenth_of_a_millimetre(
    model: mujoco.MjModel, pitch: int, bearing: float
) -> None:
    for radius, highest in zip(RADII, HIGHEST[pitch]):
        if highest is None:
            continue
        hand = Hand(radius, bearing, highest / 1000 - SEARCHED, math.radians(pitch), LEVEL, tool=0.0)
        joints = Reach().joints(hand)
        assert joints is not None
        position, frame = jaw_frame(model, np.array(joints))
        np.testing.assert_allclose(position + frame @ np.array([0.0, TCP[1], 0.0]), hand.point, atol=1e-4)


@pytest.mark.parametrize("pitch", HIGHEST)
def test_nothing_above_the_reach_map_is_reached(pitch: int) -> None:
    for radius, highest in zip(RADII, HIGHEST[pitch]):
        height = 0.01 if highest is None else highest / 1000 + SEARCHED
        assert Reach().joints(Hand(radius, 0.0, height, math.radians(pitch), LEVEL)) is None


@pytest.mark.parametrize("roll", [-2.5, LEVEL, -0.4, 0.5, 2.0])
def test_every_roll_holds_the_tool_in_place(roll: float) -> None:
    hand = Hand(0.22, 0.4, 0.05, math.radians(-80), roll, tool=-0.02)
    joints = Reach().joints(hand)
    assert joints is not None
    np.testing.assert_allclose(hand_of(joints, -0.02).point, hand.point, atol=1e-9)
    assert (joints[0], joints[4]) == (pan_of(hand), roll)


def test_joints_keep_the_margin() -> None:
    ready = hand_of(READY)
    edge = replace(ready, roll=2.78)
    assert Reach().joints(edge) is not None
    assert Reach(margin=0.03).joints(edge) is None
    assert Reach(margin=0.03).joints(ready) == pytest.approx(READY[:5])


def test_an_arm_with_narrower_ranges_reaches_less() -> None:
    low, high = MODEL_LOW.copy(), MODEL_HIGH.copy()
    low[0], high[0] = -0.5, 0.5
    assert Reach(low, high).joints(Hand(0.2, 0.4, 0.05, -1.4, LEVEL)) is not None
    assert Reach(low, high).joints(Hand(0.2, 0.6, 0.05, -1.4, LEVEL)) is None


def test_the_steepest_hand_points_down_where_it_can_and_no_less_than_told() -> None:
    near, far = Hand(0.2, 0.0, 0.02, 0.0, LEVEL), Hand(0.3, 0.0, 0.1, 0.0, LEVEL)
    steep, tilted = Reach().steepest(near), Reach().steepest(far)
    assert steep is not None
    assert tilted is not None
    assert steep.pitch == LEVEL
    assert math.radians(-72) < tilted.pitch < math.radians(-62)
    assert Reach().steepest(near, least=-1.0) == replace(near, pitch=-1.0)


def test_far_off_there_is_no_hand() -> None:
    assert Reach().steepest(Hand(0.6, 0.0, 0.1, 0.0, LEVEL)) is None
    assert Reach().joints(Hand(0.001, 0.0, 0.1, 0.0, LEVEL, tool=-0.02)) is None


@pytest.mark.parametrize("yaw", np.linspace(-1.5, 1.5, 7))
@pytest.mark.parametrize("pitch", [-90, -60, -15])
def test_a_roll_lets_the_jaws_close_square_to_any_axis(yaw: float, pitch: int) -> None:
    axis = np.array([math.cos(yaw), math.sin(yaw), 0.0])
    hand = Hand(0.22, 0.3, 0.05, math.radians(pitch), LEVEL)
    for _ in range(4):
        hand = replace(hand, roll=roll_along(hand, axis))
    assert abs(axes_of(hand).closing @ axis) < 1e-3


def test_a_hand_is_moved_in_the_world() -> None:
    hand = Hand.at((0.05, -0.2, 0.03), -1.5, LEVEL)
    np.testing.assert_allclose(hand.point, (0.05, -0.2, 0.03))
    np.testing.assert_allclose(hand.moved((0.01, 0.02, 0.03)).point, (0.06, -0.18, 0.06))
    assert hand.raised(0.1).height == pytest.approx(0.13)
