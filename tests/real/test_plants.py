"""What is behind software servos that belong to no twin."""

from armtrial.real import registers as reg
from armtrial.real.loose_servos import loose
from armtrial.real.plants import ByHand, FirstOrder
from armtrial.tests.waiting import until


def test_a_joint_goes_half_of_its_way_in_each_period_and_a_limp_one_stays() -> None:
    plant = FirstOrder([1000.0, 1000.0])
    plant.advance([1100, None])
    assert plant.ticks.tolist() == [1050.0, 1000.0]
    assert plant.loads[0] > 0 == plant.loads[1]


def test_limp_joints_are_moved_by_hand_to_both_sides_and_driven_ones_are_not() -> None:
    plant = ByHand([2000.0, 2000.0], swing=300.0, seconds=1.0)
    seen: list[float] = []
    for _ in range(30):
        plant.advance([None, 2000])
        seen.append(float(plant.ticks[0]))
        assert plant.ticks[1] == 2000.0
    assert 1700 <= min(seen) < 1710
    assert 2290 < max(seen) <= 2300


def test_loose_servos_are_uncalibrated_and_on_a_port() -> None:
    bus = loose()
    try:
        before = [servo.get(reg.POSITION) for servo in bus.servos]
        until(lambda: before != [servo.get(reg.POSITION) for servo in bus.servos])
        assert {servo.get(reg.HOMING) for servo in bus.servos} == {0}
        assert bus.port.endswith("/port")
    finally:
        bus.close()
