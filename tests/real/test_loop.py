"""The loop holds, cuts and stops, whoever steps it and whatever the line does."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from armtrial.envs.base import Vector
from armtrial.envs.so100.poses import READY
from armtrial.envs.so100.units import GRIPPER, Calibration
from armtrial.real import loop as loops
from armtrial.real.limits import Limits
from armtrial.real.loop import Loop
from armtrial.real.reading import ArmError, LineLost, Reading
from armtrial.tests.waiting import until

ARM = Calibration()
HERE = ARM.to_units(READY)
LIMITS = Limits(low=ARM.low, high=ARM.high)
FINE = Reading(HERE, np.zeros(6), np.zeros(6) + 30, np.zeros(6) + 7.4, np.zeros(6), np.zeros(6))


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine may well stand still for a while."""
    monkeypatch.setattr(loops, "HOST_GAP", 10.0)


class Perfect:
    """Is at once where it is sent."""

    def __init__(self) -> None:
        self.sent: list[Vector] = []
        self.told = FINE
        self.lost = 0
        """So many exchanges fail."""
        self.regained = 0
        self.there = True
        """Whether the port can be opened again."""

    def read(self) -> Reading:
        return replace(self.told, state=self.sent[-1] if self.sent else HERE)

    def send(self, goal: Vector) -> None:
        if self.lost:
            self.lost -= 1
            raise LineLost("no status packet")
        self.sent.append(goal)

    def reopen(self) -> bool:
        return self.there

    def regain(self) -> None:
        self.regained += 1


def stepped(body: Perfect) -> Loop:
    return Loop(body, LIMITS, ARM, 30.0, paced=False)


def by_the_clock(body: Perfect, rate: float = 200.0, stall: float = 10.0) -> Loop:
    return Loop(body, LIMITS, ARM, rate, paced=True, stall_seconds=stall)


def off(joint: int, by: float) -> Vector:
    goal = HERE.copy()
    goal[joint] += by
    return goal


def test_a_goal_is_sent_in_its_tick_and_then_held() -> None:
    body = Perfect()
    arm = stepped(body)
    arm.follow(1, [off(0, 2.0)])
    assert [arm.row(tick).goal[0] for tick in range(4)] == [HERE[0], HERE[0] + 2, HERE[0] + 2, HERE[0] + 2]


def test_a_cut_goal_is_what_the_row_tells() -> None:
    arm = stepped(Perfect())
    arm.follow(0, [off(0, 90.0)])
    assert arm.row(0).cut == ("speed", "lead") or arm.row(0).cut == ("speed",)
    assert arm.row(0).goal[0] == pytest.approx(HERE[0] + 5.0)


def test_a_stop_holds_the_arm_and_drops_what_was_to_come() -> None:
    body = Perfect()
    arm = stepped(body)
    arm.follow(0, np.linspace(HERE, off(0, 30.0), 30, dtype=np.float64))
    arm.row(9)
    arm.stop("operator")
    there = body.sent[-1]
    arm.row(19)
    assert np.abs(np.array(body.sent[10:]) - there).max() < 1e-9


def test_the_jaws_stay_as_they_were_told_so_that_nothing_falls() -> None:
    body = Perfect()
    arm = stepped(body)
    body.read = lambda: replace(FINE, state=off(GRIPPER, 5.0))  # type: ignore[method-assign] -- an object is in between
    arm.follow(0, [off(GRIPPER, -4.0)])
    arm.row(0)
    arm.stop("operator")
    assert arm.row(1).goal[GRIPPER] == pytest.approx(HERE[GRIPPER] - 4.0)


def test_an_alarm_of_a_servo_stops_the_arm_and_names_the_joint() -> None:
    body = Perfect()
    arm = stepped(body)
    body.told = replace(FINE, errors=np.array([0, 0, 32, 0, 0, 0]))
    arm.row(10)
    assert arm.stopped == loops.Stop("overload", "elbow_flex")


def test_the_first_reason_stays() -> None:
    arm = stepped(Perfect())
    arm.stop("operator")
    arm.stop("overload", "gripper")
    assert arm.stopped == loops.Stop("operator")


