"""A table is what its trial says and nothing of the trial before; things on it lie still and roll little."""

import math
import time

import mujoco
import numpy as np
import pytest

from armtrial.envs.base import Vector
from armtrial.envs.so100.cameras import project, quaternion
from armtrial.envs.so100.objects import Thing, Touch
from armtrial.envs.so100.rigs import RIGS
from armtrial.envs.so100.scene import GOAL, LAMP, TOP
from armtrial.envs.so100.surfaces import MATERIALS
from armtrial.envs.so100.things import DISTRACTORS
from armtrial.tasks import tabletop_layout
from armtrial.tasks.tabletop import Pose
from armtrial.tasks.tabletop_things import CASTS, FOOTPRINTS
from armtrial.tests.tables import TASKS, Table, table

every_table = pytest.mark.parametrize(("suite", "task"), TASKS)


def frozen(one: Table) -> bytes:
    """Every number of the model."""
    buffer = np.empty(mujoco.mj_sizeModel(one.model), np.uint8)
    mujoco.mj_saveModel(one.model, None, buffer)
    return buffer.tobytes()


def state(one: Table) -> Vector:
    spec = int(mujoco.mjtState.mjSTATE_INTEGRATION)
    values = np.empty(mujoco.mj_stateSize(one.model, spec))
    mujoco.mj_getState(one.model, one.data, values, spec)
    return values


def dofs(one: Table, name: str) -> slice:
    first = one.model.jnt_dofadr[one.model.body_jntadr[one.scene.items[name].body]]
    return slice(first, first + 6)


def pose(one: Table, body: int) -> Pose:
    return Pose(one.data.xpos[body].copy(), one.data.xmat[body].reshape(3, 3).copy())


def put(one: Table, name: str, position: Vector, x_axis: Vector) -> None:
    """A thing in the air, its x axis as given, at rest."""
    x = x_axis / np.linalg.norm(x_axis)
    y = np.cross(x, [0.0, 1.0, 0.0] if abs(x[1]) < 0.9 else [1.0, 0.0, 0.0])
    y /= np.linalg.norm(y)
    at = one.scene.items[name].at
    one.data.qpos[at : at + 3] = position
    mujoco.mju_mat2Quat(one.data.qpos[at + 3 : at + 7], np.column_stack([x, y, np.cross(x, y)]).ravel())
    one.data.qvel[dofs(one, name)] = 0
    mujoco.mj_forward(one.model, one.data)


@every_table
def test_nothing_of_the_trial_before_is_left(suite: str, task: str) -> None:
    one = table(suite, task)
    one.start(6)
    model, data = frozen(one), state(one)
    one.start(3)
    assert frozen(one) != model
    one.seconds(0.5)
    one.start(6)
    assert frozen(one) == model
    assert np.array_equal(state(one), data)


@every_table
def test_lamp_table_and_cameras_are_where_the_model_says(suite: str, task: str) -> None:
    """MuJoCo takes over what is fixed to the world at other times than what moves."""
    one = table(suite, task)
    for index in range(4):
        one.start(index)
        top = mujoco.mj_name2id(one.model, mujoco.mjtObj.mjOBJ_GEOM, TOP)
        assert one.data.geom_xpos[top] == pytest.approx(one.model.geom_pos[top])
        assert one.data.light_xdir[0] == pytest.approx(one.model.light_dir[0])
        front = mujoco.mj_name2id(one.model, mujoco.mjtObj.mjOBJ_CAMERA, "front")
        assert one.data.cam_xpos[front] == pytest.approx(one.model.cam_pos[front])


@every_table
def test_a_reset_takes_milliseconds(suite: str, task: str) -> None:
    one = table(suite, task)
    one.start(0)
    began = time.process_time()
    for index in range(5):
        one.start(index)
    assert (time.process_time() - began) / 5 < 0.05


@every_table
def test_things_stand_where_the_layout_says_and_lie_still(suite: str, task: str) -> None:
    one = table(suite, task)
    for index in (0, 1, 2):
        layout = one.start(index)
        places = {**layout.objects, GOAL: layout.goal}
        bodies = {name: item.body for name, item in one.scene.items.items()} | {GOAL: one.scene.goal}
        for name, at in places.items():
            assert one.data.xpos[bodies[name]][:2] == pytest.approx((at.x, at.y))
        before = one.data.xpos.copy()
        one.seconds(1.0)
        moved = np.linalg.norm(one.data.xpos - before, axis=1)
        assert max(moved[bodies[name]] for name in places) < 0.0005


