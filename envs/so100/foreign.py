"""Another MJCF of the arm in place of ours: MuJoCo Menagerie's SO-100 and SO-101, or one's own.

Taken over is what the file says of bodies, joints' ranges, contacts and looks. Servos and their friction are one of
our sets, options are the scene's, cameras are the rigs'. Keyframes, sensors and what stands beside the arm stay out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import mujoco
import numpy as np

from .actuators import Actuators
from .anatomy import Anatomy, AnatomyError, measured, mounted
from .arm import Arm
from .cameras import HAND, Mount
from .jaws import TCP
from .model import add_servo
from .objects import THING_ANSWERS, THING_CONTACT
from .units import GRIPPER, JOINTS, Stops

NAMINGS = (JOINTS, ("Rotation", "Pitch", "Elbow", "Wrist_Pitch", "Wrist_Roll", "Jaw"))
"""What files call the joints: LeRobot's names, and MuJoCo Menagerie's for the SO-100."""
PREFIX = "robot/"
"""Of the file's names in our model, where a thing of the table may have the same."""
WAY_OUT = "give the MJCF file of an SO-100 or SO-101, such as MuJoCo Menagerie's so_arm100.xml or so101.xml"


class RobotModelError(ValueError):
    """A file that is no SO-100 or SO-101; the message has the file, the fact and the way out."""


@dataclass(frozen=True, slots=True)
class RobotModel:
    """A file that was read and understood."""

    arm: Arm
    anatomy: Anatomy
    spec: mujoco.MjSpec
    root: str
    """Name of its base."""
    joints: tuple[str, ...]
    """Their names, in the order of `units.JOINTS`."""

    @classmethod
    def from_file(cls, path: Path) -> RobotModel:
        spec = _parsed(path)
        _name_bodies(spec)
        joints = _joint_names(path, [joint.name for joint in spec.joints])
        model = _compiled(path, spec)
        numbers = [mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_JOINT, name) for name in joints]
        _check_joints(path, model, joints, numbers)
        base, hand, jaw = _bodies(path, model, numbers)
        anatomy = _measured(path, model, numbers)
        low, high = np.sort((model.jnt_range[numbers].T - anatomy.shifts) * anatomy.turns, axis=0)
        arm = Arm(
            hand=PREFIX + _body_name(model, hand),
            jaw=PREFIX + _body_name(model, jaw),
            stops=Stops(tuple(low.tolist()), tuple(high.tolist())),
            turns=anatomy.turns,
            shifts=anatomy.shifts,
            cameras=_cameras(path, model, hand, anatomy),
        )
        return cls(arm, anatomy, spec, _body_name(model, base), joints)

    def add_to(self, spec: mujoco.MjSpec, actuators: Actuators) -> None:
        """As `model.add_arm`. Adds a body with the frame of our fixed jaw, for the camera and the tool's centre."""
        file = _bare(self.spec.copy(), spec)
        base, hand = self.anatomy.base, self.anatomy.hand
        spec.worldbody.add_frame(pos=base.pos, quat=base.quat).attach_body(file.body(self.root), PREFIX, "")
        mount = spec.body(self.arm.hand).add_body(name=HAND, pos=hand.pos, quat=hand.quat)
        mount.add_site(name="tcp", pos=TCP, size=[0.002, 0.002, 0.002], group=4)
        for index, name in enumerate(self.joints):
            _drive(spec, spec.joint(PREFIX + name), actuators, index)


def _parsed(path: Path) -> mujoco.MjSpec:
    try:
        root = ElementTree.parse(path).getroot().tag
    except OSError as error:
        raise RobotModelError(f"{path} cannot be read: {error.strerror}; {WAY_OUT}") from None
    except ElementTree.ParseError as error:
        raise RobotModelError(f"{path} is not XML: {error}; {WAY_OUT}") from None
    if root != "mujoco":
        raise RobotModelError(f"{path} is a <{root}>, MJCF is a <mujoco>; {WAY_OUT}")
    try:
        return mujoco.MjSpec.from_file(str(path))
    except ValueError as error:
        raise RobotModelError(f"{path} is not MJCF: {_line(error)}; {WAY_OUT}") from None


def _compiled(path: Path, spec: mujoco.MjSpec) -> mujoco.MjModel:
    try:
        return spec.compile()
    except ValueError as error:
        raise RobotModelError(f"{path} does not compile: {_line(error)}; it needs all of its own files") from None


def _line(error: ValueError) -> str:
    return " ".join(str(error).split())


