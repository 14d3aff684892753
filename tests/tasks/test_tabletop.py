"""When a block, a strawberry or a pen counts as placed, however thing and goal lie; and what the suites ask."""

import io
import math
from dataclasses import replace

import numpy as np
import pytest

from armtrial.envs import wire
from armtrial.tasks.base import SuccessRule, Suite
from armtrial.tasks.tabletop import (
    DISTRACTOR,
    MULTI,
    ROOMY,
    SINGLE,
    SO100,
    Block,
    Circle,
    Cup,
    Holder,
    Pen,
    Pose,
    Strawberry,
    TabletopTask,
    lean,
)

SUITES = (SINGLE, MULTI, DISTRACTOR, SO100)


def task(name: str, suite: Suite = SINGLE) -> TabletopTask:
    found = suite.task(name)
    assert isinstance(found, TabletopTask)
    return found


def pose(x: float, y: float, z: float, axis: str = "z", degrees: float = 0.0) -> Pose:
    """Turned about one axis of the world."""
    angle = math.radians(degrees)
    turn = np.eye(3)
    one, two = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    turn[one, one] = turn[two, two] = math.cos(angle)
    turn[one, two], turn[two, one] = -math.sin(angle), math.sin(angle)
    return Pose(np.array([x, y, z]), turn)


def then(first: Pose, second: Pose) -> Pose:
    """The second pose, seen in the frame of the first."""
    return Pose(first.position + first.rotation @ second.position, first.rotation @ second.rotation)


BLOCK, STRAWBERRY, PEN = task("block"), task("strawberry"), task("pen")
HERE = pose(0.1, -0.2, 0.0)


@pytest.mark.parametrize(
    ("x", "y", "degrees", "inside"),
    [
        (0.0, 0.0, 0.0, True),
        (0.0, 0.0, 45.0, True),
        (0.0239, 0.0, 0.0, True),
        (0.0241, 0.0, 0.0, False),
        (0.0201, 0.0, 45.0, True),
        (0.0204, 0.0, 45.0, False),
        (0.2, 0.0, 0.0, False),
    ],
)
def test_a_block_is_placed_when_its_whole_footprint_is_inside(x: float, y: float, degrees: float, inside: bool) -> None:
    assert BLOCK.placed(then(HERE, pose(x, y, 0.0175, "z", degrees)), HERE) is inside


@pytest.mark.parametrize("axis", ["x", "y"])
@pytest.mark.parametrize("degrees", [90.0, 180.0, 270.0])
def test_a_block_may_lie_on_any_face(axis: str, degrees: float) -> None:
    for x, inside in ((0.0239, True), (0.0241, False)):
        assert BLOCK.placed(then(HERE, pose(x, 0.0, 0.0175, axis, degrees)), HERE) is inside


def test_a_block_on_its_edge_covers_more() -> None:
    assert not BLOCK.placed(then(HERE, pose(0.0239, 0.0, 0.0247, "y", 45.0)), HERE)


def test_three_blocks_fit_into_the_roomy_circle_with_a_fingers_width_between_them() -> None:
    multi, far = task("block", MULTI), 0.045
    assert multi.goal == ROOMY
    places = [pose(0.0, far, 0.0175), pose(-0.039, -0.0225, 0.0175, "z", 30), pose(0.039, -0.0225, 0.0175, "z", -30)]
    assert all(multi.placed(place, pose(0.0, 0.0, 0.0)) for place in places)
    assert math.dist(places[1].position, places[2].position) - math.sqrt(2) * 0.035 > 0.028


CUPS = {
    "standing": HERE,
    "moved": pose(-0.1, -0.3, 0.0, "z", 70),
    "tilted": pose(0.1, -0.2, 0.01, "x", 35),
}


