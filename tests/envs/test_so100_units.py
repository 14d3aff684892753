"""The twin speaks LeRobot's units, through the calibration of the arm that it stands for."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armtrial.envs.so100.poses import L_POSE, REST
from armtrial.envs.so100.units import GRIPPER, JOINTS, MODEL_HIGH, MODEL_LOW, UNITS, Calibration, CalibrationError

TICKS = {
    "shoulder_pan": (748, 3410),
    "shoulder_lift": (837, 3341),
    "elbow_flex": (793, 2995),
    "wrist_flex": (910, 3277),
    "wrist_roll": (0, 4095),
    "gripper": (2030, 3520),
}
"""Ranges of a real arm."""
ANGLES = st.tuples(*(st.floats(low, high) for low, high in zip(MODEL_LOW, MODEL_HIGH)))


def entries() -> dict[str, dict[str, Any]]:
    return {
        joint: {"id": number, "drive_mode": 0, "homing_offset": 17, "range_min": low, "range_max": high}
        for number, (joint, (low, high)) in enumerate(TICKS.items(), 1)
    }


def written(folder: Path, content: Mapping[str, Any]) -> Path:
    path = folder / "arm.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def real(tmp_path: Path) -> Calibration:
    return Calibration.from_file(written(tmp_path, entries()))


@given(ANGLES)
def test_units_and_back_is_the_same_angle(angles: tuple[float, ...]) -> None:
    assert Calibration().to_radians(Calibration().to_units(angles)) == pytest.approx(angles, abs=1e-12)


def test_a_real_arms_units_and_back_are_the_same_angle(real: Calibration) -> None:
    assert real.to_radians(real.to_units(REST)) == pytest.approx(REST, abs=1e-12)


def test_zero_is_the_middle_of_every_range_and_shut_jaws() -> None:
    middles = (MODEL_LOW + MODEL_HIGH) / 2
    assert Calibration().to_radians(np.zeros(6)) == pytest.approx([*middles[:5], -0.174])


def test_the_l_pose_reads_about_zero() -> None:
    assert np.abs(Calibration().to_units(L_POSE)[:5]).max() < 5.1


def test_pan_has_the_other_sign_and_only_pan() -> None:
    moved = Calibration().to_units(np.array(L_POSE) + 0.1) - Calibration().to_units(L_POSE)
    assert moved[:5] == pytest.approx(np.degrees([-0.1, 0.1, 0.1, 0.1, 0.1]))
    assert moved[GRIPPER] > 0


def test_the_gripper_goes_from_0_shut_to_100_open() -> None:
    shut, open_ = np.array(L_POSE), np.array(L_POSE)
    shut[GRIPPER], open_[GRIPPER] = -0.174, 1.75
    assert Calibration().to_units(shut)[GRIPPER] == pytest.approx(0)
    assert Calibration().to_units(open_)[GRIPPER] == pytest.approx(100)
    assert Calibration().to_radians([0, 0, 0, 0, 0, 25])[GRIPPER] == pytest.approx(-0.174 + 25 / 100 * 1.924)


def test_bounds_without_a_file_are_the_models_stops() -> None:
    own = Calibration()
    ends = own.to_units([MODEL_LOW, MODEL_HIGH])
    assert np.sort(ends, axis=0) == pytest.approx(np.array([own.low, own.high]))
    assert own.high[:2] == pytest.approx([math.degrees(1.92), math.degrees((3.32 + 0.174) / 2)])


def test_a_whole_plan_is_converted_at_once() -> None:
    plan = np.random.default_rng(0).uniform(MODEL_LOW, MODEL_HIGH, (20, 6))
    rows = [Calibration().to_units(row) for row in plan]
    assert np.array_equal(Calibration().to_units(plan), rows)
    assert Calibration().to_radians(np.array(rows)) == pytest.approx(plan)


def test_a_file_says_how_far_each_joint_may_be_sent(real: Calibration) -> None:
    spans = {joint: (high - low) * 360 / 4095 for joint, (low, high) in TICKS.items()}
    assert real.high[:5] == pytest.approx([spans[joint] / 2 for joint in JOINTS[:5]])
    assert real.low[:5] == pytest.approx(-real.high[:5])
    assert (real.low[GRIPPER], real.high[GRIPPER]) == (0.0, 100.0)


def test_a_file_changes_neither_the_zero_nor_the_size_of_a_degree(real: Calibration) -> None:
    pose = np.array([0.3, -1.2, 0.9, 0.5, -0.4, -0.174])
    assert real.to_units(pose) == pytest.approx(Calibration().to_units(pose))


def test_a_file_says_how_far_the_jaws_move_per_unit(real: Calibration) -> None:
    span = math.radians((3520 - 2030) * 360 / 4095)
    assert real.to_radians([0, 0, 0, 0, 0, 50])[GRIPPER] == pytest.approx(-0.174 + span / 2)


def test_where_the_ticks_of_a_range_lie_does_not_matter(tmp_path: Path, real: Calibration) -> None:
    shifted = entries()
    for key in ("range_min", "range_max"):
        shifted["elbow_flex"][key] += 200
    assert Calibration.from_file(written(tmp_path, shifted)) == real


def test_there_is_a_unit_for_each_joint() -> None:
    assert len(UNITS) == len(JOINTS) == len(Calibration().low)


def without_two(content: dict[str, Any]) -> None:
    del content["elbow_flex"], content["gripper"]


def turned_round(content: dict[str, Any]) -> None:
    content["wrist_flex"] |= {"range_min": 3000, "range_max": 1000}


def empty(content: dict[str, Any]) -> None:
    content["gripper"] |= {"range_min": 2000, "range_max": 2000}


def beyond(content: dict[str, Any]) -> None:
    content["shoulder_pan"]["range_max"] = 4096


def negative(content: dict[str, Any]) -> None:
    content["shoulder_pan"]["range_min"] = -3


def fractional(content: dict[str, Any]) -> None:
    content["shoulder_lift"]["range_min"] = 837.5


def truth(content: dict[str, Any]) -> None:
    content["shoulder_lift"]["range_min"] = True


def halved(content: dict[str, Any]) -> None:
    del content["shoulder_lift"]["range_max"]


def one_tick(content: dict[str, Any]) -> None:
    content["elbow_flex"] |= {"range_min": 2000, "range_max": 2001}


def too_narrow_for_ready(content: dict[str, Any]) -> None:
    content["wrist_roll"] |= {"range_min": 1500, "range_max": 2500}


def mirrored(content: dict[str, Any]) -> None:
    content["gripper"]["drive_mode"] = 1


def no_object(content: dict[str, Any]) -> None:
    content["wrist_roll"] = [0, 4095]


ALL = "shoulder_pan, shoulder_lift, elbow_flex, wrist_flex, wrist_roll, gripper"
TICK = "it is a whole number of ticks from 0 to 4095: calibrate the arm again"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without_two, f" has no elbow_flex, gripper; a calibration has all of {ALL}: calibrate the arm again"),
        (turned_round, ": wrist_flex goes from 3000 to 1000; range_min is below range_max: calibrate the arm again"),
        (empty, ": gripper goes from 2000 to 2000; range_min is below range_max: calibrate the arm again"),
        (beyond, f": shoulder_pan has the range_max 4096; {TICK}"),
        (negative, f": shoulder_pan has the range_min -3; {TICK}"),
        (fractional, f": shoulder_lift has the range_min 837.5; {TICK}"),
        (truth, f": shoulder_lift has the range_min True; {TICK}"),
        (halved, f": shoulder_lift has the range_max None; {TICK}"),
        (
            one_tick,
            ": elbow_flex goes from 2000 to 2001, 0.1 degrees; from stop to stop it is 30 at least: "
            "calibrate the arm again",
        ),
        (
            too_narrow_for_ready,
            ": wrist_roll may go from -44.0 to 44.0, and trials begin at -90.0: that must lie between. "
            "Calibrate the arm again, each joint from stop to stop",
        ),
        (
            mirrored,
            ": gripper has the drive_mode 1; a twin's joint turns as LeRobot's SO-100 does, which has 0: "
            "calibrate the arm again",
        ),
        (no_object, f": wrist_roll has the range_min None; {TICK}"),
    ],
)
def test_an_impossible_calibration_is_refused(
    spoil: Callable[[dict[str, Any]], None], message: str, tmp_path: Path
) -> None:
    content = entries()
    spoil(content)
    path = written(tmp_path, content)
    with pytest.raises(CalibrationError) as caught:
        Calibration.from_file(path)
    assert str(caught.value) == f"{path}{message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shoulder_pan: 3", " is not JSON: "),
        ("", " is not JSON: "),
        ("[1, 2]", f" holds no joints; a calibration is an object with the keys {ALL}"),
    ],
)
def test_a_file_that_holds_no_calibration_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "arm.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CalibrationError) as caught:
        Calibration.from_file(path)
    assert str(caught.value).startswith(f"{path}{message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_file_that_cannot_be_read_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="; give the json file that LeRobot's calibration wrote"):
        Calibration.from_file(tmp_path / name)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "arm.json"
    path.write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(CalibrationError, match="is not JSON"):
        Calibration.from_file(path)
