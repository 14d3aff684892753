"""The servos droop, step and lag as the sets they are named after were measured.

Measured with the jaws empty. Droop: the arm told to be straight out, shoulder_lift after 3 s. Step: the pan told to
turn by 30 degrees in the L pose, the time to 27. Lag: the elbow told to follow a sine of 1 Hz and 20 degrees around
the L pose, the phase of its fundamental from the second to the fifth second.
"""

import json
import math
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import mujoco
import numpy as np
import pytest

from armtrial.envs.so100.actuator_file import ActuatorError, actuators_of, read, written
from armtrial.envs.so100.actuators import ACTUATORS, BAM_P32, JAW_FORCE, MENAGERIE, NVIDIA, Actuators
from armtrial.envs.so100.env import So100Env
from armtrial.envs.so100.model import TIMESTEP, add_arm, new_spec
from armtrial.envs.so100.poses import L_POSE, STRAIGHT
from armtrial.envs.so100.units import JOINTS
from armtrial.tasks.tabletop import SINGLE

PAN, LIFT, ELBOW = (JOINTS.index(joint) for joint in ("shoulder_pan", "shoulder_lift", "elbow_flex"))
TIMESTEPS = (0.002, TIMESTEP)
"""That of the measured figures, and the twin's own."""


@cache
def arm(actuators: Actuators, timestep: float) -> mujoco.MjModel:
    spec = new_spec()
    add_arm(spec, actuators)
    spec.option.timestep = timestep
    return spec.compile()


def held(model: mujoco.MjModel, pose: tuple[float, ...], seconds: float) -> mujoco.MjData:
    data = mujoco.MjData(model)
    data.qpos[:] = data.ctrl[:] = pose
    mujoco.mj_step(model, data, round(seconds / model.opt.timestep))
    return data


def droop(model: mujoco.MjModel) -> float:
    """Degrees."""
    return math.degrees(held(model, STRAIGHT, 3.0).qpos[LIFT])


def step(model: mujoco.MjModel) -> tuple[float, float]:
    """Milliseconds to 90 %, and degrees beyond the target."""
    data = held(model, L_POSE, 1.0)
    start, turned = data.qpos[PAN], list[float]()
    data.ctrl[PAN] = L_POSE[PAN] + math.radians(30)
    while data.time < 2.0:
        turned.append(math.degrees(data.qpos[PAN] - start))
        mujoco.mj_step(model, data)
    return 1000 * model.opt.timestep * int(np.argmax(np.array(turned) > 27)), max(0.0, max(turned) - 30)


def lag(model: mujoco.MjModel) -> float:
    """Milliseconds."""
    data, swing, rows = held(model, L_POSE, 0.0), 2 * math.pi, list[tuple[float, float]]()
    while data.time < 5.0:
        rows.append((data.time, data.qpos[ELBOW]))
        data.ctrl[ELBOW] = L_POSE[ELBOW] + math.radians(20) * math.sin(swing * data.time)
        mujoco.mj_step(model, data)
    times, angles = np.array(rows)[np.array(rows)[:, 0] >= 1.0].T
    waves = np.column_stack([np.sin(swing * times), np.cos(swing * times), np.ones_like(times)])
    along, across, _ = np.linalg.lstsq(waves, angles)[0]
    return -1000 * math.atan2(across, along) / swing


FIGURES = {
    "nvidia": (1.0, 244, 0.0, 71),
    "menagerie": (1.1, 258, 0.0, 90),
    "bam-p16": (6.2, 164, 4.9, 76),
    "bam-p32": (3.0, 150, 6.4, 36),
}
"""Droop in degrees, the step's milliseconds to 90 % and degrees of overshoot, lag in milliseconds."""


@pytest.mark.parametrize("timestep", TIMESTEPS)
@pytest.mark.parametrize("name", FIGURES)
def test_droop_step_and_lag_are_the_measured_ones_to_a_tenth(name: str, timestep: float) -> None:
    degrees, rise, overshoot, late = FIGURES[name]
    model = arm(ACTUATORS[name], timestep)
    time_to_90, beyond = step(model)
    assert droop(model) == pytest.approx(degrees, rel=0.1)
    assert time_to_90 == pytest.approx(rise, rel=0.1)
    assert beyond == pytest.approx(overshoot, rel=0.1, abs=0.1)
    assert lag(model) == pytest.approx(late, rel=0.1)


