"""`armtrial fit-twin`: a twin with other servos is logged, and they are found again; and what no log can be."""

import json
import math
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from armtrial.envs.base import Vector
from armtrial.envs.so100.actuator_file import read as read_actuators
from armtrial.envs.so100.actuator_file import written
from armtrial.envs.so100.actuators import ACTUATORS, BAM_P16, BAM_P32, MENAGERIE, NVIDIA, Actuators
from armtrial.envs.so100.env import So100Env
from armtrial.envs.so100.units import GRIPPER, JOINTS, Calibration
from armtrial.evaluators import arm_alone, evaluate, servo_fit
from armtrial.evaluators.arm_logs import HEADER, LogError, Piece, read
from armtrial.evaluators.errors import FolderError, UserError
from armtrial.evaluators.fit_twin import run
from armtrial.evaluators.servo_fit import decoded, encoded, fit, physical, rms
from armtrial.tasks.tabletop import SINGLE

SWINGS = (40.0, 15.0, 20.0, 40.0, 60.0, 40.0)
"""Degrees, and percent of the gripper, that keep the arm off the table."""
ENCODER = 360 / 4096
"""Degrees a servo can tell apart."""


def motion(seconds: float, around: Vector, moving: Sequence[str] = JOINTS, steps: bool = True) -> Vector:
    """Waves of 0.1 to 0.8 Hz, and jumps now and then."""
    rng, times = np.random.default_rng(1), np.arange(0, seconds, 1 / 30)
    goals = np.tile(around, (len(times), 1))
    for joint in (JOINTS.index(name) for name in moving):
        for frequency in rng.uniform(0.1, 0.8, 3):
            goals[:, joint] += SWINGS[joint] / 3 * np.sin(2 * np.pi * frequency * times) * np.minimum(1, times)
        jumps = np.repeat(rng.uniform(-0.5, 0.5, len(times) // 40 + 1), 40)[: len(times)]
        goals[:, joint] += SWINGS[joint] * jumps * steps
    return goals


def logged(env: So100Env, seconds: float, moving: Sequence[str] = JOINTS, steps: bool = True) -> Piece:
    """What a twin does."""
    env.reset(SINGLE.trials(1)[0])
    states = [env.observe({}).state]
    goals = motion(seconds, states[0], moving, steps).clip(env.action_spec.low, env.action_spec.high)
    states += [env.step(goal).state for goal in goals]
    return Piece(np.arange(len(goals)) / 30, goals, np.array(states[:-1]))


def csv(path: Path, piece: Piece, every: Callable[[Vector], Vector] = lambda values: values) -> Path:
    table = np.column_stack([piece.times, piece.goals, every(piece.states)])
    np.savetxt(path, table, fmt="%.4f", delimiter=",", header=",".join(HEADER), comments="")
    return path


def resting(seconds: float = 12.0, rate: float = 30.0) -> Piece:
    """A log that is cheap to make: sines, followed exactly."""
    times = np.arange(0, seconds, 1 / rate, dtype=np.float64)
    states = np.outer(np.sin(times), SWINGS).astype(np.float64)
    return Piece(times, states, states.copy())


def stretches(piece: Piece) -> list[arm_alone.Stretch]:
    return arm_alone.stretches([piece], Calibration())


def total(actuators: Actuators) -> Vector:
    return np.add(actuators.kv, actuators.damping)


def test_what_is_fitted_and_the_servos_are_one_and_the_same() -> None:
    for actuators in (NVIDIA, MENAGERIE, BAM_P16):
        assert physical(decoded(encoded(actuators), actuators)) == pytest.approx(physical(actuators))


def test_the_arm_alone_moves_as_the_twin_does() -> None:
    piece = logged(So100Env(SINGLE.tasks, actuators="bam-p32", delay=2), 4.0)
    again = replace(BAM_P32, delay=2)
    assert (rms(stretches(piece), again) < 0.02).all()
    assert (rms(stretches(piece), replace(again, delay=1)) > 0.2).all()


def test_two_joints_of_another_twin_are_found_again_and_the_still_ones_stay() -> None:
    moving = ("elbow_flex", "wrist_roll")
    piece = logged(So100Env(SINGLE.tasks, actuators="menagerie", delay=2), 10.0, moving)
    first, last = arm_alone.parted([piece], 0.2)
    found = fit(arm_alone.stretches(first, Calibration()), NVIDIA, lambda text: None, delays=(1, 2))
    numbers = [JOINTS.index(name) for name in moving]
    assert (found.actuators.delay, np.flatnonzero(found.moved).tolist()) == (2, numbers)
    assert np.array(found.actuators.kp)[numbers] == pytest.approx(np.array(MENAGERIE.kp)[numbers], rel=0.15)
    assert total(found.actuators)[numbers] == pytest.approx(total(MENAGERIE)[numbers], rel=0.15)
    assert found.actuators.kp[0] == pytest.approx(NVIDIA.kp[0])
    assert not found.told[0].any()
    held = arm_alone.stretches(last, Calibration())
    assert rms(held, NVIDIA)[numbers].min() > 0.5
    assert rms(held, found.actuators)[numbers].max() < 0.2


@pytest.mark.slow
@pytest.mark.parametrize(("name", "delay", "steps"), [("menagerie", 2, True), ("bam-p16", 0, False)])
def test_a_whole_arm_is_found_again_from_a_log_as_coarse_as_its_encoders(
    name: str, delay: int, steps: bool, tmp_path: Path
) -> None:
    true = ACTUATORS[name]
    piece = logged(So100Env(SINGLE.tasks, actuators=name, delay=delay), 24.0, steps=steps)
    log = csv(tmp_path / "log.csv", piece, lambda states: ENCODER * np.round(states / ENCODER))
    (tmp_path / "start.json").write_bytes(written(replace(NVIDIA, force=true.force), {}))
    assert run([str(log), "--out", str(tmp_path / "mine.json"), "--start", str(tmp_path / "start.json")]) == 0
    found, said = read_actuators(tmp_path / "mine.json"), json.loads((tmp_path / "mine.json").read_text())["fit"]
    told, half = (table(said[key]) for key in ("determined", "half_of_95_percent"))
    sure = told[:, 0] == 1
    assert found.delay == delay
    assert max(said["rms_degrees_after"].values()) < 0.2 < min(said["rms_degrees_before"].values())
    assert sure[[JOINTS.index("shoulder_lift"), JOINTS.index("elbow_flex")]].all()
    assert np.array(found.kp)[sure] == pytest.approx(np.array(true.kp)[sure], rel=0.15)
    assert total(found)[sure] == pytest.approx(total(true)[sure], rel=0.15)
    assert (np.abs(physical(found) - physical(true)) <= half)[told == 1].mean() > 0.9


def table(by_value: dict[str, dict[str, float]]) -> Vector:
    """(6, 5), as a file of actuators has it."""
    return np.array([list(by_value[value].values()) for value in servo_fit.VALUES], dtype=np.float64).T


@pytest.mark.slow
def test_a_run_of_the_expert_tells_the_servos_though_its_jaws_held_things(tmp_path: Path) -> None:
    played = {"task": ("block",), "episodes": 2, "workers": 1, "video": "none"}
    evaluate("expert", "single", **played, env_arg=("actuators=bam-p32", "delay=2"), out=tmp_path / "run")
    assert run([str(tmp_path / "run"), "--out", str(tmp_path / "mine.json"), "--quiet"]) == 0
    errors = json.loads((tmp_path / "mine.json").read_text())["fit"]["rms_degrees_after"]
    assert read_actuators(tmp_path / "mine.json").delay == 2
    assert max(error for error in errors.values() if error is not None) < 0.2


def test_a_log_in_which_nothing_moves_is_refused() -> None:
    piece = resting()
    piece.states[:] = 10.0
    with pytest.raises(UserError, match="no joint of the log moves by more than 2 degrees; log one that does"):
        fit(stretches(piece), NVIDIA, lambda text: None)


def test_servos_with_which_the_arm_runs_away_are_far_off_and_leave_no_log_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wild = replace(NVIDIA, kp=(5e5,) * 6, force=(1e9,) * 6, kv=(0.0,) * 6, damping=(0.0,) * 6)
    assert rms(stretches(resting()), wild).max() > 90
    assert list(tmp_path.iterdir()) == []


def test_what_the_jaws_hold_is_not_compared() -> None:
    piece = resting()
    piece.states[:, GRIPPER], piece.goals[:, GRIPPER] = 40.0, 40.0
    piece.goals[100:200, GRIPPER] = 10.0
    counts, start = np.concatenate([stretch.counts for stretch in stretches(piece)]), arm_alone.LEAD + 1
    assert not counts[100 - start : 200 - start, GRIPPER].any()
    assert not counts[[100 - start, 200 - start]].any()
    for ticks in (slice(20, 70), slice(230, 290)):
        assert counts[ticks].all()
    assert counts[120:140, :GRIPPER].all()


def test_commands_are_held_until_the_next_and_come_as_late_as_the_delay_says() -> None:
    piece = resting()
    stretch = stretches(piece)[0]
    goals = Calibration().to_radians(piece.goals)
    for delay in (0, 2):
        ticks = stretch.commands(delay, 4)[:-1].reshape(-1, 4, 6)
        assert np.ptp(ticks, axis=1).max() == 0
        assert ticks[:20, 0] == pytest.approx(goals[arm_alone.LEAD - delay :][:20])


@pytest.mark.parametrize("rate", [20.0, 50.0, 100.0])
def test_a_log_of_another_rate_is_read_at_the_twins_ticks(rate: float) -> None:
    measured, usual = stretches(resting(rate=rate))[0].measured, stretches(resting())[0].measured
    assert np.degrees(measured - usual) == pytest.approx(0, abs=0.05)


def test_the_last_fifth_is_held_out_across_pieces() -> None:
    pieces = [resting(10.0), resting(10.0)]
    first, last = arm_alone.parted(pieces, 0.2)
    assert [round(piece.seconds) for piece in first] == [10, 6]
    assert [round(piece.seconds) for piece in last] == [4]
    assert first[1].times[-1] < last[0].times[0]


def test_a_csv_is_read_whatever_else_it_has_and_a_gap_begins_a_new_piece(tmp_path: Path) -> None:
    piece = resting()
    piece.times[200:] += 3.0
    rows = csv(tmp_path / "x.csv", piece).read_text().splitlines()
    (tmp_path / "x.csv").write_text("\n".join(f"a,{row}" for row in rows) + "\n")
    log = read(tmp_path / "x.csv")
    assert [len(part.times) for part in log.pieces] == [200, 160]
    assert np.concatenate([part.goals for part in log.pieces]) == pytest.approx(piece.goals, abs=1e-4)
    assert str(log).endswith("x.csv: 11.9 s in 2 pieces; 30.0 rows a second, 33 to 33 ms apart")


def changed(piece: Piece, **columns: object) -> Piece:
    return replace(piece, **columns)  # type: ignore[arg-type]


def with_nan() -> Piece:
    piece = changed(resting(), goals=resting().goals.copy())
    piece.goals[7, 2] = math.nan
    return piece


@pytest.mark.parametrize(
    ("piece", "message"),
    [
        (resting(0.0), "is empty: nothing was logged; a log is the folder of a run"),
        (resting(4.0), "has 120 rows over 4.0 s, of which 4.0 s are in stretches of 2 s and more without a gap"),
        (resting(rate=8.0), "has 8.0 rows a second; at least 15 tell how the servos move"),
        (changed(resting(), times=np.arange(360) * 33.3), "has 0.0 rows a second"),
        (changed(resting(), times=np.arange(360) / 30 % 5), "time goes from 4.9667 to 0 s at row 151; it is to rise"),
        (changed(resting(), states=resting().states / 57.3, goals=resting().goals / 57.3), "1.05: radians, or nothing"),
        (with_nan(), "elbow_flex.goal is nan in row 8; a log has finite numbers alone"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_a_log_that_tells_nothing_is_refused_with_the_figure(piece: Piece, message: str, tmp_path: Path) -> None:
    with pytest.raises(LogError, match=re.escape(message)):
        read(csv(tmp_path / "x.csv", piece))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x.csv is empty; a log is"),
        ("a,b\n1,2\n", "has no column time, shoulder_pan.goal, shoulder_lift.goal, elbow_flex.goal and 9 more"),
        (",".join(HEADER[1:]) + "\n", "has no column time; its first line is time,shoulder_pan.goal"),
        (",".join(HEADER) + "\n0.0,1,2,x\n", "row 2 is not 13 numbers: 0.0,1,2,x; mend it"),
        ("\udcff\n", "x.csv cannot be read: it is no CSV"),
    ],
)
def test_a_file_that_is_no_log_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(LogError, match=re.escape(message)):
        read(tmp_path / "x.csv")


def test_a_place_without_a_log_is_told_apart_from_none(tmp_path: Path) -> None:
    with pytest.raises(
        LogError, match=r"is a folder without run.json and meta/info.json; a log is the folder of a run"
    ):
        read(tmp_path)
    with pytest.raises(LogError, match="nowhere is not there"):
        read(tmp_path / "nowhere")


def test_a_run_of_another_world_is_no_arms(tmp_path: Path) -> None:
    evaluate("toy", "toy", episodes=1, workers=0, out=tmp_path)
    with pytest.raises(LogError, match="was played in the world 'line', which is no SO-100"):
        read(tmp_path)


def test_the_steps_of_a_run_are_a_log_and_bring_their_calibration(tmp_path: Path) -> None:
    ranges = {joint: {"range_min": 500, "range_max": 3500} for joint in JOINTS}
    (tmp_path / "arm.json").write_text(json.dumps(ranges))
    own = (f"calibration={tmp_path / 'arm.json'}",)
    played = {"task": ("block",), "episodes": 1, "workers": 1, "video": "none", "env_arg": own}
    run = evaluate("hold", "single", out=tmp_path / "run", **played)
    log = read(tmp_path / "run")
    steps = np.load(tmp_path / "run" / "steps" / f"{run.records[0].id}.npz")
    assert log.calibration == str(tmp_path / "arm.json")
    assert np.array_equal(log.pieces[0].goals, steps["action"])
    assert np.array_equal(log.pieces[0].states, steps["state"][:-1])


def dataset(root: Path, pieces: Sequence[Piece], names: Sequence[str]) -> Path:
    """As LeRobot writes it, as far as it is read."""
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    (root / "meta").mkdir()
    (root / "data" / "chunk-000").mkdir(parents=True)
    features = {key: {"names": [f"{name}.pos" for name in names]} for key in ("action", "observation.state")}
    (root / "meta" / "info.json").write_text(json.dumps({"features": features}))
    order = [JOINTS.index(name) if name in JOINTS else 0 for name in names]
    for number, piece in enumerate(pieces):
        columns = {
            "timestamp": piece.times,
            "action": piece.goals[:, order].tolist(),
            "observation.state": piece.states[:, order].tolist(),
            "episode_index": np.full(len(piece.times), number),
            "frame_index": np.arange(len(piece.times)),
        }
        parquet.write_table(arrow.table(columns), root / "data" / "chunk-000" / f"file-{number:03d}.parquet")
    return root


def test_the_episodes_of_a_dataset_are_pieces_in_our_order_of_joints(tmp_path: Path) -> None:
    pieces = [resting(), resting(5.0)]
    pieces[0].goals[:, 0] = 7.0
    log = read(dataset(tmp_path, pieces, JOINTS[::-1]))
    assert [len(piece.times) for piece in log.pieces] == [360, 150]
    assert np.array_equal(log.pieces[0].goals, pieces[0].goals)


def test_a_dataset_of_another_robot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"'action' has no gripper; it has shoulder_pan, .*, jaw. A dataset of an SO"):
        read(dataset(tmp_path, [resting()], (*JOINTS[:-1], "jaw")))


def test_a_dataset_without_pyarrow_says_what_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = dataset(tmp_path, [resting()], JOINTS)
    monkeypatch.delitem(sys.modules, "armtrial.evaluators.lerobot_reader", raising=False)
    monkeypatch.delattr("armtrial.evaluators.lerobot_reader", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(LogError, match=r"needs pyarrow to be read .*python -m pip install .*\[lerobot\]'"):
        read(root)


def test_a_missing_toolbox_says_what_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("arm_alone", "servo_fit", "fit_report"):
        monkeypatch.delitem(sys.modules, f"armtrial.evaluators.{name}", raising=False)
        monkeypatch.delattr(f"armtrial.evaluators.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "mujoco.sysid", None)
    with pytest.raises(UserError, match=r"not whole here .*python -m pip install .*\[fit\]'"):
        run([str(csv(tmp_path / "x.csv", resting())), "--out", str(tmp_path / "mine.json"), "--quiet"])


def test_an_interrupted_fit_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(servo_fit, "fit", stopped)
    log = csv(tmp_path / "x.csv", resting())
    with pytest.raises(KeyboardInterrupt):
        run([str(log), "--out", str(tmp_path / "new" / "mine.json"), "--quiet"])
    assert list(tmp_path.iterdir()) == [log]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--start", "nvidea"), "--start nvidea: no set of actuators is called 'nvidea'. There are: nvidia, menagerie"),
        (("--calibration", "no.json"), "--calibration no.json: no.json cannot be read: No such file"),
        (("--out", "."), "--out . is a folder; give the name of a file in it"),
        (("--ot", "x"), "--ot is not understood. Did you mean --out?"),
    ],
)
def test_what_a_user_can_mend_is_said(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        run([str(csv(tmp_path / "x.csv", resting())), "--quiet", *words])


def told(tmp_path: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **fit: object) -> str:
    """What is printed for a fit that leaves nothing open, but for what is given."""
    zeros = np.zeros((6, 5))
    usual = {"half": zeros, "ratio": zeros[:, 0], "moved": np.ones(6, dtype=bool), "by_delay": {0: 0.5, 1: 0.1, 2: 0.3}}
    found = servo_fit.Fit(actuators=NVIDIA, **(usual | fit))  # type: ignore[arg-type]
    patch.setattr(servo_fit, "fit", lambda *_: found)
    run([str(csv(tmp_path / "x.csv", resting())), "--out", str(tmp_path / "mine.json"), "--quiet"])
    return capsys.readouterr().out


def test_a_fit_that_leaves_nothing_open_has_no_remark_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = told(tmp_path, monkeypatch, capsys)
    assert "delay: 1 ticks (RMS in degrees with 0: 0.50, 1: 0.10, 2: 0.30)\n" in text
    assert "~" not in text
    assert text.endswith(f"mine.json: play with it by --env-arg actuators={tmp_path / 'mine.json'}\n")


def test_what_the_log_leaves_open_is_marked_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    half, moved = np.zeros((6, 5)), np.array([False, True, True, True, True, True])
    half[0], half[2, 1] = np.inf, 1.25
    text = told(tmp_path, monkeypatch, capsys, half=half, moved=moved, ratio=np.full(6, 0.02))
    assert "the log does not determine it to 30 %, at 95 %; what is open stays as in 'nvidia'" in text
    assert "  shoulder_pan: did not move\n" in text
    assert "  elbow_flex: kv +-1.25; but kp : (kv + damping) is 18.1 +-2%\n" in text
    assert re.search(r"elbow_flex +18.6 -> 18.6 +~ 0.535 -> 0.535 +0.49 -> 0.49", text)


def test_a_delay_that_may_be_another_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "; 0 would do as well" in told(tmp_path, monkeypatch, capsys, by_delay={0: 0.105, 1: 0.1, 2: 0.3})
    assert "it is the longest that is tried" in told(tmp_path, monkeypatch, capsys, by_delay={0: 0.3, 1: 0.1})
