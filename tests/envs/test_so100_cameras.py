"""Pictures show what is there, where it is, the right way up; looks change what drawing costs."""

import math

import mujoco
import numpy as np
import pytest

from armtrial.envs.base import Size
from armtrial.envs.so100.cameras import LOOKS, PRETTY, Look, Mount, nudged, project, quaternion
from armtrial.envs.so100.rigs import RIGS
from armtrial.tasks.tabletop_layout import Nudge
from armtrial.tests.tables import TASKS, table

SIZES = [(640, 480), (224, 224)]
SIDES = {"a": 0, "b": 7}
"""A trial of each rig; its block lies far from the picture's middle."""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("rig", SIDES)
@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_the_green_block_is_green_where_it_is_projected(look: Look, rig: str, size: Size) -> None:
    one = table("single", "block", look)
    assert one.start(SIDES[rig]).rig == rig
    at = project(one.model, one.data, "front", one.data.xpos[one.scene.items["green_block"].body], size)
    assert at is not None
    column, row = int(at[0]), int(at[1])
    picture = one.picture("front", size).astype(int)
    red, green, blue = picture[row, column]
    assert green > 1.5 * max(red, blue)
    for turned in (picture[::-1], picture[:, ::-1], picture[::-1, ::-1]):
        red, green, blue = turned[row, column]
        assert green < 1.5 * max(red, blue)


@pytest.mark.parametrize("camera", ["front", "wrist"])
@pytest.mark.parametrize("rig", SIDES)
@pytest.mark.parametrize("size", SIZES)
def test_every_thing_is_drawn_around_the_projection_of_its_middle(size: Size, rig: str, camera: str) -> None:
    one = table("distractor", "block")
    shown = 0
    for index in range(SIDES[rig] % 2, 12, 2):
        layout = one.start(index)
        geoms = one.seen(camera, size)
        for name in layout.objects:
            body = one.scene.items[name].body
            at = project(one.model, one.data, camera, one.data.xipos[body], size)
            if at is None or not np.isin(geoms, one.drawn(body)).any():
                continue
            shown += np.isin(geoms[int(at[1]), int(at[0])], one.drawn(body))
            rows, columns = np.nonzero(np.isin(geoms, one.drawn(body)))
            if rows.min() > 0 and rows.max() < size[1] - 1 and camera == "front":
                assert math.dist((columns.mean(), rows.mean()), at) < 0.02 * size[1]
    assert shown > 15


@pytest.mark.parametrize("rig", SIDES)
def test_left_is_left_and_near_is_low(rig: str) -> None:
    one = table("single", "block")
    one.start(SIDES[rig])
    points = {"left": [-0.1, -0.25, 0], "right": [0.1, -0.25, 0], "far": [0, -0.15, 0], "near": [0, -0.35, 0]}
    at = {name: project(one.model, one.data, "front", np.array(point), (64, 48)) for name, point in points.items()}
    left, right, far, near = (place or (math.nan, math.nan) for place in at.values())
    assert left[0] < right[0]
    assert far[1] < near[1]


@pytest.mark.parametrize("rig", SIDES)
@pytest.mark.parametrize("size", SIZES)
def test_the_wrist_sees_both_jaws(rig: str, size: Size) -> None:
    one = table("single", "block")
    one.start(SIDES[rig])
    geoms = one.seen("wrist", size)
    for jaw in ("Fixed_Jaw", "Moving_Jaw"):
        body = mujoco.mj_name2id(one.model, mujoco.mjtObj.mjOBJ_BODY, jaw)
        assert np.isin(geoms, one.drawn(body)).mean() > 0.02


def test_a_point_behind_a_camera_or_beside_its_picture_is_nowhere() -> None:
    one = table("single", "block")
    one.start(0)
    for point in ([0.0, -1.5, 0.5], [3.0, 0.0, 0.0], [0.0, -0.16, 3.0]):
        assert project(one.model, one.data, "front", np.array(point), (640, 480)) is None


def test_a_camera_looks_at_its_target() -> None:
    one = table("single", "block")
    one.start(0)
    mount = RIGS["a"].cameras["front"]
    one.model.cam_pos[0], one.model.cam_quat[0] = nudged(mount, Nudge((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)))
    mujoco.mj_resetData(one.model, one.data)
    mujoco.mj_forward(one.model, one.data)
    assert project(one.model, one.data, "front", np.array(mount.target), (640, 480)) == pytest.approx((320, 240))


def test_a_nudge_moves_and_turns_a_camera_by_what_it_says() -> None:
    mount = Mount(frame="world", eye=(0.0, -1.0, 0.0), target=(0.0, 0.0, 0.0), up=(0, 0, 1), fovy=50)
    place, turn = nudged(mount, Nudge((0.01, 0.0, -0.02), (0.0, 0.1, 0.0)))
    assert place == pytest.approx((0.01, -1.0, -0.02))
    assert 2 * math.acos(abs(float(turn @ quaternion(mount.rotation)))) == pytest.approx(0.1)


@pytest.mark.parametrize(("suite", "task"), TASKS)
def test_a_picture_shows_nothing_of_the_trial_before(suite: str, task: str) -> None:
    one, size = table(suite, task), (64, 48)
    one.start(4)
    first = {camera: one.picture(camera, size) for camera in ("front", "wrist")}
    one.start(9)
    assert not np.array_equal(one.picture("front", size), first["front"])
    one.start(4)
    assert all(np.array_equal(one.picture(camera, size), seen) for camera, seen in first.items())


def test_cameras_have_the_same_names_and_frames_in_both_rigs() -> None:
    frames = [{name: mount.frame for name, mount in rig.cameras.items()} for rig in RIGS.values()]
    assert frames[0] == frames[1] == {"front": "world", "wrist": "Fixed_Jaw"}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_a_look_is_in_the_model(look: Look) -> None:
    quality = table("single", "block", look).model.vis.quality
    assert (quality.shadowsize, quality.offsamples) == (look.shadow_map, look.samples)


def test_pretty_is_what_mujoco_does_by_itself() -> None:
    quality = mujoco.MjModel.from_xml_string("<mujoco/>").vis.quality
    assert (quality.shadowsize, quality.offsamples) == (PRETTY.shadow_map, PRETTY.samples)


@pytest.mark.parametrize(("suite", "task"), TASKS)
def test_a_picture_is_bright_enough_and_not_burnt_out(suite: str, task: str) -> None:
    one = table(suite, task)
    for index in range(6):
        one.start(index)
        for camera in ("front", "wrist"):
            picture = one.picture(camera, (160, 120))
            assert 50 < picture.mean() < 215
            assert (picture.min(axis=2) > 250).mean() < 0.25
