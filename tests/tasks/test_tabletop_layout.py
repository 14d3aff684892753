"""Every start of every suite keeps the rules under which it can be solved, and follows from its seed alone."""

import hashlib
import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from armtrial.envs.base import Start, Vector
from armtrial.tasks.base import Suite, Trial, Variation
from armtrial.tasks.tabletop import DISTRACTOR, MULTI, SINGLE, SO100, Holder, Kind, Scenario, TabletopTask
from armtrial.tasks.tabletop_layout import CAMERAS, DECOY_EVERY, STREAMS, Layout, sample
from armtrial.tasks.tabletop_places import GOAL_REGIONS, OTHERS_REGION, TARGET_REGIONS, Region, polar
from armtrial.tasks.tabletop_things import CASTS, FOOTPRINTS, PAN_AXIS, TARGETS, Footprint, Placement, distance

SUITES = (SINGLE, MULTI, DISTRACTOR, SO100)
CLOSE = 1e-9
BEHIND = 0.05
"""Metres; the fixed places beside the base are farther back than this."""

every_task = pytest.mark.parametrize(
    ("suite", "task"), [pytest.param(s, t, id=f"{s.name}-{t.name}") for s in SUITES for t in s.tasks]
)
with_distractors = pytest.mark.parametrize(
    ("suite", "task"),
    [
        pytest.param(s, t, id=f"{s.name}-{t.name}")
        for s in (DISTRACTOR, SO100)
        for t in s.tasks
        if "multi" not in t.name
    ][:3],
)


@cache
def layouts(suite: str, task: TabletopTask, tries: int | None = None) -> tuple[Layout, ...]:
    """Of all trials of one task; with no tries at all every place is a fixed one."""
    found = next(one for one in SUITES if one.name == suite)
    trials = [trial for trial in found.trials() if trial.task == task.name]
    return tuple(sample(task, trial) if tries is None else sample(task, trial, tries) for trial in trials)


def line(name: str, at: Placement) -> Vector:
    return FOOTPRINTS[name].line(at)


def point(at: Placement) -> Vector:
    return Footprint(0.0).line(at)


def inside(region: Region, at: Placement) -> bool:
    near, far, wide = region.near - CLOSE, region.far + CLOSE, region.half_angle + CLOSE
    return near <= at.radius <= far and abs(at.bearing) <= wide


def faults(task: TabletopTask, layout: Layout) -> list[str]:
    """The rules of a solvable start that this one breaks."""
    return [*_goal_faults(task, layout), *_target_faults(task, layout), *_distractor_faults(layout)]


def _goal_faults(task: TabletopTask, layout: Layout) -> list[str]:
    wrong = [] if inside(GOAL_REGIONS[task.kind], layout.goal) else ["the goal is out of its region"]
    under = math.dist((layout.goal.x, layout.goal.y), polar(0.18, 0.0)) < 0.08
    return wrong + (["the goal is under the waiting hand"] if under else [])


def _target_faults(task: TabletopTask, layout: Layout) -> list[str]:
    found: list[str] = []
    for name, at in layout.targets.items():
        found += [] if inside(TARGET_REGIONS[task.kind], at) else [f"{name} is out of its region"]
        found += [f"{name} is at the goal"] if math.dist((at.x, at.y), (layout.goal.x, layout.goal.y)) < 0.12 else []
        for other, there in layout.objects.items():
            gap = distance(line(name, at), line(other, there))
            found += [f"{name} is {gap:.3f} m from {other}"] if other != name and gap < 0.08 else []
        found += _pen_faults(name, at, layout) if isinstance(task.goal, Holder) else []
    return found


def _pen_faults(name: str, at: Placement, layout: Layout) -> list[str]:
    """A pen is 12 mm thick and 140 mm long, the holder's bore 60 mm wide."""
    pen = Footprint(radius=0.006, half_length=0.064).line(at)
    axis = np.array([PAN_AXIS, PAN_AXIS])
    found = [f"{name} is at the base"] if distance(pen, axis) - 0.006 < 0.085 else []
    found += [f"{name} is at the holder"] if distance(pen, point(layout.goal)) - 0.006 < 0.030 + 0.040 else []
    return found + ([f"{name} is behind the holder"] if abs(at.bearing - layout.goal.bearing) < 0.35 else [])