def test_menageries_gains_are_critical_damping_with_the_arm_straight() -> None:
    model = arm(MENAGERIE, TIMESTEP)
    assert -model.actuator_biasprm[:, 2] == pytest.approx(2 * np.sqrt(50 * model.dof_M0), abs=0.01)


@pytest.mark.parametrize("name", ACTUATORS)
def test_every_set_reaches_the_model(name: str) -> None:
    chosen = ACTUATORS[name]
    model = arm(chosen, TIMESTEP)
    assert model.actuator_gainprm[:, 0] == pytest.approx(chosen.kp)
    assert model.actuator_biasprm[:, 1:3] == pytest.approx(-np.column_stack([chosen.kp, chosen.kv]))
    assert model.dof_damping == pytest.approx(chosen.damping)
    assert model.dof_frictionloss == pytest.approx(chosen.frictionloss)
    assert model.dof_armature == pytest.approx(chosen.armature)
    assert model.actuator_forcerange == pytest.approx(np.outer(chosen.force, (-1, 1)))


@pytest.mark.parametrize("name", ACTUATORS)
def test_the_jaw_pulls_with_half_its_servos_torque(name: str) -> None:
    assert ACTUATORS[name].force[JOINTS.index("gripper")] == JAW_FORCE == 1.6


def test_a_target_beyond_the_stop_is_the_stop() -> None:
    data = held(arm(NVIDIA, TIMESTEP), (3.0, -1.5, 1.5, 0.0, 0.0, 0.0), 2.0)
    assert data.qpos[PAN] == pytest.approx(1.92, abs=0.01)


def test_a_set_read_from_its_file_is_the_set_that_was_written(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_bytes(written(replace(MENAGERIE, delay=3), {"log": "a.csv"}))
    assert read(file) == replace(MENAGERIE, name=str(file), delay=3)


def test_the_twin_takes_servos_and_delay_from_a_file_and_a_delay_that_is_given_before_its(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_bytes(written(replace(BAM_P32, delay=3), {}))
    env = So100Env(SINGLE.tasks, actuators=str(file))
    env.reset(SINGLE.trials(1)[0])
    model, _ = env.inside()
    assert model.actuator_gainprm[:6, 0] == pytest.approx(BAM_P32.kp)
    assert (env._delay, So100Env(SINGLE.tasks, actuators=str(file), delay=0)._delay) == (3, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("elbow_flex", None), "has no elbow_flex; 'joints' has all of shoulder_pan, shoulder_lift"),
        (("elbow", {}), "the arm has no joint elbow; it has shoulder_pan"),
        (("gripper", {"kp": 50.0}), "gripper has the kv None; it is a finite number, 0 or more"),
        (("gripper.kp", -1.0), "gripper has the kp -1.0; it is a finite number, more than 0"),
        (("gripper.kp", 0), "gripper has the kp 0; it is a finite number, more than 0"),
        (("wrist_roll.armature", math.nan), "wrist_roll has the armature nan; it is a finite number, 0 or more"),
        (("wrist_roll.kv", True), "wrist_roll has the kv True"),
        (("wrist_roll.kv", "2"), "wrist_roll has the kv '2'"),
    ],
)
def test_a_file_that_is_no_arms_is_refused_with_joint_value_and_rule(
    change: tuple[str, object], message: str, tmp_path: Path
) -> None:
    joint, _, value = change[0].partition(".")
    joints = json.loads(written(NVIDIA, {}))["joints"]
    joints[joint] = {**joints[joint], value: change[1]} if value else change[1]
    (tmp_path / "x.json").write_text(
        json.dumps({"joints": {key: each for key, each in joints.items() if each is not None}})
    )
    with pytest.raises(ActuatorError, match=re.escape(message)):
        read(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "x.json is not JSON: Expecting"),
        ("[]", "x.json has no shoulder_pan, shoulder_lift"),
        (None, "x.json cannot be read: No such file or directory; armtrial fit-twin writes such files"),
    ],
)
def test_what_is_no_file_of_actuators_says_who_writes_them(text: str | None, message: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "x.json").write_text(text)
    with pytest.raises(ActuatorError, match=re.escape(message)):
        actuators_of(str(tmp_path / "x.json"))


@pytest.mark.parametrize("delay", [-1, 11, 1.5, "2"])
def test_a_delay_that_no_arm_has_is_refused(delay: object, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(json.loads(written(NVIDIA, {})) | {"delay": delay}))
    with pytest.raises(ActuatorError, match=r"the delay is .*; it is a whole number of ticks from 0 to 10"):
        read(tmp_path / "x.json")
