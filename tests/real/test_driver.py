"""LeRobot's driver, unmodified, on software servos: it connects, reads and writes, and says what is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest

from armtrial.real import registers as reg
from armtrial.real.calibrations import written
from armtrial.real.reading import ArmError, LineLost
from armtrial.tests.real.lines import RANGES, follower, line, servos

pytestmark = pytest.mark.lerobot


def test_the_arm_goes_where_it_is_sent(tmp_path: Path) -> None:
    with line() as bus:
        arm = follower(bus, tmp_path)
        arm.connect()
        goal = np.array([20.0, -30.0, 10.0, 5.0, -40.0, 60.0])
        for _ in range(20):
            arm.send(goal)
        assert np.abs(arm.read().state - goal).max() < 0.2
        arm.close()


def test_torque_comes_on_where_the_arm_is(tmp_path: Path) -> None:
    """The goals that the servos remember are somewhere else."""
    made = servos()
    for servo in made:
        servo.put(reg.GOAL, 900)
    with line(made, lockstep=False) as bus:
        arm = follower(bus, tmp_path)
        arm.connect()
        assert all(servo.get(reg.TORQUE) for servo in made)
        assert np.abs(arm.read().state[:5]).max() < 1.0
        arm.close()


def test_the_driver_writes_its_gains_and_spares_the_gripper(tmp_path: Path) -> None:
    with line() as bus:
        arm = follower(bus, tmp_path)
        arm.connect()
        assert [servo.memory[21] for servo in bus.servos] == [16] * 6
        assert bus.servos[5].get(reg.MAX_TORQUE) == 500
        assert bus.servos[0].get(reg.LOCK) == 1
        arm.close()


def test_relaxing_switches_the_torque_off_also_of_a_servo_that_reports_an_error(tmp_path: Path) -> None:
    with line() as bus:
        arm = follower(bus, tmp_path)
        arm.connect()
        bus.servos[5].put(reg.STATUS, reg.OVERLOADED)
        arm.relax()
        arm.read()
        assert not any(servo.get(reg.TORQUE) for servo in bus.servos)
        arm.close()


def test_readings_tell_load_heat_voltage_and_alarms(tmp_path: Path) -> None:
    with line() as bus:
        arm = follower(bus, tmp_path)
        arm.connect()
        bus.servos[2].put(reg.TEMPERATURE, 55)
        bus.servos[4].put(reg.STATUS, reg.OVERLOADED)
        for _ in range(4):
            told = arm.read()
        assert told.temperature.tolist() == [31, 31, 55, 31, 31, 31]
        assert told.errors.tolist() == [0, 0, 0, 0, 32, 0]
        assert told.voltage.tolist() == pytest.approx([7.4] * 6)
        arm.close()


@pytest.mark.parametrize("fault", ["dropped", "corrupted"])
def test_two_answers_that_go_wrong_are_asked_for_again(tmp_path: Path, fault: str) -> None:
    with line() as bus:
        arm = follower(bus, tmp_path)
        arm.connect()
        setattr(bus.faults, fault, 2)
        assert np.abs(arm.read().state[:5]).max() < 0.1
        arm.close()


@pytest.mark.parametrize(("lost", "comes"), [(2, True), (3, False)])
def test_an_answer_that_is_lost_while_the_arm_is_set_up_costs_a_second_try_and_a_third(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: int, comes: bool
) -> None:
    with line() as bus:
        arm = follower(bus, tmp_path)
        setup, tries = arm._robot.configure, iter(range(lost))

        def configure() -> None:
            setup()
            if next(tries, None) is not None:
                raise ConnectionError("Failed to write 'Lock'. [TxRxResult] There is no status packet!")

        monkeypatch.setattr(arm._robot, "configure", configure)
        if comes:
            arm.connect()
            assert np.abs(arm.read().state[:5]).max() < 0.1
        else:
            with pytest.raises(ArmError, match=r"no arm answers on .*Lock"):
                arm.connect()
        arm.close()


def test_a_line_on_which_nothing_comes_is_lost(tmp_path: Path) -> None:
    with line() as bus:
        arm = follower(bus, tmp_path)
        arm.connect()
        bus.faults.dropped = 10_000
        with pytest.raises(LineLost, match="Present_Position"):
            arm.read()
        arm.close()


def test_a_cable_that_is_plugged_in_again_is_found(tmp_path: Path) -> None:
    with line() as bus:
        arm = follower(bus, tmp_path)
        arm.connect()
        bus.unplug()
        with pytest.raises(LineLost):
            arm.read()
        assert not arm.reopen()
        bus.plug_in()
        assert arm.reopen()
        assert np.abs(arm.read().state[:5]).max() < 0.1
        arm.close()


def test_servos_that_were_without_power_hold_again_where_the_arm_is(tmp_path: Path) -> None:
    with line(lockstep=False) as bus:
        arm = follower(bus, tmp_path)
        arm.connect()
        bus.unplug()
        for servo in bus.servos[:3]:
            servo.put(reg.TORQUE, 0)
            servo.put(reg.GOAL, 900)
        bus.plug_in()
        assert arm.reopen() or arm.reopen(), "of what was on the line before, an answer may be wrong"
        assert np.abs(arm.read().state[:5]).max() < 1.0
        assert all(servo.get(reg.TORQUE) for servo in bus.servos)
        arm.close()


def test_an_arm_that_holds_itself_never_lets_go_when_it_is_connected_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with line() as bus:
        arm = follower(bus, tmp_path)
        arm.connect()
        arm.close()
        written_since: list[tuple[int, bytes]] = []
        for servo in bus.servos:
            write = servo.write
            monkeypatch.setattr(
                servo, "write", lambda at, said, w=write: (written_since.append((at, said)), w(at, said))
            )
        again = follower(bus, tmp_path)
        again.connect()
        again.send(np.array([5.0, 0, 0, 0, 0, 50]))
        assert {at for at, _ in written_since} == {reg.GOAL.address}
        again.close()


def test_an_arm_that_holds_itself_with_other_settings_is_refused_and_not_let_fall(tmp_path: Path) -> None:
    made = servos()
    for servo in made:
        servo.put(reg.TORQUE, 1)
    with line(made) as bus, pytest.raises(ArmError, match=r"shoulder_pan has P_Coefficient 0, not 16.*Lower it"):
        follower(bus, tmp_path).connect()
    assert all(servo.get(reg.TORQUE) for servo in made)


def test_readings_tell_a_torque_that_went_off(tmp_path: Path) -> None:
    with line() as bus:
        arm = follower(bus, tmp_path)
        arm.connect()
        bus.servos[2].put(reg.TORQUE, 0)
        told = [arm.read() for _ in range(5)][-1]
        assert told.torque.tolist() == [1, 1, 0, 1, 1, 1]
        arm.regain()
        arm.read()
        assert bus.servos[2].get(reg.TORQUE) == 1
        arm.close()


def test_a_second_program_is_kept_off_the_line(tmp_path: Path) -> None:
    with line() as bus:
        arm = follower(bus, tmp_path)
        arm.connect()
        with pytest.raises(ArmError, match=r"another program drives the arm on .*End that one first"):
            follower(bus, tmp_path).connect()
        arm.close()
        follower(bus, tmp_path).connect()


@pytest.mark.parametrize("content", ["{", '{"gripper": {"id": 6}}'])
def test_a_calibration_that_cannot_be_read_is_named_with_the_ways_out(tmp_path: Path, content: str) -> None:
    pytest.importorskip("scservo_sdk")
    from armtrial.real.driver import Follower

    (tmp_path / "arm.json").write_text(content)
    with pytest.raises(ArmError, match=r"calibration of 'arm' in .* cannot be read: .*lerobot-calibrate") as told:
        Follower("/dev/ttyNONE", "arm", {}, tmp_path)
    assert "TextIOWrapper" not in str(told.value)


def test_another_calibration_in_the_servos_is_refused_with_the_joints_and_the_way_out(tmp_path: Path) -> None:
    made = servos()
    made[1].put(reg.HOMING, 500)
    with line(made) as bus, pytest.raises(ArmError, match=r"shoulder_lift: the servos hold another.*lerobot-calibrate"):
        follower(bus, tmp_path).connect()


def test_an_arm_without_a_calibration_is_refused_and_never_asks(tmp_path: Path) -> None:
    with line() as bus, pytest.raises(ArmError, match=r"no calibration at .*lerobot-calibrate --robot.type"):
        follower(bus, tmp_path, name="other").connect()


def test_servos_of_different_firmware_are_refused(tmp_path: Path) -> None:
    made = servos()
    made[3].put(reg.FIRMWARE_MINOR, 9)
    with line(made) as bus, pytest.raises(ArmError, match="different firmware"):
        follower(bus, tmp_path).connect()


def test_a_servo_that_is_missing_is_named(tmp_path: Path) -> None:
    with line(servos()[:6]) as bus:
        bus.servos[2].put(reg.ID, 99)
        with pytest.raises(ArmError, match=r"not all servos answer.*3 \(expected"):
            follower(bus, tmp_path).connect()


def test_a_port_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with line() as bus:
        arm = follower(bus, tmp_path)
    with pytest.raises(ArmError, match=r"there is no port .*Look at its cable; armtrial doctor") as told:
        arm.connect()
    assert "\n" not in str(told.value)


def test_calibrating_by_lerobot_writes_what_it_then_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own procedure, a person's moves played by the plant: middle, both ends, Enter."""
    from lerobot.motors import motors_bus
    from lerobot.robots.so_follower import SO100Follower, SO100FollowerConfig

    from armtrial.real.plants import FirstOrder
    from armtrial.real.servo_bus import ServoBus
    from armtrial.real.servos import Servo

    plant = FirstOrder([2000.0] * 6)
    bus = ServoBus([Servo(number) for number in range(1, 7)], plant, lockstep=True)
    moves = iter([1200.0, 2900.0])

    def moved() -> bool:
        place = next(moves, None)
        if place is not None:
            plant.ticks = np.full(6, place)
            bus.refresh()
        return place is None

    monkeypatch.setattr("builtins.input", lambda _: "")
    monkeypatch.setattr(motors_bus, "enter_pressed", moved)
    robot = SO100Follower(SO100FollowerConfig(port=bus.port, id="new", calibration_dir=tmp_path))
    robot.connect(calibrate=True)
    try:
        assert robot.is_calibrated
        entry = json.loads((tmp_path / "new.json").read_text())["elbow_flex"]
        assert entry["range_max"] - entry["range_min"] == 1700
        assert bus.servos[2].get(reg.HOMING) == entry["homing_offset"] == 2000 - 2047
    finally:
        robot.disconnect()
        bus.close()


def test_a_written_calibration_is_what_lerobot_reads(tmp_path: Path) -> None:
    entry = json.loads(written(RANGES, tmp_path / "x.json").read_text())["gripper"]
    assert entry["id"] == 6
    assert entry["range_min"] < entry["range_max"]


def test_a_camera_that_is_not_there_is_what_is_complained_of(tmp_path: Path) -> None:
    pytest.importorskip("scservo_sdk")
    from armtrial.real.cameras import of_places
    from armtrial.real.driver import Follower

    written(RANGES, tmp_path / "arm.json")
    with line() as bus:
        arm = Follower(
            bus.port, "arm", of_places({"front": str(tmp_path / "none.mp4"), "wrist": ""}, (64, 64)), tmp_path
        )
        with pytest.raises(ArmError, match=r"OpenCVCamera.*none.mp4.*lerobot-find-cameras opencv"):
            arm.connect()
        assert not any(servo.get(reg.TORQUE) for servo in bus.servos), "nothing holds an arm that is not used"