def _name_bodies(spec: mujoco.MjSpec) -> None:
    """Events and landmarks name bodies; a file need not."""
    for number, body in enumerate(spec.bodies):
        if not body.name:
            body.name = f"body_{number}"


def _joint_names(path: Path, there: Sequence[str]) -> tuple[str, ...]:
    """The file's names of the six joints, in the order of `units.JOINTS`."""
    naming = max(NAMINGS, key=lambda names: len(set(names) & set(there)))
    missing = [name for name in naming if name not in there]
    if missing:
        raise RobotModelError(
            f"{path} has no joint {', '.join(missing)}. There are: {', '.join(there) or 'none'}. "
            f"An arm has {' or '.join(', '.join(names) for names in NAMINGS)}"
        )
    more = [name or "one without a name" for name in there if name not in naming]
    if more:
        raise RobotModelError(f"{path} has joints that an SO-100 has not: {', '.join(more)}; leave only the arm's six")
    return naming


def _check_joints(path: Path, model: mujoco.MjModel, names: Sequence[str], joints: Sequence[int]) -> None:
    for name, joint in zip(names, joints):
        if model.jnt_type[joint] != mujoco.mjtJoint.mjJNT_HINGE:
            raise RobotModelError(f"{path}: the joint {name} is no hinge; all six of an SO-100 are")
        if not model.jnt_limited[joint]:
            raise RobotModelError(f"{path}: the joint {name} has no range; LeRobot's zero is the middle of it")


def _bodies(path: Path, model: mujoco.MjModel, joints: Sequence[int]) -> tuple[int, int, int]:
    """The base, the fixed jaw and the moving one."""
    body, chain = int(model.jnt_bodyid[joints[GRIPPER]]), list[int]()
    while body:
        chain.insert(0, body)
        body = int(model.body_parentid[body])
    moved = [body for body in chain if model.body_jntnum[body]]
    if moved != [int(model.jnt_bodyid[joint]) for joint in joints]:
        raise RobotModelError(
            f"{path}: its joints do not carry one another from {JOINTS[0]} to {JOINTS[-1]}; {WAY_OUT}"
        )
    if chain[0] == moved[0]:
        raise RobotModelError(
            f"{path}: nothing carries the joint {JOINTS[0]}, so that its base cannot be put on our table; "
            "put the base into a body without a joint"
        )
    for body in chain[-2:]:
        if not _touches(model, body):
            name = _body_name(model, body)
            raise RobotModelError(f"{path}: the jaw '{name}' has no geom that touches things; give one contype 1")
    return chain[0], chain[-2], chain[-1]


def _touches(model: mujoco.MjModel, body: int) -> bool:
    first = int(model.body_geomadr[body])
    own = slice(first, first + int(model.body_geomnum[body]))
    return bool(np.any((model.geom_contype[own] & THING_ANSWERS) | (model.geom_conaffinity[own] & THING_CONTACT)))


def _measured(path: Path, model: mujoco.MjModel, joints: Sequence[int]) -> Anatomy:
    try:
        return measured(model, joints)
    except AnatomyError as error:
        raise RobotModelError(f"{path} is no SO-100 or SO-101: {error}; {WAY_OUT}") from None


def _cameras(path: Path, model: mujoco.MjModel, hand: int, anatomy: Anatomy) -> dict[str, Mount]:
    """The one that the file has on the hand looks past what holds it, which our rigs' would not."""
    rigid = model.body_weldid[model.cam_bodyid] == model.body_weldid[hand]
    found = [int(number) for number in np.flatnonzero(rigid)]
    if len(found) > 1:
        raise RobotModelError(f"{path} has {len(found)} cameras on the hand; leave the one that is the wrist camera")
    return {"wrist": mounted(model, hand, anatomy.hand, found[0])} if found else {}


def _body_name(model: mujoco.MjModel, body: int) -> str:
    return mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_BODY, body)


def _bare(file: mujoco.MjSpec, ours: mujoco.MjSpec) -> mujoco.MjSpec:
    """Without what is ours to say."""
    for element in (*file.actuators, *file.sensors, *file.keys):
        file.delete(element)
    for name in dir(ours.option):
        if not name.startswith("_"):
            setattr(file.option, name, getattr(ours.option, name))
    return file


def _drive(spec: mujoco.MjSpec, joint: mujoco.MjsJoint, actuators: Actuators, index: int) -> None:
    """A servo of ours, and its gears."""
    joint.damping = [actuators.damping[index], 0, 0]
    joint.frictionloss = actuators.frictionloss[index]
    joint.armature = actuators.armature[index]
    add_servo(spec, joint.name, joint.range, actuators, index)
