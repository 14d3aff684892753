"""The things of a task and the fingers that may touch them, in numbers of the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..base import Vector

_FREE = 0
"""MuJoCo's number of a joint that leaves a body free."""


@dataclass(frozen=True, slots=True)
class Object:
    """A thing of the task, in numbers of the model."""

    name: str
    body: int
    site: int | None
    """Where it is to be grasped, if it has a handle."""
    geoms: frozenset[int]
    free: bool
    """It can be carried away."""

    def place(self, data: Any) -> Vector:
        return data.xpos[self.body] if self.site is None else data.site_xpos[self.site]


@dataclass(frozen=True, slots=True)
class Fingers:
    """Geoms of the gripper, in numbers of the model."""

    all: frozenset[int]
    left: frozenset[int]
    right: frozenset[int]

    @classmethod
    def of(cls, env: Any, gripper: Any) -> Fingers:
        number, there = env.sim.model.geom_name2id, set(env.sim.model.geom_names)

        def side(name: str) -> frozenset[int]:
            """Some grippers name pads that their model does not have: then those geoms that are called alike."""
            pads = {pad for part in (name, f"{name}pad") for pad in gripper.important_geoms.get(part, ())}
            alike = {geom for geom in gripper.contact_geoms if name in geom}
            return frozenset(number(geom) for geom in (pads & there) or alike)

        every = frozenset(number(geom) for geom in gripper.contact_geoms)
        return cls(every, side("left_finger"), side("right_finger"))

    def touching(self, data: Any) -> tuple[set[int], set[int]]:
        """Geoms that it touches, and those of them that are held from both sides."""
        pairs = data.contact.geom[: data.ncon].tolist()
        touched, left, right = (
            {other for pair in pairs for mine, other in (pair, pair[::-1]) if mine in part}
            for part in (self.all, self.left, self.right)
        )
        return touched, left & right


def things_of(env: Any, target: str) -> list[Object]:
    """Free bodies, and the target whatever it hangs on; where there is no target, whatever has a handle."""
    made = [_object(env, thing) for thing in env.model.mujoco_objects]
    return [thing for thing in made if thing.free or thing.name == target or thing.site is not None]


def _object(env: Any, thing: Any) -> Object:
    model = env.sim.model
    body = model.body_name2id(thing.root_body)
    handle = thing.important_sites.get("handle")
    joints = [model._model.jnt_type[model.joint_name2id(joint)] for joint in thing.joints]
    return Object(
        thing.name,
        body,
        None if handle is None else model.site_name2id(handle),
        frozenset(model.geom_name2id(geom) for geom in thing.contact_geoms),
        _FREE in joints,
    )
