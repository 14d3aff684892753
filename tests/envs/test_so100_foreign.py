"""Another MJCF of the arm stands, counts, grips and is judged as ours does, however it names and counts its joints."""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import mujoco
import numpy as np
import pytest

from armtrial.envs.base import Vector
from armtrial.envs.so100.actuators import BAM_P16
from armtrial.envs.so100.env import So100Env
from armtrial.envs.so100.foreign import NAMINGS, RobotModel, RobotModelError
from armtrial.envs.so100.jaws import FINGERS, FIXED_PADS, MOVING_PADS
from armtrial.envs.so100.links import LINKS, Link
from armtrial.envs.so100.units import JOINTS
from armtrial.evaluators import evaluate
from armtrial.evaluators.played import Run
from armtrial.tasks.tabletop import SINGLE

BLOCK = SINGLE.trials()[0]
MENAGERIE = NAMINGS[1]
FLIPPED = frozenset({"shoulder_pan", "elbow_flex", "wrist_roll", "gripper"})
SHIFTS = {"shoulder_lift": 1.5708, "elbow_flex": -1.5708, "wrist_roll": 0.3, "gripper": -0.4}
TURNED = 'pos="0.3 0.2 -0.05" quat="0.7071068 0 0 0.7071068"'
WRIST_CAMERA = '<camera name="mine" pos="0 -0.045 0.055" xyaxes="-1 0 0 0 -0.54 0.84" fovy="50"/>'


def numbers(values: Iterable[float]) -> str:
    return " ".join(f"{value:.9g}" for value in values)


def boxes(body: str) -> str:
    """What our own jaws touch with; the rest of the arm touches nothing."""
    made = [box for box in (*FINGERS, *FIXED_PADS, *MOVING_PADS) if box.body == body]
    grip = 'friction="1.5 0.02 0.001" condim="4" solref="0.004 1" solimp="0.95 0.99 0.001" mass="0"'
    geom = '<geom type="box" pos="{}" size="{}" rgba="0.95 0.45 0.05 1" {}/>'
    return "".join(geom.format(numbers(box.pos), numbers(box.half), grip) for box in made)


def body(link: Link, name: str, flip: bool, shift: float, inside: str) -> str:
    """With the axis the other way round where it flips, and reading `shift` where ours reads 0."""
    axis = np.array(link.axis) * (-1 if flip else 1)
    low, high = sorted(shift + (-limit if flip else limit) for limit in link.limits)
    back, turn = np.empty(4), np.empty(4)
    mujoco.mju_axisAngle2Quat(back, axis, -shift)
    mujoco.mju_mulQuat(turn, np.array(link.quat), back)
    return f"""<body name="{link.name.lower()}" pos="{numbers(link.pos)}" quat="{numbers(turn)}">
      <inertial mass="{link.mass}" pos="{numbers(link.centre)}" quat="{numbers(link.principal)}"
        diaginertia="{numbers(link.moments)}"/>
      <joint name="{name}" axis="{numbers(axis)}" range="{low} {high}" damping="7"/>
      {boxes(link.name)}{inside}</body>"""


def mjcf(
    names: tuple[str, ...] = JOINTS,
    flipped: frozenset[str] = frozenset(),
    shifts: Mapping[str, float] | None = None,
    base: str = "",
    on_hand: str = "",
) -> str:
    """Our arm, told in other words."""
    inside = ""
    for link, name in reversed(list(zip(LINKS, names))):
        if link.joint == "wrist_roll":
            inside += on_hand
        inside = body(link, name, link.joint in flipped, (shifts or {}).get(link.joint, 0.0), inside)
    return f"""<mujoco model="other"><compiler angle="radian" autolimits="true"/><option timestep="0.01"/>
      <worldbody><geom name="floor" type="plane" size="1 1 1"/><light name="lamp" pos="0 0 3"/>
        <body name="base" {base}><geom type="box" size="0.03 0.03 0.04" pos="0 -0.03 0.04"/>{inside}</body></worldbody>
      <actuator><motor name="file" joint="{names[2]}"/></actuator>
      <keyframe><key name="home" qpos="0 0 0 0 0 0"/></keyframe></mujoco>"""


