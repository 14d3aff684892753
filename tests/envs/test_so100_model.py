"""The arm has the kinematics, the inertias and the contacts that were written down for it."""

import math
from functools import cache

import mujoco
import numpy as np
import pytest
from numpy.typing import NDArray

from armtrial.envs.so100.jaws import FINGERS, FIXED_PADS, MOVING_PADS, TCP, jaw_for, opening
from armtrial.envs.so100.model import CONTACT_GROUP, LOOKS_GROUP, STEPS_PER_TICK, add_arm, new_spec
from armtrial.envs.so100.poses import FOLDED, HOME, L_POSE, READY, REST, STRAIGHT
from armtrial.envs.so100.units import JOINTS

Array = NDArray[np.float64]
POSES = {"STRAIGHT": STRAIGHT, "L_POSE": L_POSE, "HOME": HOME, "READY": READY, "REST": REST, "FOLDED": FOLDED}

TREE = {
    "Rotation_Pitch": ((0, -0.0452, 0.0165), (0.707105, 0.707108, 0, 0), (0, 1, 0), (-1.92, 1.92)),
    "Upper_Arm": ((0, 0.1025, 0.0306), ("x", 1.57079), (1, 0, 0), (-3.32, 0.174)),
    "Lower_Arm": ((0, 0.11257, 0.028), ("x", -1.57079), (1, 0, 0), (-0.174, 3.14)),
    "Wrist_Pitch_Roll": ((0, 0.0052, 0.1349), ("x", -1.57079), (1, 0, 0), (-1.66, 1.66)),
    "Fixed_Jaw": ((0, -0.0601, 0), ("y", 1.57079), (0, 1, 0), (-2.79, 2.79)),
    "Moving_Jaw": ((-0.0202, -0.0244, 0), (0, 0, 1, 0), (0, 0, 1), (-0.174, 1.75)),
}
"""The table: place and orientation in the parent (a quaternion, or an angle about an axis), joint axis, joint range."""

INERTIAS = {
    "Rotation_Pitch": (0.119226, (5.90409e-5, 3.21499e-5, 5.86059e-5, 4.908e-7, -5.905e-8, -4.58026e-6)),
    "Upper_Arm": (0.162409, (1.67153e-4, 7.01947e-5, 2.1328e-4, 1.039e-6, -1.2e-8, 2.1188e-6)),
    "Lower_Arm": (0.147968, (1.05334e-4, 1.38767e-4, 5.08742e-5, 1.73e-7, -1.17203e-5, 1.774e-6)),
    "Wrist_Pitch_Roll": (0.0661321, (1.95717e-5, 2.38028e-5, 3.45401e-5, -6.627e-7, 5.2e-9, 4.1e-8)),
    "Fixed_Jaw": (0.0929859, (4.33282e-5, 3.04452e-5, 5.02461e-5, 7.0965e-6, 6.0e-7, -1.587e-7)),
    "Moving_Jaw": (0.0202444, (1.10911e-5, 3.03576e-6, 8.99161e-6, -5.35e-7, -9.5e-9, -1.711e-7)),
}
"""Mass, and the moments about it in the body's axes (xx yy zz xy xz yz) that another description of the arm gives."""


@cache
def arm() -> mujoco.MjModel:
    spec = new_spec()
    add_arm(spec)
    return spec.compile()


def posed(pose: object) -> mujoco.MjData:
    data = mujoco.MjData(arm())
    data.qpos[:] = pose
    mujoco.mj_forward(arm(), data)
    return data


def turn(axis: object, angle: float) -> Array:
    """Rodrigues' formula."""
    x, y, z = {"x": (1, 0, 0), "y": (0, 1, 0)}.get(str(axis), axis)  # pyright: ignore[reportGeneralTypeIssues]
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=np.float64)
    return np.eye(3) + math.sin(angle) * skew + (1 - math.cos(angle)) * skew @ skew


def oriented(orientation: tuple[float, ...] | tuple[str, float]) -> Array:
    if isinstance(orientation[0], str):
        return turn(orientation[0], float(orientation[1]))
    w, *xyz = (float(value) for value in orientation)
    length = float(np.linalg.norm(xyz))
    return turn(np.array(xyz) / length, 2 * math.atan2(length, w))