def _distractor_faults(layout: Layout) -> list[str]:
    found: list[str] = []
    for name, at in layout.distractors.items():
        found += [f"{name} is at the goal"] if distance(line(name, at), point(layout.goal)) < 0.09 else []
        found += [f"{name} is out of reach"] if not (inside(OTHERS_REGION, at) or at.y > BEHIND) else []
        for other, there in layout.distractors.items():
            room = FOOTPRINTS[name].radius + FOOTPRINTS[other].radius
            found += (
                [f"{name} on {other}"] if name < other and distance(line(name, at), line(other, there)) < room else []
            )
    return found


@every_task
def test_every_start_can_be_solved(suite: Suite, task: TabletopTask) -> None:
    assert [found for layout in layouts(suite.name, task) for found in faults(task, layout)] == []


@every_task
def test_the_fixed_places_keep_the_rules_too(suite: Suite, task: TabletopTask) -> None:
    assert [found for layout in layouts(suite.name, task, tries=0) for found in faults(task, layout)] == []


@every_task
def test_no_start_of_a_suite_needs_a_fixed_place(suite: Suite, task: TabletopTask) -> None:
    starts = layouts(suite.name, task)
    assert not [name for layout in starts for name, at in layout.distractors.items() if at.y > BEHIND]
    assert len({layout.goal for layout in starts}) == len(starts)


@every_task
def test_targets_are_spread_over_most_of_their_region(suite: Suite, task: TabletopTask) -> None:
    region = TARGET_REGIONS[task.kind]
    seen = {_cell(region, at) for layout in layouts(suite.name, task) for at in layout.targets.values()}
    assert len(seen) >= 0.6 * 20, f"{len(seen)} of 20 cells of equal area"


def _cell(region: Region, at: Placement) -> tuple[int, int]:
    share = (at.radius**2 - region.near**2) / (region.far**2 - region.near**2)
    return min(3, int(4 * share)), min(4, int(5 * (at.bearing / region.half_angle + 1) / 2))


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_no_two_starts_of_a_suite_are_alike(suite: Suite) -> None:
    starts = [Start(layout.values()) for task in suite.tasks for layout in layouts(suite.name, _tabletop(task))]
    assert len({start.hash for start in starts}) == len(suite.trials())


def _tabletop(task: object) -> TabletopTask:
    assert isinstance(task, TabletopTask)
    return task


@every_task
def test_a_trial_has_the_same_start_whenever_it_is_asked_for(suite: Suite, task: TabletopTask) -> None:
    for trial in suite.trials(per_task=3):
        if trial.task == task.name:
            assert Start(sample(task, trial).values()).hash == Start(sample(task, trial).values()).hash


def test_the_starts_are_the_ones_they_have_always_been() -> None:
    """A change here makes every figure that was ever measured incomparable: it asks for a new version of the suites."""
    starts = [layout for suite in SUITES for task in suite.tasks for layout in layouts(suite.name, _tabletop(task))]
    hashes = [Start(layout.values()).hash for layout in starts]
    assert hashlib.sha256("".join(hashes).encode()).hexdigest()[:16] == "f617e7de7c9bb732"


def test_values_are_nobody_else_s() -> None:
    layout = sample(_tabletop(SINGLE.task("block")), SINGLE.trials()[0])
    layout.values()["goal"][:] = 9.0
    assert layout.values()["goal"][0] != 9.0


CHANGED = {
    "objects": {"goal", "object."},
    "distractors": {"object."},
    "light": {"light"},
    "texture": {"texture"},
    "camera": {"camera."},
}


@pytest.mark.parametrize("stream", STREAMS)
def test_another_value_of_one_stream_moves_nothing_of_another(stream: str) -> None:
    task = _tabletop(DISTRACTOR.task("strawberry"))
    other = replace(task, variation=Variation(name="other", changes=((stream, 1.0),)))
    for index in range(20):
        trial = Trial("eval", "distractor", 1, "strawberry", index)
        before, after = sample(task, trial).values(), sample(other, trial).values()
        same = {name for name in before.keys() & after.keys() if np.array_equal(before[name], after[name])}
        moved = (before.keys() | after.keys()) - same
        assert moved
        assert all(any(name.startswith(prefix) for prefix in CHANGED[stream]) for name in moved)


def test_other_distractors_move_no_target() -> None:
    task = _tabletop(DISTRACTOR.task("pen"))
    other = replace(task, variation=Variation(name="other", changes=(("distractors", "again"),)))
    for index in range(20):
        trial = Trial("eval", "distractor", 1, "pen", index)
        assert sample(task, trial).targets == sample(other, trial).targets
        assert sample(task, trial).distractors != sample(other, trial).distractors


@every_task
def test_even_trials_are_played_in_one_rig_and_odd_ones_in_the_other(suite: Suite, task: TabletopTask) -> None:
    assert [layout.rig for layout in layouts(suite.name, task)] == ["a", "b"] * 10


