"""No goal leaves the limits, and what strains the arm stops it."""

from dataclasses import replace

import numpy as np
import pytest

from armtrial.envs.so100.poses import READY
from armtrial.envs.so100.units import GRIPPER, Calibration
from armtrial.real.limits import Limits, Strain, allowed, clearance, strained, trouble, whose

ARM = Calibration()
LIMITS = Limits(low=ARM.low, high=ARM.high)
HERE = ARM.to_units(READY)
TICK = 1 / 30
QUIET = np.zeros(6)


def after(wanted: np.ndarray, last: np.ndarray = HERE, load: float = 0.0, seconds: float = TICK):
    return allowed(wanted, last, last, load, LIMITS, ARM, seconds)


def moved(joint: int, by: float, start: np.ndarray = HERE) -> np.ndarray:
    goal = start.copy()
    goal[joint] += by
    return goal


def test_a_small_move_is_sent_as_it_is() -> None:
    done = after(moved(0, 2.0))
    assert done.cut == ()
    assert np.array_equal(done.goal, moved(0, 2.0))


def test_a_leap_is_cut_to_the_speed() -> None:
    done = after(moved(0, 40.0))
    assert done.cut == ("speed",)
    assert done.goal[0] == pytest.approx(HERE[0] + 150 * TICK)


def test_a_goal_beyond_the_stops_is_cut_to_them() -> None:
    done = after(moved(0, 400.0), seconds=10.0)
    assert "range" in done.cut
    assert done.goal[0] <= ARM.high[0]


def test_a_goal_stays_near_where_the_joint_is() -> None:
    state, last = HERE, moved(0, 34.0)
    done = allowed(moved(0, 38.0), last, state, 0.0, LIMITS, ARM, TICK)
    assert done.cut == ("lead",)
    assert done.goal[0] == HERE[0] + LIMITS.lead[0]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_leaves_the_joint_where_it_was_sent(value: float) -> None:
    wanted = moved(1, 2.0)
    wanted[3] = value
    done = after(wanted)
    assert np.array_equal(done.goal, moved(1, 2.0))
    assert done.cut == ("range",)


LOW = moved(1, 48.0)
"""The upper arm leans forward, the hand is just above the table."""
UNDER = moved(1, 30.0, LOW)


def test_the_hand_stops_at_the_floor() -> None:
    assert clearance(LOW, LIMITS, ARM) > 0 > clearance(UNDER, LIMITS, ARM)
    done = after(UNDER, LOW, seconds=10.0)
    assert done.cut == ("floor",)
    assert 0 <= clearance(done.goal, LIMITS, ARM) < 0.002


def test_from_below_the_floor_the_way_up_is_free() -> None:
    assert after(moved(1, -2.0, UNDER), UNDER).cut == ()
    assert after(moved(1, 2.0, UNDER), UNDER).cut == ("floor",)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_wanted_nothing_leaves_the_limits(seed: int) -> None:
    stream, last = np.random.default_rng(seed), HERE
    for _ in range(100):
        state = last + stream.uniform(-1, 1, 6) * LIMITS.lead
        done = allowed(stream.uniform(-400, 400, 6), last, state, 0.0, LIMITS, ARM, TICK).goal
        assert (np.abs(done - state) <= LIMITS.lead + 1e-6).all()
        assert (np.abs(done - last) <= LIMITS.speed * TICK + 1e-6).all()
        assert (done >= ARM.low - 1e-9).all()
        assert (done <= ARM.high + 1e-9).all()
        assert clearance(done, LIMITS, ARM) > -1e-6
        last = done


def test_a_strong_squeeze_does_not_grow_and_may_end() -> None:
    assert after(moved(GRIPPER, -3.0), load=-700.0).cut == ("grip",)
    assert after(moved(GRIPPER, 3.0), load=-700.0).cut == ()
    assert after(moved(GRIPPER, -3.0), load=-300.0).cut == ()


def lasted(ticks: int, **seen: np.ndarray) -> Strain:
    fine = {"goal": HERE, "state": HERE, "load": QUIET, "temperature": QUIET + 30, "voltage": QUIET + 7.4}
    fine |= {"errors": QUIET, "torque": QUIET + 1}
    strain = Strain()
    for _ in range(ticks):
        strain = strained(strain, limits=LIMITS, **(fine | seen))
    return strain


def why(strain: Strain, errors: np.ndarray = QUIET) -> str:
    return trouble(strain, errors, LIMITS, 30.0)