def by_hand(joints: Array) -> dict[str, tuple[Array, Array]]:
    """Place and orientation of every body, from the table alone."""
    place, frame = np.zeros(3), np.eye(3)
    found = {}
    for (name, (pos, orientation, axis, _)), angle in zip(TREE.items(), joints):
        place = place + frame @ np.array(pos)
        frame = frame @ oriented(orientation) @ turn(axis, float(angle))
        found[name] = (place, frame)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_forward_kinematics_agree_with_the_table_to_a_tenth_of_a_millimetre(seed: int) -> None:
    ranges = np.array([limits for *_, limits in TREE.values()])
    joints = np.random.default_rng(seed).uniform(ranges[:, 0], ranges[:, 1])
    data = posed(joints)
    for name, (place, frame) in by_hand(joints).items():
        assert np.abs(data.body(name).xpos - place).max() < 1e-4
        assert np.abs(data.body(name).xmat.reshape(3, 3) - frame).max() < 1e-4


def test_joints_and_servos_have_lerobots_names_and_the_tables_ranges() -> None:
    model = arm()
    assert tuple(model.joint(index).name for index in range(model.njnt)) == JOINTS
    assert tuple(model.actuator(index).name for index in range(model.nu)) == JOINTS
    assert np.allclose(model.jnt_range, [limits for *_, limits in TREE.values()])
    assert np.allclose(model.actuator_ctrlrange, model.jnt_range)


@pytest.mark.parametrize("name", INERTIAS)
def test_masses_and_moments_are_those_of_another_description_of_the_arm(name: str) -> None:
    mass, (xx, yy, zz, xy, xz, yz) = INERTIAS[name]
    body = arm().body(name)
    rotation = np.zeros(9)
    mujoco.mju_quat2Mat(rotation, body.iquat)
    moments = rotation.reshape(3, 3) @ np.diag(body.inertia) @ rotation.reshape(3, 3).T
    assert body.mass[0] == pytest.approx(mass)
    assert np.abs(moments - [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]).max() < 2e-7


def test_what_moves_weighs_609_grams() -> None:
    assert arm().body("Base").subtreemass[0] == pytest.approx(0.609, abs=5e-4)


def test_written_as_xml_it_is_the_same_arm() -> None:
    spec = new_spec()
    add_arm(spec)
    spec.compile()
    again = mujoco.MjModel.from_xml_string(spec.to_xml())
    assert np.array_equal(again.body_mass, arm().body_mass)
    assert np.array_equal(again.body_inertia, arm().body_inertia)


def test_the_shoulder_is_119_mm_up_and_31_mm_in_front_of_the_pan_axis() -> None:
    assert np.allclose(posed(STRAIGHT).body("Upper_Arm").xpos, [0, -0.0452 - 0.0306, 0.119], atol=1e-4)


def test_in_the_l_pose_the_elbow_and_the_wrist_are_as_high_as_the_table_says() -> None:
    data = posed(L_POSE)
    assert data.body("Lower_Arm").xpos[2] == pytest.approx(0.2316, abs=1e-4)
    assert data.body("Wrist_Pitch_Roll").xpos[2] == pytest.approx(0.2368, abs=2e-4)


def test_pitch_is_minus_the_sum_of_lift_elbow_and_wrist() -> None:
    joints = np.array([0.4, -1.9, 1.2, 0.9, 0.3, 0.0])
    fingers = -posed(joints).body("Fixed_Jaw").xmat.reshape(3, 3)[:, 1]
    assert math.asin(fingers[2]) == pytest.approx(-(joints[1] + joints[2] + joints[3]), abs=1e-4)


def test_the_tips_reach_443_mm_from_the_pan_axis() -> None:
    """The upper arm is turned until elbow, wrist and fingers lie on a line through the shoulder."""
    upper, forearm = math.hypot(0.11257, 0.028), math.hypot(0.0052, 0.1349)
    lift, fore = -math.atan2(0.028, 0.11257), math.atan2(0.0052, 0.1349)
    tips = posed([0, lift, -lift - 0.0 + fore, -fore, 0, 0]).site("tcp").xpos
    assert -tips[1] - 0.0452 == pytest.approx(0.443, abs=1e-3)
    assert upper + forearm + 0.0601 + 0.1014 + 0.0306 == pytest.approx(0.443, abs=1e-3)


def test_ready_holds_the_tips_180_mm_out_and_177_mm_up() -> None:
    x, y, z = posed(READY).site("tcp").xpos
    assert math.hypot(x, y + 0.0452) == pytest.approx(0.18, abs=2e-3)
    assert z == pytest.approx(0.177, abs=1e-3)


