"""The three tasks on the table of the SO-100: what is asked, when a thing counts as placed, and the suites.

Metres and radians. A pose is that of a thing's own frame: a block's, a strawberry's and a pen's origin is the
centre, the long axis is x; a circle's, a cup's and a holder's origin is the middle of the base, z points up the bore.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .base import SuccessRule, Suite, Task
from .grasping import Thresholds

Vector = NDArray[np.float64]


class Kind(enum.Enum):
    """What is placed into what."""

    BLOCK = "block"
    STRAWBERRY = "strawberry"
    PEN = "pen"


TARGETS: Mapping[Kind, tuple[str, ...]] = {
    Kind.BLOCK: ("green_block", "green_block_2", "green_block_3"),
    Kind.STRAWBERRY: ("strawberry", "strawberry_2", "strawberry_3"),
    Kind.PEN: ("pen", "pen_2"),
}
"""In the order in which they join: a trial with two targets has the first two."""

FALLEN = math.radians(45)


class Scenario(enum.Enum):
    """What else stands on the table."""

    SINGLE = "single"
    """One target and the goal."""
    MULTI = "multi"
    """Two or three targets, all to be placed."""
    DISTRACTOR = "distractor"
    """One target among four to six other things."""


@dataclass(frozen=True, slots=True)
class Pose:
    position: Vector
    rotation: Vector
    """3x3; its columns are the frame's axes."""

    def seen_from(self, point: Vector) -> Vector:
        """A point of the world in this frame."""
        return self.rotation.T @ (point - self.position)


@dataclass(frozen=True, slots=True)
class Block:
    edge: float = 0.035
    """As easily grasped as anything from 25 to 50 mm, and still a dozen pixels wide in a picture of 224."""


@dataclass(frozen=True, slots=True)
class Strawberry:
    radius: float = 0.013
    length: float = 0.038


@dataclass(frozen=True, slots=True)
class Pen:
    diameter: float = 0.012
    """Thinner ones are too low for the pads while a finger's tip stays clear of the table."""
    length: float = 0.140


@dataclass(frozen=True, slots=True)
class Circle:
    """Drawn on the table, its line included."""

    radius: float = 0.045


@dataclass(frozen=True, slots=True)
class Cup:
    inner_radius: float = 0.038
    height: float = 0.070
    wall: float = 0.003
    floor: float = 0.003
    mass: float = 0.100
    tilt_limit: float = FALLEN
    """Between the bore and the vertical; what leans farther has fallen over, and nothing in it is placed."""


@dataclass(frozen=True, slots=True)
class Holder:
    inner_radius: float = 0.030
    height: float = 0.105
    """With this bore a pen that leans on the rim is 26 degrees off its axis; less than 30 even on another pen."""
    wall: float = 0.003
    floor: float = 0.003
    mass: float = 0.200
    lean_limit: float = math.radians(30)
    """Between the pen's axis and the bore's."""
    tilt_limit: float = FALLEN
    """As a cup's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TabletopTask(Task):
    """A task of the world `so100`. What the world needs to know of it are values here."""

    scenario: Scenario
    target: Block | Strawberry | Pen
    goal: Circle | Cup | Holder
    fewest_targets: int = 1
    most_targets: int = 1
    still_speed: float = 0.01
    """m/s; what moves faster is not placed yet. Nor is what a finger or a pad touches."""
    grasping: Thresholds = field(default_factory=Thresholds)
    """What counts as an attempt, a lift and a drop."""

    def __post_init__(self) -> None:
        Task.__post_init__(self)
        if (type(self.target), type(self.goal)) not in ((Block, Circle), (Strawberry, Cup), (Pen, Holder)):
            pair = f"a {type(self.target).__name__} into a {type(self.goal).__name__}"
            raise ValueError(
                f"task '{self.name}' puts {pair}; there are Block into Circle, Strawberry into Cup, Pen into Holder"
            )
        fewest, most, limit = self.fewest_targets, self.most_targets, len(TARGETS[self.kind])
        if not (type(fewest) is type(most) is int and 1 <= fewest <= most <= limit):
            raise ValueError(
                f"task '{self.name}': fewest_targets is {fewest!r} and most_targets is {most!r}; they are whole "
                f"numbers from 1 to {limit}, the most that a table has of a {type(self.target).__name__}, and "
                "most_targets is no less than fewest_targets"
            )

    @property
    def kind(self) -> Kind:
        kinds = {Block: Kind.BLOCK, Strawberry: Kind.STRAWBERRY, Pen: Kind.PEN}
        return kinds[type(self.target)]

    def placed(self, target: Pose, goal: Pose) -> bool:
        """Where it should be, in a goal that stands. Whether it is still and has been let go is the world's to say."""
        if self.fallen(goal):
            return False
        if isinstance(self.target, Block) and isinstance(self.goal, Circle):
            return block_in_circle(self.target, target, self.goal, goal)
        if isinstance(self.target, Strawberry) and isinstance(self.goal, Cup):
            return centre_in_cup(target, self.goal, goal)
        assert isinstance(self.target, Pen), "a task with another pair cannot be made"
        assert isinstance(self.goal, Holder)
        return pen_in_holder(self.target, target, self.goal, goal)

    def fallen(self, goal: Pose) -> bool:
        """The goal no longer stands. A circle, which is drawn, cannot fall."""
        return not isinstance(self.goal, Circle) and goal.rotation[2, 2] < math.cos(self.goal.tilt_limit)