VARIANTS = {
    "lerobot": mjcf(),
    "menagerie": mjcf(MENAGERIE),
    "flipped": mjcf(flipped=FLIPPED),
    "shifted": mjcf(shifts=SHIFTS),
    "turned": mjcf(base=TURNED),
    "all": mjcf(MENAGERIE, FLIPPED, SHIFTS, TURNED),
}
every_variant = pytest.mark.parametrize("variant", VARIANTS)
World = Callable[..., So100Env]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Makes the world with an arm, ours where no text is given, at the start of a trial."""
    made: list[So100Env] = []

    def make(text: str = "", actuators: str = "nvidia") -> So100Env:
        file = tmp_path / "arm.xml"
        file.write_text(text)
        made.append(So100Env(SINGLE.tasks, robot_model=str(file) if text else "", actuators=actuators))
        made[-1].reset(BLOCK)
        return made[-1]

    yield make
    for env in made:
        env.close()


def hand(env: So100Env) -> Vector:
    """The place of the tool's centre, and its axes."""
    _, data = env.inside()
    return np.concatenate([data.site("tcp").xpos, data.site("tcp").xmat])


@every_variant
def test_the_hand_is_where_ours_is_and_the_units_are_ours(variant: str, world: World) -> None:
    own, other = world(), world(VARIANTS[variant])
    assert hand(other) == pytest.approx(hand(own), abs=1e-4)
    assert other.observe({}).state == pytest.approx(own.observe({}).state, abs=1e-2)
    assert other.action_spec.low == pytest.approx(own.action_spec.low, abs=1e-3)


@every_variant
def test_the_same_actions_move_it_as_they_move_ours(variant: str, world: World) -> None:
    own, other = world(), world(VARIANTS[variant])
    action = own.observe({}).state + np.array([20.0, 10.0, -15.0, 10.0, 30.0, 25.0])
    ends = [[env.step(action).state for _ in range(30)][-1] for env in (own, other)]
    assert ends[1] == pytest.approx(ends[0], abs=0.1)
    assert hand(other) == pytest.approx(hand(own), abs=2e-3)


def test_the_jaw_is_told_in_our_angles_however_it_turns(world: World) -> None:
    own, other = world(), world(VARIANTS["all"])
    told = [env.observe({}, privileged=True).privileged["joints"] for env in (own, other)]
    assert told[1] == pytest.approx(told[0], abs=1e-4)


def test_servos_and_friction_are_of_our_set_and_not_of_the_file(world: World) -> None:
    model, _ = world(VARIANTS["menagerie"], actuators="bam-p16").inside()
    assert [model.actuator(number).name for number in range(model.nu)] == list(JOINTS)
    assert model.actuator_gainprm[:, 0] == pytest.approx(BAM_P16.kp)
    assert model.dof_damping[:6] == pytest.approx(BAM_P16.damping)
    assert model.dof_frictionloss[:6] == pytest.approx(BAM_P16.frictionloss)


def test_options_keyframes_and_what_stands_beside_the_arm_stay_out(world: World) -> None:
    model, _ = world(VARIANTS["lerobot"]).inside()
    names = [model.geom(number).name for number in range(model.ngeom)]
    assert (model.opt.timestep, model.nkey, model.nlight) == (1 / 480, 0, 1)
    assert not [name for name in names if "floor" in name]


def test_the_expert_solves_a_block_with_it_and_the_run_knows_its_file(tmp_path: Path) -> None:
    run = expert_run(VARIANTS["all"], tmp_path)
    assert run.scores.overall.success.k == 1
    assert {"touched", "gripped", "lifted", "released"} <= {event.kind for event in run.records[0].result.events}
    file = tmp_path / "arm.xml"
    hashed = run.info.sittings[0].provenance.files
    assert hashed[str(file)] == hashlib.sha256(file.read_bytes()).hexdigest()


def expert_run(text: str, folder: Path) -> Run:
    (folder / "arm.xml").write_text(text)
    given = {"task": "block", "env_arg": f"robot_model={folder / 'arm.xml'}", "episodes": 1, "workers": 0}
    return evaluate("expert", "single", out=folder / "run", **given)


def with_a_wide_elbow() -> str:
    """By 0.2 radians, so that the middle of its range is elsewhere."""
    low, high = LINKS[2].limits
    return mjcf().replace(f'range="{low} {high}"', f'range="{low} {high + 0.2}"')


def test_another_range_moves_lerobots_zero(world: World) -> None:
    """It is the middle between the stops: those of the arm that is there."""
    other = world(with_a_wide_elbow())
    assert other.observe({}).state[2] == pytest.approx(world().observe({}).state[2] - math.degrees(0.1), abs=1e-2)
    assert other.observe({}, privileged=True).privileged["stops"][8] == pytest.approx(
        LINKS[2].limits[1] + 0.2, abs=1e-4
    )


def test_the_expert_is_told_where_the_zero_is(tmp_path: Path) -> None:
    assert expert_run(with_a_wide_elbow(), tmp_path).scores.overall.first_attempt.k == 1