@pytest.mark.parametrize("cup", CUPS.values(), ids=CUPS)
@pytest.mark.parametrize(
    ("x", "z", "inside"),
    [
        (0.0, 0.016, True),
        (0.037, 0.016, True),
        (0.039, 0.016, False),
        (0, 0.069, True),
        (0, 0.071, False),
        (0, -0.01, False),
    ],
)
def test_a_strawberry_is_placed_when_its_centre_is_in_the_cup(cup: Pose, x: float, z: float, inside: bool) -> None:
    assert STRAWBERRY.placed(then(cup, pose(x, 0.0, z, "y", 20)), cup) is inside


def upright(degrees: float, x: float = 0.0) -> Pose:
    """A pen that stands on the floor of a holder at the origin, its tip up, leaning towards x."""
    turned = pose(0.0, 0.0, 0.0, "y", degrees - 90)
    return Pose(np.array([x, 0.0, 0.003]) + 0.07 * turned.rotation[:, 0], turned.rotation)


@pytest.mark.parametrize(("degrees", "inside"), [(0.0, True), (29.5, True), (-29.5, True), (30.5, False)])
def test_a_pen_is_placed_within_30_degrees_of_the_bore(degrees: float, inside: bool) -> None:
    assert PEN.placed(then(HERE, upright(degrees)), HERE) is inside
    assert math.degrees(lean(upright(degrees), pose(0, 0, 0))) == pytest.approx(abs(degrees))


def test_a_pen_may_stand_on_either_end() -> None:
    tip_up = upright(10.0)
    tip_down = Pose(tip_up.position, tip_up.rotation @ np.diag([-1.0, -1.0, 1.0]))
    assert PEN.placed(tip_up, pose(0, 0, 0))
    assert PEN.placed(tip_down, pose(0, 0, 0))


def test_a_pen_is_not_placed_beside_above_or_across_the_holder() -> None:
    beside, above = upright(0.0, x=0.031), replace(upright(0.0), position=np.array([0.0, 0.0, 0.18]))
    across = pose(0.0, 0.0, 0.1)
    assert not any(PEN.placed(one, pose(0, 0, 0)) for one in (beside, above, across))


def test_a_pen_goes_with_its_holder_wherever_that_is() -> None:
    moved = pose(-0.2, -0.1, 0.0, "x", 20)
    assert PEN.placed(then(moved, upright(15.0)), moved)
    assert not PEN.placed(upright(15.0), moved)


def test_thresholds_are_the_task_s() -> None:
    assert isinstance(PEN.goal, Holder)
    strict = replace(PEN, goal=replace(PEN.goal, lean_limit=math.radians(5)))
    assert not strict.placed(upright(10.0), pose(0, 0, 0))
    assert not replace(BLOCK, goal=Circle(radius=0.02)).placed(HERE, HERE)


def test_a_pair_that_no_rule_knows_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^task 'block' puts a Block into a Cup; there are Block into Circle"):
        replace(BLOCK, goal=Cup())


@pytest.mark.parametrize(("fewest", "most"), [(3, 2), (0, 1), (4, 4), (1, 4), (1.0, 2), (True, 2)])
def test_a_number_of_targets_that_no_table_has_is_refused(fewest: int, most: int) -> None:
    with pytest.raises(ValueError) as caught:
        replace(BLOCK, fewest_targets=fewest, most_targets=most)
    assert str(caught.value) == (
        f"task 'block': fewest_targets is {fewest} and most_targets is {most}; they are whole numbers from 1 to 3, "
        "the most that a table has of a Block, and most_targets is no less than fewest_targets"
    )


def test_there_are_two_pens() -> None:
    assert replace(PEN, most_targets=2).most_targets == 2
    with pytest.raises(ValueError, match="from 1 to 2, the most that a table has of a Pen"):
        replace(PEN, most_targets=3)


def test_a_task_keeps_the_rules_of_every_task() -> None:
    with pytest.raises(ValueError, match="max_seconds is 0"):
        replace(PEN, max_seconds=0.0)