@every_table
def test_what_a_trial_leaves_out_hangs_unseen_and_without_weight(suite: str, task: str) -> None:
    one = table(suite, task)
    layout = one.start(0)
    absent = [item for name, item in one.scene.items.items() if name not in layout.objects and name != GOAL]
    assert absent or suite == "single" or task == "pen"
    before = one.data.xpos.copy()
    one.seconds(1.0)
    for item in absent:
        assert one.data.xpos[item.body] == pytest.approx(before[item.body], abs=1e-9)
        assert not np.isin(one.seen("front", (64, 48)), one.drawn(item.body)).any()


@every_table
def test_every_target_is_seen_at_the_start_and_all_is_in_the_picture(suite: str, task: str) -> None:
    one, size = table(suite, task), (160, 120)
    for index in range(one.suite.per_task):
        layout = one.start(index)
        shown = one.seen("front", size)
        for name in layout.targets:
            mine = one.drawn(one.scene.items[name].body)
            visible, all_of_it = np.isin(shown, mine).sum(), alone(one, mine, size)
            assert visible >= 0.6 * all_of_it, f"trial {index}: {visible} of {all_of_it} pixels of {name}"
        for name in layout.distractors:
            middle = one.data.xipos[one.scene.items[name].body]
            assert project(one.model, one.data, "front", middle, size), f"trial {index}: {name} is out of the picture"


def alone(one: Table, geoms: list[int], size: tuple[int, int]) -> int:
    """Pixels that a thing would cover if there were nothing else."""
    groups = one.model.geom_group.copy()
    one.model.geom_group[[geom for geom in range(one.model.ngeom) if geom not in geoms]] = 5
    try:
        return int(np.isin(one.seen("front", size), geoms).sum())
    finally:
        one.model.geom_group[:] = groups


def test_the_rigs_differ_in_table_lamp_and_cameras() -> None:
    assert set(RIGS) == set(tabletop_layout.RIGS)
    one = table("single", "block")
    seen = []
    for index in (0, 1):
        one.start(index)
        model = one.model
        top = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_GEOM, TOP)
        lamp = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_LIGHT, LAMP)
        seen.append((int(model.geom_matid[top]), model.light_dir[lamp].copy(), model.cam_pos.copy()))
    (one_top, one_light, one_eyes), (two_top, two_light, two_eyes) = seen
    assert one_top != two_top
    assert math.degrees(math.acos(one_light @ two_light)) > 20
    assert math.dist(one_eyes[0], two_eyes[0]) > 0.05


@pytest.mark.parametrize("index", [0, 1])
def test_cameras_are_those_of_the_rig_but_for_a_nudge(index: int) -> None:
    one = table("single", "pen")
    for name, mount in RIGS[one.start(index).rig].cameras.items():
        number = mujoco.mj_name2id(one.model, mujoco.mjtObj.mjOBJ_CAMERA, name)
        assert one.model.cam_fovy[number] == mount.fovy
        assert math.dist(one.model.cam_pos[number], mount.eye) < 0.015
        assert 2 * math.acos(min(1.0, abs(one.model.cam_quat[number] @ quaternion(mount.rotation)))) < 0.025


def test_each_rig_has_three_tops_of_its_own() -> None:
    tops = [top for rig in RIGS.values() for top in rig.tops]
    assert len(set(tops)) == len(tops) == 6
    assert set(tops) <= set(MATERIALS)


def test_every_member_of_a_cast_can_be_built() -> None:
    assert {name for cast in CASTS.values() for name in cast.names} == set(DISTRACTORS)
    assert set(DISTRACTORS) <= set(FOOTPRINTS)


@pytest.mark.parametrize("name", DISTRACTORS)
def test_a_thing_stays_within_its_footprint(name: str) -> None:
    footprint = FOOTPRINTS[name]
    for x, y in outline(DISTRACTORS[name]):
        assert math.hypot(max(abs(x) - footprint.half_length, 0.0), y) <= footprint.radius


def outline(thing: Thing) -> list[tuple[float, float]]:
    """Outermost points of its pieces, seen from above; round pieces lie along x or are balls."""
    points: list[tuple[float, float]] = []
    for touch in thing.touches:
        if touch.shape == "box":
            points += [_corner(touch, x, y) for x in (-1, 1) for y in (-1, 1)]
        else:
            radius, half = (*touch.size, 0.0)[:2]
            points += [(half + radius, 0.0), (-half - radius, 0.0), (half, radius), (-half, -radius)]
    return points


def _corner(touch: Touch, x: int, y: int) -> tuple[float, float]:
    angle = 2 * math.atan2(touch.turn[3], touch.turn[0])
    u, v = x * touch.size[0], y * touch.size[1]
    return u * math.cos(angle) - v * math.sin(angle), u * math.sin(angle) + v * math.cos(angle)


@pytest.mark.parametrize("name", DISTRACTORS)
def test_nothing_that_is_grasped_is_an_ellipsoid_or_a_cylinder(name: str) -> None:
    assert {touch.shape for touch in DISTRACTORS[name].touches} <= {"box", "capsule", "sphere"}


