"""The jaws hold what they close on, and only the fingers feel the table."""

import math

import mujoco
import numpy as np
import pytest

from armtrial.envs.so100.actuators import BAM_P16, MENAGERIE, NVIDIA, Actuators
from armtrial.envs.so100.jaws import FINGERS, FIXED_PADS, MOVING_PADS, PAD_FACE, TCP, jaw_for
from armtrial.envs.so100.model import STEPS_PER_TICK, add_arm, new_spec

NEAR = ((-1.6452, 2.1637, 1.0523), (-1.7667, 1.9417, 1.3958), (-2.4081, 2.0294, 1.4259))
FAR = ((-1.0710, 1.3594, 1.2824), (-1.1160, 1.0902, 1.5966), (-1.8304, 1.6076, 1.2700))
"""Lift, elbow, wrist; 0.17 and 0.24 m from the pan axis: 9.5 mm and 55 mm up, fingers down; 130 mm up, tilted."""
THINGS = {
    "cube": (mujoco.mjtGeom.mjGEOM_BOX, (0.015, 0.015, 0.015), 0.0243, 0.030),
    "pen": (mujoco.mjtGeom.mjGEOM_CAPSULE, (0.006, 0.064, 0.0), 0.012, 0.012),
    "strawberry": (mujoco.mjtGeom.mjGEOM_CAPSULE, (0.013, 0.006, 0.0), 0.015, 0.026),
}
"""Shape, size, kilograms, and the width between the jaws."""


def table_with(thing: str, actuators: Actuators = NVIDIA) -> mujoco.MjModel:
    shape, size, mass, _ = THINGS[thing]
    spec = new_spec()
    add_arm(spec, actuators)
    spec.worldbody.add_geom(
        name="table", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[1, 1, 0.1], friction=[0.8, 0.005, 0.0001]
    )
    body = spec.worldbody.add_body(name="thing", pos=[0, 0, 1])
    body.add_freejoint()
    body.add_geom(name="thing", type=shape, size=size, mass=mass, contype=1, conaffinity=3)
    return spec.compile()


class Hand:
    """Grips and swings what lies between its open jaws."""

    def __init__(self, thing: str, places: tuple[tuple[float, ...], ...], actuators: Actuators = NVIDIA) -> None:
        self.model, self.width = table_with(thing, actuators), THINGS[thing][3]
        self.data = mujoco.MjData(self.model)
        self.open, self.shut = jaw_for(self.width + 0.016), jaw_for(self.width) - 0.35
        self.places = places
        self.data.qpos[:6] = self.data.ctrl[:] = self._joints(0, 0.0, self.open)
        mujoco.mj_kinematics(self.model, self.data)
        self._lay(self.model.geom("thing").size[0])

    def _lay(self, height: float) -> None:
        """The thing on the table, 4.5 mm from the fixed jaw, along the jaws' z axis."""
        jaw = self.data.body("Fixed_Jaw")
        frame = jaw.xmat.reshape(3, 3)
        place = jaw.xpos + frame @ [PAD_FACE - 0.0045 - self.width / 2, TCP[1], 0]
        self.data.qpos[6:9] = [*place[:2], height]
        mujoco.mju_mat2Quat(self.data.qpos[9:13], jaw.xmat)

    def _joints(self, place: int, pan: float, jaw: float) -> np.ndarray:
        return np.array([pan, *self.places[place], -math.pi / 2, jaw])

    def move(self, place: int, pan: float, jaw: float, seconds: float) -> None:
        start, end, ticks = self.data.ctrl.copy(), self._joints(place, pan, jaw), round(seconds * 30)
        for tick in range(ticks):
            way = (tick + 1) / ticks
            self.data.ctrl[:] = start + (end - start) * way * way * (3 - 2 * way)
            mujoco.mj_step(self.model, self.data, STEPS_PER_TICK)

    def lift_and_swing(self) -> None:
        self.move(0, 0.0, self.shut, 0.9)
        self.move(1, 0.0, self.shut, 0.8)
        self.move(2, 0.0, self.shut, 1.0)
        for pan in (0.35, -0.35, 0.35, -0.35, 0.35, 0.0):
            self.move(2, pan, self.shut, 0.5)

    @property
    def holds(self) -> bool:
        thing, tool = self.data.body("thing").xpos, self.data.site("tcp").xpos
        return bool(np.linalg.norm(thing - tool) < 0.03 and thing[2] > 0.08)


@pytest.mark.parametrize("places", [NEAR, FAR], ids=["near", "far"])
@pytest.mark.parametrize("thing", THINGS)
def test_what_is_gripped_is_held_through_swings(thing: str, places: tuple[tuple[float, ...], ...]) -> None:
    hand = Hand(thing, places)
    hand.lift_and_swing()
    assert hand.holds


@pytest.mark.parametrize("actuators", [MENAGERIE, BAM_P16], ids=lambda actuators: actuators.name)
@pytest.mark.parametrize("thing", THINGS)
def test_other_servos_hold_it_too(thing: str, actuators: Actuators) -> None:
    hand = Hand(thing, NEAR, actuators)
    hand.lift_and_swing()
    assert hand.holds


def test_opening_lets_go() -> None:
    hand = Hand("cube", NEAR)
    hand.lift_and_swing()
    hand.move(2, 0.0, hand.open, 0.5)
    assert not hand.holds


def collide(model: mujoco.MjModel, one: str, other: str) -> bool:
    """MuJoCo's rule."""
    first, second = model.geom(one), model.geom(other)
    return bool(first.contype[0] & second.conaffinity[0] or second.contype[0] & first.conaffinity[0])


def test_pads_pass_through_the_table_and_hold_what_can_be_grasped() -> None:
    model = table_with("cube")
    for pad in FIXED_PADS + MOVING_PADS:
        assert not collide(model, pad.name, "table")
        assert collide(model, pad.name, "thing")


def test_fingers_rest_on_the_table_and_push_what_can_be_grasped() -> None:
    model = table_with("cube")
    for finger in FINGERS:
        assert collide(model, finger.name, "table")
        assert collide(model, finger.name, "thing")


def test_jaws_pressed_onto_the_table_touch_it_with_the_fingers_only() -> None:
    hand = Hand("cube", FAR)
    hand.data.qpos[6:9] = [0.3, 0.3, 0.015]
    down = (FAR[0][0] + 0.15, *FAR[0][1:])
    hand.places = (down, *FAR[1:])
    hand.move(0, 0.0, 0.0, 0.8)
    names = {hand.model.geom(int(geom)).name for geom in hand.data.contact.geom.ravel()} - {"table", "thing"}
    assert names
    assert all(name.startswith("finger") for name in names)


def test_only_pads_grip() -> None:
    model = table_with("cube")
    assert model.geom("pad_fixed_0").priority[0] > model.geom("thing").priority[0] == model.geom("table").priority[0]
    assert model.geom("pad_fixed_0").friction == pytest.approx([1.5, 0.02, 0.001])
    assert model.geom("finger_fixed_0").friction[0] == 0.2
    assert model.geom("pad_fixed_0").condim[0] == 4
