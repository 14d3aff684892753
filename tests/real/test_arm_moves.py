"""From one pose to another between trials."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from armtrial.envs.so100.poses import READY, REST
from armtrial.envs.so100.units import Calibration
from armtrial.real.arm import So100Arm
from armtrial.real.limits import clearance
from armtrial.real.loop import Stop
from armtrial.real.moves import GENTLE, PEAK, gentle, raised
from armtrial.real.reading import ArmError
from armtrial.tests.real.rehearsal import SHORT

ARM = Calibration()


def test_the_way_is_slow_smooth_and_ends_at_the_goal() -> None:
    start, goal = ARM.to_units(REST), ARM.to_units(READY)
    way = gentle(start, goal, 30.0)
    steps = np.abs(np.diff(np.vstack([start, way]), axis=0))
    assert np.array_equal(way[-1], goal)
    assert steps.max() * 30 == pytest.approx(PEAK * GENTLE, rel=0.02)
    assert steps[0].max() < 0.05 * steps.max()


def test_a_hand_that_is_low_goes_up_first_and_one_that_is_high_does_not() -> None:
    low = ARM.to_units(READY)
    low[1] += 45.0
    assert len(raised(low, ARM)) > 3
    assert raised(ARM.to_units(READY), ARM) == []


@pytest.fixture
def arm() -> Iterator[So100Arm]:
    pytest.importorskip("scservo_sdk")
    made = So100Arm(SHORT.tasks, port="twin", yes=True, lockstep=True, pictures=False, films=False)
    yield made
    made.close()


@pytest.mark.lerobot
def test_a_host_that_stood_still_between_trials_goes_on(arm: So100Arm, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([Stop("host_stalled"), Stop("host_stalled"), None])
    monkeypatch.setattr(arm.ways, "_gone", lambda _: next(answers))
    arm.ways.go_to(READY)
    assert next(answers, "all were asked") == "all were asked"


@pytest.mark.lerobot
def test_a_servo_that_gave_way_between_trials_is_for_a_person_to_look_at(
    arm: So100Arm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arm.ways, "_gone", lambda _: Stop("overload", "elbow_flex"))
    with pytest.raises(ArmError, match=r"stopped on its way: overload:elbow_flex\. Look at it, then go on"):
        arm.ways.go_to(READY)


@pytest.mark.lerobot
def test_a_rest_below_the_floor_is_gone_to_as_far_as_the_floor(arm: So100Arm) -> None:
    """A calibration that is some degrees off may put it there."""
    limits = replace(arm.loop._limits, floor=0.08)
    arm.loop._limits = limits
    arm.ways.go_to(REST)
    assert clearance(arm.loop.last, limits, ARM) >= 0 > clearance(ARM.to_units(REST), limits, ARM)


@pytest.mark.lerobot
def test_a_joint_that_pushes_in_vain_stops_the_way_and_is_named(arm: So100Arm) -> None:
    arm.soft.bus.faults.stalled.add(1)
    with pytest.raises(ArmError, match=r"stopped on its way: stalled_joint:shoulder_pan\."):
        arm.ways.go_to([0.8, *READY[1:]])


@pytest.mark.lerobot
def test_a_joint_that_pushes_in_vain_stops_the_arm_before_its_servo_gives_way_while_another_turns(
    arm: So100Arm,
) -> None:
    arm.ways.go_to(READY)
    begin, loop = arm.loop.last, arm.loop
    arm.soft.bus.faults.stalled.add(2)
    far = np.array([0, -20.0, 0, 0, 0, 0])
    loop.follow(loop.tick, [begin + far + np.eye(6)[4] * 0.5 * turned for turned in range(90)])
    loop.row(loop.tick + 45)
    assert loop.stopped == Stop("stalled_joint", "shoulder_lift")


@pytest.mark.lerobot
def test_a_joint_that_does_not_arrive_is_named(arm: So100Arm) -> None:
    arm.ways.go_to(READY)
    arm.soft.bus.faults.stalled.add(1)
    with pytest.raises(ArmError, match=r"^shoulder_pan is 8 deg from where it was sent; within 6 it has arrived\."):
        arm.ways.go_to([READY[0] + np.radians(8), *READY[1:]])