@every_task
def test_a_trial_has_as_many_targets_as_its_task_allows(suite: Suite, task: TabletopTask) -> None:
    numbers = [len(layout.targets) for layout in layouts(suite.name, task)]
    assert set(numbers) == set(range(task.fewest_targets, task.most_targets + 1))
    for layout in layouts(suite.name, task):
        assert tuple(layout.targets) == TARGETS[task.kind][: len(layout.targets)]


def test_each_rig_has_as_many_trials_with_two_targets_as_with_three() -> None:
    starts = layouts("multi", _tabletop(MULTI.task("block")))
    assert [sum(len(layout.targets) == 3 for layout in starts[rig::2]) for rig in (0, 1)] == [5, 5]


@every_task
def test_only_a_distractor_scenario_has_distractors(suite: Suite, task: TabletopTask) -> None:
    numbers = {len(layout.distractors) for layout in layouts(suite.name, task)}
    assert numbers == ({4, 5, 6} if task.scenario is Scenario.DISTRACTOR else {0})


@with_distractors
def test_distractors_differ_and_one_at_least_is_of_another_task(suite: Suite, task: TabletopTask) -> None:
    cast = CASTS[task.kind]
    for layout in layouts(suite.name, task):
        assert set(layout.distractors) <= set(cast.names)
        assert set(layout.distractors) & set(cast.foreign)


@with_distractors
def test_every_third_trial_has_a_decoy_that_is_nearer_to_the_arm(suite: Suite, task: TabletopTask) -> None:
    for index, layout in enumerate(layouts(suite.name, task)):
        decoys = set(layout.distractors) & set(CASTS[task.kind].decoys)
        assert decoys == ({layout.decoy} if index % DECOY_EVERY == 0 else set())
        for name in decoys:
            assert layout.distractors[name].radius <= min(at.radius for at in layout.targets.values()) - 0.02


@with_distractors
def test_every_distractor_has_its_turn(suite: Suite, task: TabletopTask) -> None:
    seen = {name for layout in layouts(suite.name, task) for name in layout.distractors}
    assert seen == set(CASTS[task.kind].names)


def test_there_are_a_dozen_distractors_and_more_without_the_targets() -> None:
    targets = {name for names in TARGETS.values() for name in names}
    assert len({name for cast in CASTS.values() for name in cast.names} - targets) >= 12
    assert all(set(CASTS[kind].names).isdisjoint(TARGETS[kind]) for kind in Kind)


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.value)
def test_a_decoy_has_the_target_s_footprint(kind: Kind) -> None:
    assert {FOOTPRINTS[name] for name in CASTS[kind].decoys} == {FOOTPRINTS[TARGETS[kind][0]]}


@every_task
def test_light_table_and_cameras_differ_a_little_from_trial_to_trial(suite: Suite, task: TabletopTask) -> None:
    starts = layouts(suite.name, task)
    assert len({layout.light for layout in starts}) == len({layout.surface for layout in starts}) == len(starts)
    assert {layout.surface.variant for layout in starts} == {0, 1, 2}
    for layout in starts:
        assert tuple(layout.cameras) == CAMERAS
        assert max(abs(value) for nudge in layout.cameras.values() for value in nudge.shift + nudge.turn) < 0.02


@pytest.mark.parametrize(
    ("one", "two", "apart"),
    [
        ([[0, 0], [1, 0]], [[0.5, -1], [0.5, 1]], 0.0),
        ([[0, 0], [1, 0]], [[0, 2], [1, 2]], 2.0),
        ([[0, 0], [1, 0]], [[4, 4], [4, 4]], 5.0),
        ([[0, 0], [0, 0]], [[3, 4], [3, 4]], 5.0),
        ([[0, 0], [1, 0]], [[2, 0], [3, 0]], 1.0),
        ([[0, 0], [1, 0]], [[0.5, 0], [3, 0]], 0.0),
    ],
)
def test_the_distance_of_two_lines(one: list[list[float]], two: list[list[float]], apart: float) -> None:
    assert distance(np.array(one, float), np.array(two, float)) == pytest.approx(apart)
    assert distance(np.array(two, float), np.array(one, float)) == pytest.approx(apart)


@pytest.mark.parametrize("task", SO100.tasks, ids=lambda task: task.name)
def test_demonstrations_keep_the_rules_too(task: TabletopTask) -> None:
    for index in range(100):
        assert faults(task, sample(task, Trial("demo", "so100", 1, task.name, index))) == []