def test_all_is_well_where_nothing_is_reported() -> None:
    assert why(lasted(100)) == ""


def test_heat_stops_the_arm_when_it_is_reported_twice() -> None:
    hot = QUIET + 30
    hot[3] = 60.0
    assert why(lasted(7, temperature=hot)) == ""
    assert why(lasted(8, temperature=hot)) == "temperature"
    assert whose("temperature", Strain(), QUIET, hot, QUIET + 1) == "wrist_flex"


@pytest.mark.parametrize("volts", [4.9, 14.0])
def test_a_supply_that_is_off_stops_the_arm(volts: float) -> None:
    assert why(lasted(8, voltage=QUIET + volts)) == "voltage"


def test_a_joint_that_pushes_in_vain_for_a_second_stops_the_arm() -> None:
    pushing = {"goal": moved(2, 20.0), "load": np.array([0, 0, 800.0, 0, 0, 0])}
    assert why(lasted(29, **pushing)) == ""
    assert why(lasted(30, **pushing)) == "stalled_joint"


def test_a_gripper_may_push_as_long_as_it_holds() -> None:
    assert why(lasted(300, goal=moved(GRIPPER, -20.0), load=np.array([0, 0, 0, 0, 0, -900.0]))) == ""


def pushed(ticks: int, load: dict[int, float], speed: dict[int, float], strain: Strain | None = None) -> Strain:
    """Joints that push, each 20 deg from its goal, while some turn, in degrees a second."""
    weight, turn, far = np.zeros(6), np.zeros(6), np.zeros(6)
    for joint, much in load.items():
        weight[joint], far[joint] = much, 20.0
    for joint, fast in speed.items():
        turn[joint] = fast * TICK
    strain = strain or Strain()
    for tick in range(ticks):
        state = HERE + tick * turn
        fine = (QUIET + 30, QUIET + 7.4, QUIET, QUIET + 1)
        strain = strained(strain, state + far, state, weight, *fine, LIMITS)
    return strain


def test_a_joint_that_moves_is_not_stalled() -> None:
    assert why(pushed(300, {2: 800.0}, {2: 15.0})) == ""


@pytest.mark.parametrize("other", range(2, 6))
def test_no_other_joint_that_turns_hides_one_that_pushes_in_vain(other: int) -> None:
    assert why(pushed(29, {1: 900.0}, {other: 15.0})) == ""
    assert why(pushed(30, {1: 900.0}, {other: 15.0})) == "stalled_joint"


def test_the_joint_that_is_stalled_is_named_and_not_one_that_pushes_harder_and_moves() -> None:
    strain = pushed(30, {1: 700.0, 2: -950.0}, {2: 15.0})
    assert whose(why(strain), strain, QUIET, QUIET, QUIET + 1) == "shoulder_lift"


@pytest.mark.parametrize("speed", [1.2, -1.2])
def test_a_loaded_joint_that_creeps_on_is_not_stalled_though_all_others_rest(speed: float) -> None:
    assert why(pushed(300, {1: 900.0}, {1: speed})) == ""


def test_joints_that_push_by_turns_are_not_added_up() -> None:
    assert why(pushed(20, {2: 900.0}, {}, pushed(20, {1: 900.0}, {}))) == ""


@pytest.mark.parametrize(
    ("bits", "reason"), [(32, "overload"), (4, "temperature"), (1, "voltage"), (36, "temperature")]
)
def test_a_servos_own_alarm_stops_the_arm_when_it_is_read_twice(bits: int, reason: str) -> None:
    errors = QUIET.copy()
    errors[1] = bits
    assert why(lasted(7, errors=errors), errors) == ""
    assert why(lasted(8, errors=errors), errors) == reason
    assert whose("overload", Strain(), errors, QUIET, QUIET + 1) == "shoulder_lift"


def test_a_torque_that_went_off_stops_the_arm_when_it_is_read_twice() -> None:
    torque = QUIET + 1
    torque[4] = 0
    assert why(lasted(7, torque=torque)) == ""
    assert why(lasted(8, torque=torque)) == "torque_lost"
    assert whose("torque_lost", Strain(), QUIET, QUIET, torque) == "wrist_roll"


def test_limits_can_be_narrowed() -> None:
    narrow = replace(LIMITS, floor=0.05)
    assert clearance(HERE, narrow, ARM) < clearance(HERE, LIMITS, ARM)