def test_by_the_clock_it_goes_on_while_nobody_steps() -> None:
    arm = by_the_clock(Perfect())
    first = arm.tick + 100
    arm.follow(first, np.linspace(HERE, off(0, 5.0), 20, dtype=np.float64))
    until(lambda: arm.tick > first + 20)
    assert arm.row(first - 1).goal[0] == HERE[0]
    assert arm.row(first + 20).goal[0] == pytest.approx(HERE[0] + 5.0)
    arm.close()


def test_a_policy_that_says_nothing_for_too_long_stops_the_trial() -> None:
    arm = by_the_clock(Perfect(), stall=0.05)
    arm.row(arm.tick + 20)
    assert arm.stopped is None, "nobody has to say anything between trials"
    arm.attended = True
    arm.row(arm.tick + 20)
    assert arm.stopped == loops.Stop("policy_stalled")
    arm.close()


def test_a_line_that_comes_back_stops_the_trial_and_not_the_run() -> None:
    body = Perfect()
    arm = by_the_clock(body)
    body.lost = 1
    arm.row(arm.tick + 20)
    assert arm.stopped == loops.Stop("line_lost")
    arm.check()
    arm.close()


def test_a_line_that_stays_away_is_raised_where_it_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "RECONNECT_SECONDS", 0.2)
    body = Perfect()
    arm = by_the_clock(body)
    body.lost, body.there = 10_000, False
    with pytest.raises(LineLost, match="no status packet"):
        arm.row(arm.tick + 20)
    with pytest.raises(LineLost):
        arm.check()
    arm.close()


@pytest.mark.parametrize("error", [KeyError("Present_Load"), SystemExit(1)])
def test_whatever_breaks_the_loop_is_raised_where_it_is_waited_for_and_the_arm_is_held(error: BaseException) -> None:
    body = Perfect()
    arm = by_the_clock(body)
    arm.follow(arm.tick + 1, np.linspace(HERE, off(0, 60.0), 60, dtype=np.float64))
    arm.row(arm.tick + 5)

    def broken() -> Reading:
        raise error

    body.read = broken  # type: ignore[method-assign]
    with pytest.raises(ArmError, match=rf"the loop .* broke, and the arm holds: {type(error).__name__}"):
        arm.row(arm.tick + 60)
    assert arm.stopped == loops.Stop("loop_broken")
    assert np.array_equal(body.sent[-1], arm.reading.state)
    with pytest.raises(ArmError):
        arm.check()
    arm.close()


def test_whoever_waits_for_a_tick_of_a_loop_that_is_closed_is_told() -> None:
    arm = by_the_clock(Perfect())
    threading.Timer(0.1, arm.close).start()
    with pytest.raises(ArmError, match="closed while a tick was waited for"):
        arm.row(arm.tick + 3000)


def test_a_torque_that_went_off_stops_the_trial_and_is_switched_on() -> None:
    body = Perfect()
    arm = stepped(body)
    body.told = replace(FINE, torque=np.array([1, 1, 0, 1, 1, 1]))
    arm.row(7)
    assert arm.stopped == loops.Stop("torque_lost", "elbow_flex")
    assert body.regained == 1


def test_a_torque_that_a_servo_switched_off_to_protect_itself_stays_off() -> None:
    body = Perfect()
    arm = stepped(body)
    body.told = replace(FINE, torque=np.zeros(6), errors=np.array([0, 0, 4, 0, 0, 0]))
    arm.row(30)
    assert arm.stopped is not None
    assert (arm.stopped.reason, body.regained) == ("temperature", 0)


def test_a_host_that_stood_still_stops_the_arm_rather_than_catching_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "HOST_GAP", 0.5)
    body = Perfect()
    arm = by_the_clock(body)

    def slow() -> Reading:
        time.sleep(loops.HOST_GAP + 0.1)
        return FINE

    body.read = slow  # type: ignore[method-assign]
    arm.row(arm.tick + 2)
    assert arm.stopped == loops.Stop("host_stalled")
    arm.close()


def test_what_is_between_trials_is_forgotten() -> None:
    arm = stepped(Perfect())
    arm.row(5 * loops.KEPT)
    assert len(arm.rows) <= 2 * loops.KEPT + 1
    assert arm.tick == 5 * loops.KEPT + 1
    arm.forget()
    assert (arm.rows, arm.begins) == ([], 5 * loops.KEPT + 1)
