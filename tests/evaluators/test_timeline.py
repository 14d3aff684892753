"""What a robot does while it waits for a plan: tick for tick, with plans whose actions say which they are."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armtrial.envs.base import ActionError, ActionSpec, Control, Gripper, Observation, ObservationSpec, Vector
from armtrial.envs.line import LineEnv
from armtrial.evaluators.pace import Pace
from armtrial.evaluators.records import Paced
from armtrial.evaluators.timeline import Timeline
from armtrial.policies.base import Plan, World

LINE = World(LineEnv.observation_spec, LineEnv.action_spec)
AT_REST = [0.5, 70.0]
TICK = 1 / LINE.action.rate


def plan(number: int, length: int = 6, starts_at: float | None = None) -> Plan:
    """Its n-th action is (0.01 * n, number)."""
    return Plan(np.array([[0.01 * index, number] for index in range(length)]), starts_at)


def seen(tick: int) -> Observation:
    return Observation({}, np.array(AT_REST), "", tick / LINE.action.rate)


def timeline(latency: int = 0, execute: int = 4) -> Timeline:
    """`latency`: in ticks."""
    return Timeline(LINE, execute, Pace(realtime=True, latency=latency * TICK))


def told(actions: Vector) -> list[tuple[int, int]]:
    """Number of the plan and of its action; (70, 50) is the state at rest."""
    return [(round(number), round(100 * index)) for index, number in actions]


def test_without_thinking_a_leg_is_the_plan_s_own_actions() -> None:
    line = timeline()
    assert told(line.leg(plan(1), seen(0), 5000.0)) == [(1, 0), (1, 1), (1, 2), (1, 3)]
    assert line.paced([0], 4) == Paced()


def test_before_the_first_plan_the_arm_stays_where_it_is() -> None:
    line = timeline(latency=2)
    assert told(line.leg(plan(1), seen(0), 0.0)) == [(70, 50), (70, 50), (1, 0), (1, 1), (1, 2), (1, 3)]
    assert line.paced([0], 6) == Paced(thinking=2, held=2)


def test_while_the_next_plan_is_made_the_last_one_runs_on_and_then_the_arm_holds() -> None:
    line = timeline(latency=3)
    line.leg(plan(1), seen(0), 0.0)
    line.went_on(7, new_stage=False)
    assert told(line.leg(plan(2), seen(7), 0.0)) == [(1, 4), (1, 5), (1, 5), (2, 0), (2, 1), (2, 2), (2, 3)]
    assert line.paced([0, 7], 14) == Paced(thinking=6, held=4, judged=1, missed=1)


def test_a_plan_that_comes_before_the_last_one_is_used_up_misses_nothing() -> None:
    line = timeline(latency=2)
    line.leg(plan(1), seen(0), 0.0)
    line.went_on(6, new_stage=False)
    line.leg(plan(2), seen(6), 0.0)
    assert line.paced([0, 6], 12) == Paced(thinking=4, held=2, judged=1)


def test_actions_of_a_stamped_plan_that_come_too_late_are_dropped() -> None:
    line = timeline(latency=2)
    assert told(line.leg(plan(1, starts_at=0.0), seen(0), 0.0)) == [(70, 50), (70, 50), (1, 2), (1, 3), (1, 4), (1, 5)]
    assert line.paced([0], 6) == Paced(thinking=2, held=2, dropped=2)


def test_a_plan_that_is_late_from_end_to_end_leaves_the_last_one_running() -> None:
    line = timeline()
    line.leg(plan(1), seen(0), 0.0)
    line.went_on(4, new_stage=False)
    assert told(line.leg(plan(2, starts_at=-1.0), seen(4), 0.0)) == [(1, 4)]
    line.went_on(1, new_stage=False)
    assert told(line.leg(plan(3, starts_at=-1.0), seen(5), 0.0)) == [(1, 5)]
    assert line.paced([0, 4, 5], 6) == Paced(dropped=12, judged=2, missed=2)


def test_a_plan_may_begin_later() -> None:
    line = Timeline(LINE, 4)
    line.leg(plan(1, length=5), seen(0), 0.0)
    line.went_on(4, new_stage=False)
    assert told(line.leg(plan(2, starts_at=6 * TICK), seen(4), 0.0))[:4] == [(1, 4), (1, 4), (2, 0), (2, 1)]


def test_at_a_new_stage_the_rest_of_the_plan_is_dropped_and_the_arm_holds_what_was_executed_last() -> None:
    line = timeline(latency=2)
    line.leg(plan(1), seen(0), 0.0)
    line.went_on(3, new_stage=True)
    assert told(line.leg(plan(2), seen(3), 0.0))[:3] == [(1, 0), (1, 0), (2, 0)]
    assert line.paced([0, 3], 9) == Paced(thinking=4, held=4)


def test_a_trial_that_ends_while_the_policy_thinks_pays_only_until_then() -> None:
    line = timeline(latency=5)
    line.leg(plan(1), seen(0), 0.0)
    assert line.paced([0], 3) == Paced(thinking=3, held=3)


@pytest.mark.parametrize("stamp", [math.nan, math.inf, 1.7e9, "now"])
def test_a_stamp_of_another_clock_is_an_error_that_names_both(stamp: float) -> None:
    with pytest.raises(
        ActionError, match=r"^a plan starts at .* and the trial's clock is at 0; starts_at is in seconds"
    ):
        timeline().leg(replace(plan(1), starts_at=stamp), seen(0), 0.0)


@given(st.integers(0, 300), st.sampled_from([7.0, 10.0, 15.0, 24.0, 30.0, 50.0]))
def test_a_latency_of_whole_ticks_is_that_many(ticks: int, rate: float) -> None:
    assert Pace(realtime=True, latency=ticks / rate).thinking(0.0, rate) == ticks


def test_measured_time_counts_whole_ticks_that_have_begun() -> None:
    pace = Pace(realtime=True)
    assert [pace.thinking(ms, 10.0) for ms in (0.0, 0.1, 100.0, 101.0)] == [0, 1, 1, 2]


@given(
    st.lists(st.tuples(st.integers(1, 12), st.none() | st.integers(-8, 8)), min_size=1, max_size=6),
    st.integers(0, 9),
    st.integers(1, 12),
)
def test_whatever_plans_say_a_leg_goes_on_and_thinking_is_paid_for(
    plans: list[tuple[int, int | None]], latency: int, execute: int
) -> None:
    line, tick, begun = timeline(latency, execute), 0, list[int]()
    for number, (length, ahead) in enumerate(plans, 1):
        starts = None if ahead is None else (tick + ahead) * TICK
        leg = line.leg(plan(number, length, starts), seen(tick), 0.0)
        assert latency <= len(leg) <= latency + 8 + execute
        assert len(leg) >= 1
        assert all(n in (70, number, *range(1, number)) for n, _ in told(leg))
        begun.append(tick)
        tick += len(leg)
        line.went_on(len(leg), new_stage=False)
    assert line.paced(begun, tick).thinking == latency * len(plans)


def relative(gripper: Gripper) -> World:
    action = ActionSpec(
        names=("dx", "jaw"),
        low=(-1.0, -1.0),
        high=(1.0, 1.0),
        units=("m", "1"),
        control=Control.RELATIVE,
        gripper=gripper,
        rate=10.0,
    )
    return World(ObservationSpec({}, ("x",)), action)


@pytest.mark.parametrize(("gripper", "jaw"), [(Gripper.OPENS_AT_HIGH, -1.0), (Gripper.NONE, 0.0)])
def test_an_arm_that_is_moved_by_changes_holds_by_none_but_keeps_its_gripper(gripper: Gripper, jaw: float) -> None:
    line = Timeline(relative(gripper), 1, Pace(realtime=True, latency=0.1))
    looks = [Observation({}, np.zeros(1), "", 0.0), Observation({}, np.zeros(1), "", 0.2)]
    first = line.leg(Plan(np.array([[0.5, -1.0]])), looks[0], 0.0)
    line.went_on(2, new_stage=False)
    second = line.leg(Plan(np.array([[0.7, 1.0]])), looks[1], 0.0)
    assert (first.tolist(), second.tolist()) == ([[0, 0], [0.5, -1]], [[0, jaw], [0.7, 1]])


def test_a_world_that_does_not_measure_its_actions_cannot_hold_still() -> None:
    world = World(ObservationSpec({}, ("x", "current")), LINE.action)
    with pytest.raises(ActionError, match=r"^the arm is to hold still before its first action \(x, jaw\)"):
        Timeline(world, 4, Pace(realtime=True, latency=1.0)).leg(plan(1), seen(0), 0.0)