def block_in_circle(block: Block, pose: Pose, circle: Circle, goal: Pose) -> bool:
    """All of its footprint, on whatever face or edge it lies: all eight corners, seen from above."""
    half = block.edge / 2
    corners = np.array([[x, y, z] for x in (-half, half) for y in (-half, half) for z in (-half, half)])
    offsets = pose.position + corners @ pose.rotation.T - goal.position
    return bool(np.hypot(offsets[:, 0], offsets[:, 1]).max() <= circle.radius)


def centre_in_cup(pose: Pose, cup: Cup, goal: Pose) -> bool:
    """Inside the inner cylinder and below the rim, however the cup is turned."""
    return _in_bore(goal.seen_from(pose.position), cup.inner_radius, cup.height)


def pen_in_holder(pen: Pen, pose: Pose, holder: Holder, goal: Pose) -> bool:
    """The lower of its ends inside, its axis along the bore. Either end may be the lower one."""
    reach = pen.length / 2 * pose.rotation[:, 0]
    ends = [goal.seen_from(pose.position + side * reach) for side in (-1, 1)]
    lower = min(ends, key=lambda end: float(end[2]))
    return _in_bore(lower, holder.inner_radius, holder.height) and lean(pose, goal) <= holder.lean_limit


def lean(pen: Pose, holder: Pose) -> float:
    """Radians between a pen's axis and the bore's, whichever end is up: 0 to pi/2."""
    return math.acos(min(1.0, abs(float(pen.rotation[:, 0] @ holder.rotation[:, 2]))))


def _in_bore(point: Vector, radius: float, height: float) -> bool:
    return bool(math.hypot(point[0], point[1]) < radius and 0.0 < point[2] < height)


def _task(
    scenario: Scenario,
    instruction: str,
    target: Block | Strawberry | Pen,
    goal: Circle | Cup | Holder,
    targets: int = 1,
) -> TabletopTask:
    name = type(target).__name__.lower()
    return TabletopTask(
        name=name,
        env="so100",
        instruction=instruction,
        max_seconds=60.0,
        success_rule=SuccessRule.HELD,
        hold_seconds=0.5,
        max_failed_grasps=5,
        scenario=scenario,
        target=target,
        goal=goal,
        fewest_targets=min(targets, 2),
        most_targets=targets,
    )


_PLACE_BLOCK = "Place the green block inside the circle."
_PLACE_STRAWBERRIES = "Place the strawberries from the table into the cup."
_PLACE_PEN = "Pick up the pen and place it in the holder."

ROOMY = Circle(radius=0.075)
"""Three blocks fit into it with a finger's width between them."""


def _alone(scenario: Scenario) -> tuple[TabletopTask, ...]:
    """The three tasks with one target each."""
    return (
        _task(scenario, _PLACE_BLOCK, Block(), Circle()),
        _task(scenario, _PLACE_STRAWBERRIES, Strawberry(), Cup()),
        _task(scenario, _PLACE_PEN, Pen(), Holder()),
    )


def _suite(scenario: Scenario, tasks: tuple[TabletopTask, ...]) -> Suite:
    return Suite(name=scenario.value, version=1, tasks=tasks, per_task=20)


SINGLE = _suite(Scenario.SINGLE, _alone(Scenario.SINGLE))
MULTI = _suite(
    Scenario.MULTI,
    (
        _task(Scenario.MULTI, _PLACE_BLOCK, Block(), ROOMY, targets=3),
        _task(Scenario.MULTI, _PLACE_STRAWBERRIES, Strawberry(), Cup(), targets=3),
        _task(Scenario.MULTI, _PLACE_PEN, Pen(), Holder(), targets=2),
    ),
)
DISTRACTOR = _suite(Scenario.DISTRACTOR, _alone(Scenario.DISTRACTOR))
SO100 = Suite(
    name="so100",
    version=1,
    tasks=tuple(
        replace(task, name=f"{suite.name}-{task.name}") for suite in (SINGLE, MULTI, DISTRACTOR) for task in suite.tasks
    ),
    per_task=20,
)
"""All nine, named `single-block` to `distractor-pen`."""