@pytest.mark.parametrize(
    ("jaw", "millimetres"),
    [(-0.174, 3.6), (0, 16), (0.2, 31), (0.5, 54), (0.8, 76), (1.0, 90), (1.2, 102), (1.5, 119), (1.75, 131)],
)
def test_the_jaws_open_as_measured(jaw: float, millimetres: float) -> None:
    data = posed([0, 0, 0, 0, 0, jaw])
    apart = np.linalg.norm(data.geom("pad_fixed_0").xpos - data.geom("pad_moving_0").xpos) - 0.002
    assert 1000 * apart == pytest.approx(millimetres, abs=0.51)
    assert opening(jaw) == pytest.approx(apart, abs=1e-6)
    assert jaw_for(float(apart)) == pytest.approx(jaw, abs=1e-4)


def test_the_tool_centre_is_where_the_tip_pads_meet() -> None:
    data = posed(REST)
    frame = data.body("Fixed_Jaw").xmat.reshape(3, 3)
    tool, fixed, moving = (
        frame.T @ (place - data.body("Fixed_Jaw").xpos)
        for place in (data.site("tcp").xpos, data.geom("pad_fixed_0").xpos, data.geom("pad_moving_0").xpos)
    )
    assert moving[0] + 0.001 < tool[0] < fixed[0] - 0.001
    assert np.allclose(tool, TCP)
    assert np.allclose(tool - fixed, [-0.001 - 0.0018, 0, 0], atol=1e-5)


def test_gravity_on_the_arm_held_straight_out_is_as_computed_from_the_table() -> None:
    assert np.allclose(np.abs(posed(STRAIGHT).qfrc_bias[1:4]), [0.95, 0.48, 0.13], atol=6e-3)


@pytest.mark.parametrize("pan", [-1.92, 0, 1.0, 1.92])
@pytest.mark.parametrize("name", POSES)
def test_the_arm_does_not_touch_itself_in_a_named_pose_wherever_it_looks(name: str, pan: float) -> None:
    assert posed([pan, *POSES[name][1:]]).ncon == 0


def test_the_hand_cannot_pass_through_the_column() -> None:
    inward = posed([0, -1.5, 2.8, 1.4, 0, 0])
    touching = {frozenset(arm().geom(int(geom)).name.split("_")[0] for geom in pair) for pair in inward.contact.geom}
    assert {frozenset({"finger", "base"}), frozenset({"finger", "shoulder"})} <= touching


def test_a_tick_of_control_is_a_thirtieth_of_a_second() -> None:
    assert arm().opt.timestep * STEPS_PER_TICK == pytest.approx(1 / 30)


def test_looks_touch_nothing_and_weigh_nothing() -> None:
    model = arm()
    looks = model.geom_group == LOOKS_GROUP
    assert not model.geom_contype[looks].any()
    assert not model.geom_conaffinity[looks].any()
    assert (model.geom_group[~looks] == CONTACT_GROUP).all()


def test_every_body_is_dressed_in_few_triangles() -> None:
    model = arm()
    dressed = {model.body(int(body)).name for body in model.geom_bodyid[model.geom_group == LOOKS_GROUP]}
    assert dressed == {"Base", *TREE}
    assert 4_000 < model.nmeshface < 10_000


@pytest.mark.parametrize("box", [*FINGERS, *FIXED_PADS, *MOVING_PADS], ids=lambda box: box.name)
def test_what_is_seen_of_the_jaws_is_what_touches(box: object) -> None:
    """The mesh of a jaw encloses its boxes to 2 mm."""
    body = box.body  # pyright: ignore[reportAttributeAccessIssue]
    name = f"{body}_printed" if body == "Moving_Jaw" else body
    corners = np.concatenate([vertices_of(mesh) for mesh in meshes_of(name)])
    assert (corners.min(axis=0) < np.array(box.low) + 0.002).all()  # pyright: ignore[reportAttributeAccessIssue]
    assert (corners.max(axis=0) > np.array(box.high) - 0.002).all()  # pyright: ignore[reportAttributeAccessIssue]


def meshes_of(prefix: str) -> list[int]:
    return [index for index in range(arm().nmesh) if arm().mesh(index).name.startswith(prefix)]


def vertices_of(mesh: int) -> Array:
    """In the frame of the body: MuJoCo keeps a mesh about its own centre and moves the geom instead."""
    model = arm()
    first, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
    geom = int(np.flatnonzero((model.geom_dataid == mesh) & (model.geom_group == LOOKS_GROUP))[0])
    rotation = np.zeros(9)
    mujoco.mju_quat2Mat(rotation, model.geom_quat[geom])
    return model.mesh_vert[first : first + count] @ rotation.reshape(3, 3).T + model.geom_pos[geom]
