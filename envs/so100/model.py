"""The arm as a MuJoCo model: bodies, joints, servos and what they touch with.

Whoever builds a scene around it follows three rules of contact. A table has conaffinity 1: fingers rest on it, pads
pass through it, since their grip would stick to it and push the arm aside. What can be grasped has conaffinity 3, so
that both touch it, and is no ellipsoid and no cylinder, which roll out of any grip. Anything else has conaffinity 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import mujoco

from .actuators import NVIDIA, Actuators
from .jaws import FINGERS, FIXED, FIXED_PADS, MOVING_PADS, TCP, Box
from .links import BASE, LINKS, Link
from .looks import dress
from .poses import FOLDED as FOLDED
from .poses import HOME as HOME
from .poses import L_POSE as L_POSE
from .poses import READY as READY
from .poses import REST as REST
from .poses import STRAIGHT as STRAIGHT

TIMESTEP = 1 / 480
"""Seconds."""
STEPS_PER_TICK = 16
"""One tick of control is 1/30 s."""
LOOKS_GROUP, CONTACT_GROUP = 2, 3

FINGER_CONTACT, PAD_CONTACT = 1, 2
"""Bits of contype. Conaffinity is 0 from the elbow on, so that the arm touches itself at its column only."""

Dress = Callable[[mujoco.MjSpec, Mapping[str, mujoco.MjsBody], int], None]
"""Gives the arm's bodies something to look at, in a group of geoms."""

SHOULDER = LINKS[0].name
COLUMN_BOXES = (
    Box("base_0", BASE, (-0.0500, -0.0450, 0.0), (0.0500, 0.0, 0.0160)),
    Box("base_1", BASE, (-0.0330, -0.0710, 0.0), (0.0330, 0.0165, 0.0160)),
    Box("base_2", BASE, (-0.0220, -0.0600, 0.0160), (0.0220, 0.0200, 0.0730)),
    Box("base_3", BASE, (-0.0255, 0.0200, 0.0420), (0.0255, 0.0249, 0.0835)),
    Box("shoulder_0", SHOULDER, (-0.0195, 0.0020, 0.0400), (0.0195, 0.0590, 0.0480)),
    Box("shoulder_1", SHOULDER, (-0.0262, 0.0585, 0.0145), (0.0262, 0.0863, 0.0508)),
)
"""What the hand can run into."""
FOREARM_BOXES = (
    Box("forearm_0", "Lower_Arm", (-0.0351, -0.0120, -0.0120), (0.0261, 0.0120, 0.0910)),
    Box("forearm_1", "Lower_Arm", (-0.0262, -0.0150, 0.0910), (0.0262, 0.0209, 0.1187)),
    Box("forearm_2", "Lower_Arm", (-0.0198, -0.0072, 0.1187), (0.0198, 0.0176, 0.1451)),
)


def new_spec() -> mujoco.MjSpec:
    """An empty world with the options that the arm's contacts were tuned for; angles are radians."""
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    spec.option.timestep = TIMESTEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.solver = mujoco.mjtSolver.mjSOL_NEWTON
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10
    return spec


def add_arm(spec: mujoco.MjSpec, actuators: Actuators = NVIDIA, dress: Dress = dress) -> None:
    """Adds the arm, its base frame the world's. Joints and actuators are named as in `units.JOINTS`."""
    bodies = {BASE: spec.worldbody.add_body(name=BASE)}
    for index, link in enumerate(LINKS):
        bodies[link.name] = _add_link(bodies[link.parent], link, actuators, index)
        add_servo(spec, link.joint, link.limits, actuators, index)
    _add_contacts(bodies)
    bodies[FIXED.name].add_site(name="tcp", pos=TCP, size=[0.002, 0.002, 0.002], group=4)
    dress(spec, bodies, LOOKS_GROUP)


def _add_link(parent: mujoco.MjsBody, link: Link, actuators: Actuators, index: int) -> mujoco.MjsBody:
    body = parent.add_body(name=link.name, pos=link.pos, quat=link.quat)
    body.mass, body.ipos, body.iquat, body.inertia = link.mass, link.centre, link.principal, link.moments
    body.add_joint(
        name=link.joint,
        type=mujoco.mjtJoint.mjJNT_HINGE,
        axis=link.axis,
        range=link.limits,
        damping=[actuators.damping[index], 0, 0],
        frictionloss=actuators.frictionloss[index],
        armature=actuators.armature[index],
    )
    return body


def add_servo(spec: mujoco.MjSpec, joint: str, limits: Sequence[float], actuators: Actuators, index: int) -> None:
    """Named as in `units.JOINTS`, whatever the joint is called."""
    force = actuators.force[index]
    servo = spec.add_actuator(
        name=LINKS[index].joint,
        target=joint,
        trntype=mujoco.mjtTrn.mjTRN_JOINT,
        ctrlrange=limits,
        forcerange=[-force, force],
    )
    servo.set_to_position(kp=actuators.kp[index], kv=actuators.kv[index])


def _add_contacts(bodies: dict[str, mujoco.MjsBody]) -> None:
    """Pads, which hold; and boxes, which only keep things out."""
    grip = {"priority": 1, "condim": 4, "friction": [1.5, 0.02, 0.001]}
    hard = {"solref": [0.004, 1.0], "solimp": [0.95, 0.99, 0.001, 0.5, 2.0]}
    _add_boxes(bodies, FIXED_PADS + MOVING_PADS, contype=PAD_CONTACT, conaffinity=0, **grip, **hard)
    _add_boxes(bodies, FINGERS, contype=FINGER_CONTACT, conaffinity=0, friction=[0.2, 0.005, 0.0001])
    _add_boxes(bodies, FOREARM_BOXES, contype=FINGER_CONTACT, conaffinity=0)
    _add_boxes(bodies, COLUMN_BOXES, contype=FINGER_CONTACT, conaffinity=FINGER_CONTACT)


def _add_boxes(bodies: dict[str, mujoco.MjsBody], boxes: Sequence[Box], **contact: object) -> None:
    for box in boxes:
        bodies[box.body].add_geom(
            name=box.name,
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=box.pos,
            size=box.half,
            mass=0,
            group=CONTACT_GROUP,
            rgba=[0.6, 0.6, 0.7, 0.4],
            **contact,
        )