@pytest.mark.parametrize(("degrees", "stands"), [(0, True), (44, True), (-44, True), (46, False), (180, False)])
def test_in_a_goal_that_has_fallen_over_nothing_is_placed(degrees: float, stands: bool) -> None:
    goal = pose(0.1, -0.2, 0.05, "y", degrees)
    assert STRAWBERRY.placed(then(goal, pose(0.0, 0.0, 0.016)), goal) is stands
    assert PEN.placed(then(goal, upright(10.0)), goal) is stands
    assert STRAWBERRY.fallen(goal) is PEN.fallen(goal) is not stands


def test_how_far_a_goal_may_lean_is_its_own_value() -> None:
    goal = pose(0.1, -0.2, 0.05, "y", 44)
    strict = replace(STRAWBERRY, goal=Cup(tilt_limit=math.radians(30)))
    assert not strict.placed(then(goal, pose(0.0, 0.0, 0.016)), goal)


def test_a_circle_cannot_fall() -> None:
    assert not BLOCK.fallen(pose(0.0, 0.0, 0.0, "x", 90))


@pytest.mark.parametrize("below", [0, 1], ids=["on the floor", "on another pen"])
def test_a_leaning_pen_rests_within_the_limit(below: int) -> None:
    """Its lower end in one corner of the bore, its side on the rim opposite."""
    holder, pen = Holder(), Pen()
    radius, depth = pen.diameter / 2, holder.height - holder.floor - pen.diameter / 2 - below * pen.diameter
    angle = 0.0
    for _ in range(50):
        angle = math.atan((2 * holder.inner_radius - radius - radius / math.cos(angle)) / depth)
    assert math.degrees(angle) < 29.5


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_every_task_is_played_by_the_published_protocol(suite: Suite) -> None:
    assert suite.per_task == 20
    for one in suite.tasks:
        assert (one.env, one.max_seconds, one.max_failed_grasps) == ("so100", 60.0, 5)
        assert (one.success_rule, one.hold_seconds) == (SuccessRule.HELD, 0.5)


def test_every_scenario_asks_in_the_same_words() -> None:
    words = {
        "block": "Place the green block inside the circle.",
        "strawberry": "Place the strawberries from the table into the cup.",
        "pen": "Pick up the pen and place it in the holder.",
    }
    for suite in (SINGLE, MULTI, DISTRACTOR):
        assert {one.name: one.instruction for one in suite.tasks} == words


def test_the_suite_of_all_has_nine_tasks_named_after_their_scenario() -> None:
    names = [f"{suite.name}-{one.name}" for suite in (SINGLE, MULTI, DISTRACTOR) for one in suite.tasks]
    assert [one.name for one in SO100.tasks] == names
    assert len(set(names)) == 9


def test_only_multi_has_more_than_one_target() -> None:
    targets = {
        f"{suite.name}-{one.name}": one for suite in (SINGLE, MULTI, DISTRACTOR) for one in map(_tabletop, suite.tasks)
    }
    several = {name: (one.fewest_targets, one.most_targets) for name, one in targets.items() if one.most_targets > 1}
    assert several == {"multi-block": (2, 3), "multi-strawberry": (2, 3), "multi-pen": (2, 2)}


def _tabletop(one: object) -> TabletopTask:
    assert isinstance(one, TabletopTask)
    return one


@pytest.mark.parametrize("one", SO100.tasks, ids=lambda one: one.name)
def test_a_task_travels_to_a_worker(one: TabletopTask) -> None:
    stream = io.BytesIO()
    wire.write(stream, one)
    stream.seek(0)
    assert wire.read(stream) == one


def test_sizes_are_those_that_were_found_graspable() -> None:
    assert 0.025 <= Block().edge <= 0.040
    assert (2 * Strawberry().radius, Strawberry().length) == (0.026, 0.038)
    assert (Pen().diameter, Pen().length) == (0.012, 0.140)