@every_table
def test_pads_meet_things_and_pass_through_the_table_where_fingers_rest(suite: str, task: str) -> None:
    model = table(suite, task).model

    def meets(one: int, two: int) -> bool:
        types, answers = model.geom_contype, model.geom_conaffinity
        return bool(types[one] & answers[two] or types[two] & answers[one])

    ground = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_GEOM, "table")
    pads = [geom for geom in range(model.ngeom) if model.geom_contype[geom] == 2]
    free = {item.body for item in table(suite, task).scene.items.values()}
    fingers = [
        geom for geom in range(model.ngeom) if model.geom_contype[geom] == 1 and model.geom_bodyid[geom] not in free
    ]
    pieces = [geom for geom in range(model.ngeom) if model.geom_bodyid[geom] in free and model.geom_contype[geom]]
    assert pads
    assert fingers
    assert pieces
    assert not any(meets(pad, ground) for pad in pads)
    assert all(meets(geom, ground) for geom in fingers + pieces)
    assert all(meets(piece, geom) for piece in pieces for geom in pads + fingers + pieces)


@pytest.mark.parametrize("name", ["green_block", "spool", "lemon", "pen"])
def test_a_sleeping_distractor_wakes_when_it_is_hit(name: str) -> None:
    one = table("distractor", "strawberry")
    one.start(next(index for index in range(20) if name in one.layout(index).distractors))
    one.seconds(1.0)
    body = one.scene.items[name].body
    before, (x, y, z) = one.data.xpos[body].copy(), one.data.xpos[body]
    assert not one.data.body_awake[body]
    put(one, "strawberry", np.array([x, y + 0.06, z + 0.005]), np.array([1.0, 0.0, 0.0]))
    one.data.qvel[dofs(one, "strawberry")][1] = -1.0
    one.seconds(0.2)
    assert np.linalg.norm(one.data.xpos[body] - before) > 0.001


@pytest.mark.parametrize("name", ["strawberry", "plum", "tomato", "lemon", "mandarin", "green_ball", "pen"])
def test_what_rolls_comes_to_rest_within_centimetres(name: str) -> None:
    one = table("distractor", "strawberry")
    one.start(next(index for index in range(20) if name in one.layout(index).objects))
    item, moving = one.scene.items[name], dofs(one, name)
    put(one, name, np.array([0.0, -0.25, item.rest]), np.array([1.0, 0.0, 0.0]))
    one.seconds(0.2)
    before = one.data.xpos[item.body].copy()
    one.data.qvel[moving] = (0.0, -0.2, 0.0, 0.2 / item.rest, 0.0, 0.0)
    one.seconds(2.0)
    assert 0.01 < np.linalg.norm(one.data.xpos[item.body] - before) < 0.08
    assert np.abs(one.data.qvel[moving]).max() < 1e-3


def settled(one: Table, name: str, seconds: float) -> float:
    """m/s at the end."""
    one.seconds(seconds)
    return float(np.linalg.norm(one.data.qvel[dofs(one, name)][:3]))


def test_strawberries_that_fall_into_the_cup_are_placed() -> None:
    one, rng = table("multi", "strawberry"), np.random.default_rng(0)
    for index in (0, 2):
        layout = one.start(index)
        cup = pose(one, one.scene.goal)
        for name in layout.targets:
            put(one, name, cup.position + np.array([*rng.uniform(-0.015, 0.015, 2), 0.1]), rng.normal(size=3))
            assert settled(one, name, 2.0) < one.task.still_speed
        cup = pose(one, one.scene.goal)
        assert all(one.task.placed(pose(one, one.scene.items[name].body), cup) for name in layout.targets)
        assert np.linalg.norm(one.data.qpos[one.scene.items[GOAL].at :][:2] - (layout.goal.x, layout.goal.y)) < 0.002


def test_pens_that_fall_into_the_holder_lean_less_than_the_limit() -> None:
    one, rng = table("multi", "pen"), np.random.default_rng(0)
    for index in range(12):
        layout = one.start(index)
        for name in layout.targets:
            holder = pose(one, one.scene.goal)
            axis = np.array([*rng.uniform(-0.2, 0.2, 2), rng.choice([-1.0, 1.0])])
            put(one, name, holder.position + np.array([*rng.uniform(-0.012, 0.012, 2), 0.2]), axis)
            assert settled(one, name, 1.5) < one.task.still_speed
        holder = pose(one, one.scene.goal)
        assert all(one.task.placed(pose(one, one.scene.items[name].body), holder) for name in layout.targets)


def test_the_circle_stops_nothing() -> None:
    one = table("single", "block")
    assert not any(one.model.geom_contype[geom] for geom in one.drawn(one.scene.goal))