@pytest.mark.parametrize("camera", ["", WRIST_CAMERA])
def test_the_wrist_camera_is_the_files_own_or_else_the_rigs(camera: str, world: World) -> None:
    own, other = world(), world(mjcf(on_hand=camera))
    (ours, data), (model, seen) = own.inside(), other.inside()
    assert model.camera("wrist").fovy == pytest.approx(50 if camera else ours.camera("wrist").fovy)
    away = np.linalg.norm(seen.camera("wrist").xpos - data.camera("wrist").xpos)
    assert (away > 0.005) == bool(camera)
    assert away < 0.04


def test_landmarks_show_its_parts_in_their_colour(world: World) -> None:
    found = world(VARIANTS["all"]).landmarks("wrist", (320, 240))
    parts = {mark.name: mark.rgb for mark in found if mark.name.startswith("robot/")}
    assert parts["robot/moving_jaw"] == (242, 115, 13)


REFUSED = {
    "no such file": (None, r"cannot be read: No such file or directory; give the MJCF file of an SO-100 or SO-101"),
    "no xml": ("hello", r"is not XML: .*give the MJCF file"),
    "urdf": ("<robot name='x'/>", r"is a <robot>, MJCF is a <mujoco>; give"),
    "no mjcf": ("<mujoco><arm/></mujoco>", r"is not MJCF: .*unrecognized element"),
    "no joints": (
        "<mujoco/>",
        r"has no joint shoulder_pan, .*There are: none. An arm has shoulder_pan, .* or Rotation",
    ),
    "joint missing": (
        mjcf(MENAGERIE).replace('"Wrist_Roll"', '"Twist"'),
        r"has no joint Wrist_Roll. There are: Rotation, Pitch, Elbow, Wrist_Pitch, Twist, Jaw",
    ),
    "joint too many": (
        mjcf(on_hand='<body name="c"><joint name="more"/><geom size="0.01"/></body>'),
        r"has joints that an SO-100 has not: more; leave only",
    ),
    "mesh missing": (
        mjcf().replace("<worldbody>", '<asset><mesh file="no.stl"/></asset><worldbody>'),
        r"does not compile: .*Error opening file.*no.stl.*; it needs all of its own files",
    ),
    "slide": (mjcf().replace('name="gripper"', 'name="gripper" type="slide"'), r"the joint gripper is no hinge"),
    "endless": (
        mjcf().replace('name="wrist_roll"', 'name="wrist_roll" limited="false"'),
        r"the joint wrist_roll has no range; LeRobot's zero is the middle of it",
    ),
    "order": (mjcf((JOINTS[1], JOINTS[0], *JOINTS[2:])), r"do not carry one another from shoulder_pan to gripper"),
    "no base": (
        mjcf().replace('<body name="base" >', "").replace("</body></worldbody>", "</worldbody>"),
        r"nothing carries the joint shoulder_pan, .*put the base into a body without a joint",
    ),
    "untouchable": (
        mjcf().replace("<geom", '<geom contype="0" conaffinity="0"'),
        r"the jaw 'fixed_jaw' has no geom that touches things; give one contype 1",
    ),
    "leaning": (mjcf(base='euler="0.5 0 0"'), r"shoulder_pan and the world's z are 29 degrees apart, an SO-100's 0"),
    "crooked": (
        mjcf().replace('name="elbow_flex" axis="1 0 0"', 'name="elbow_flex" axis="1 0.2 0"'),
        r"the axes of elbow_flex and shoulder_lift are 11 degrees apart",
    ),
    "long": (mjcf().replace("0.11257", "0.25"), r"from shoulder to elbow it measures 0.252 m, an SO-100 0.116 m"),
    "two cameras": (
        mjcf(on_hand=WRIST_CAMERA + WRIST_CAMERA.replace("mine", "b")),
        r"has 2 cameras on the hand; leave",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_is_no_such_arm_is_refused_with_what_is_wrong(case: str, tmp_path: Path) -> None:
    text, message = REFUSED[case]
    if text is not None:
        (tmp_path / "arm.xml").write_text(text)
    with pytest.raises(RobotModelError, match=message) as caught:
        RobotModel.from_file(tmp_path / "arm.xml")
    assert str(caught.value).startswith(f"{tmp_path / 'arm.xml'}")
    assert "\n" not in str(caught.value)


def test_our_arms_files_are_not_drawn_over_another_arm() -> None:
    with pytest.raises(ValueError, match=r"look=meshes draws our own arm; arm.xml brings its looks along"):
        So100Env(SINGLE.tasks, look="meshes", robot_model="arm.xml")
