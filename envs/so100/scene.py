"""The table of one task as a MuJoCo model that serves all of its trials.

Nothing is compiled between two trials: every thing that any trial needs is in the model. Those that a trial leaves
out hang in the air, far off, unseen and without weight. `place` writes everything that differs between trials, so
that nothing of the trial before can be left.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np

from ...tasks.tabletop import Block, Circle, Cup, Scenario, Strawberry, TabletopTask
from ...tasks.tabletop_layout import CAMERAS, Layout, Light, Surface
from ...tasks.tabletop_things import CASTS, TARGETS, Placement
from ..base import Vector
from .cameras import FAST, WORLD, Look, Mount, nudged, quaternion
from .model import CONTACT_GROUP, LOOKS_GROUP
from .objects import TABLE_ANSWERS, Thing, Turned, add_drawn, add_thing
from .rigs import RIGS, Lamp, Rig
from .surfaces import add_materials
from .things import DISTRACTORS, GREEN, block, cup, holder, pen, strawberry

GOAL = "goal"
"""Name of the body that is the circle, the cup or the holder."""
TOP, WALL, LAMP = "top", "wall", "lamp"
HIDDEN_GROUP = 5
"""No renderer shows it unless told to."""
TABLE_FRICTION = (0.8, 0.005, 0.0001)
SHADOWS = 1.6
"""Half the edge of what the lamp's shadow map covers, in extents. Near its border what is flat shades itself."""
NEARLY = 0.99
"""Opacity of the wall: what is not quite opaque gets no shadows, nor the speckles that grazing light makes."""
LINE = 0.005
"""Metres; width of the circle's line."""


@dataclass(frozen=True, slots=True)
class Item:
    """Where a free thing is found in model and data."""

    body: int
    at: int
    """First of its seven entries of qpos."""
    drawn: tuple[int, ...]
    """Geoms that are looked at."""
    rest: float
    """Height of the body's origin while it lies on the table."""


@dataclass(frozen=True, slots=True)
class Scene:
    task: TabletopTask
    look: Look
    model: mujoco.MjModel
    items: Mapping[str, Item]
    """Free things by name; the goal among them where it is a vessel."""
    goal: int
    """Body."""
    carried: Mapping[str, Mount]
    """Cameras that the arm has of its own, in place of the rigs'."""

    def place(self, data: mujoco.MjData, layout: Layout) -> None:
        """Resets the data and writes the layout. The arm's joints and `mj_forward` are the caller's."""
        rig = RIGS[layout.rig]
        _light(self.model, rig.lamp, layout.light)
        _furnish(self.model, rig, layout.surface)
        for name in CAMERAS:
            _mount(self.model, name, self.carried.get(name, rig.cameras[name]), layout)
        mujoco.mj_resetData(self.model, data)  # takes over where lamp, table and cameras are; mj_forward does not
        standing = {**layout.objects, GOAL: layout.goal}
        for number, (name, item) in enumerate(self.items.items()):
            _put(self.model, data, item, standing.get(name), number)
        if GOAL not in self.items:
            data.mocap_pos[0] = (layout.goal.x, layout.goal.y, 0.0)


def build(
    spec: mujoco.MjSpec, task: TabletopTask, look: Look = FAST, carried: Mapping[str, Mount] | None = None
) -> Scene:
    """Adds table, room, things and cameras to a spec that has the arm, and compiles it."""
    things = _things(task)
    add_materials(spec)
    _add_room(spec)
    _add_cameras(spec)
    for name, thing in things.items():
        add_thing(spec, name, thing)
    if isinstance(task.goal, Circle):
        _add_circle(spec, task.goal)
    _let_sleep(spec, task, things)
    _set_look(spec, look)
    model = spec.compile()
    model.geom_sameframe[mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_GEOM, TOP)] = 0  # it is moved later
    goal = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, GOAL)
    items = {name: _item(model, name, thing) for name, thing in things.items()}
    return Scene(task, look, model, items, goal, carried or {})


def _things(task: TabletopTask) -> dict[str, Thing]:
    """All that any trial of the task may need: targets, the goal if it is a vessel, who joins."""
    target = _target(task)
    things = dict.fromkeys(TARGETS[task.kind][: task.most_targets], target)
    if not isinstance(task.goal, Circle):
        things[GOAL] = cup(task.goal) if isinstance(task.goal, Cup) else holder(task.goal)
    names = CASTS[task.kind].names if task.scenario is Scenario.DISTRACTOR else ()
    return things | {name: DISTRACTORS[name] for name in names}


def _target(task: TabletopTask) -> Thing:
    if isinstance(task.target, Block):
        return block(task.target.edge, GREEN)
    return strawberry(task.target) if isinstance(task.target, Strawberry) else pen(task.target)


def _add_room(spec: mujoco.MjSpec) -> None:
    """The table's top is drawn apart from what things stand on: its pattern moves, its surface does not."""
    plane, still = mujoco.mjtGeom.mjGEOM_PLANE, {"contype": 0, "conaffinity": 0, "mass": 0}
    spec.worldbody.add_geom(
        name="table",
        type=plane,
        size=[1, 1, 0.1],
        contype=0,
        conaffinity=TABLE_ANSWERS,
        friction=TABLE_FRICTION,
        group=CONTACT_GROUP,
    )
    spec.worldbody.add_geom(name=TOP, type=plane, size=[1.6, 1.6, 0.1], material="oak", group=LOOKS_GROUP, **still)
    spec.worldbody.add_geom(
        name=WALL,
        type=plane,
        size=[1.3, 0.3, 0.1],
        pos=[0, 0.55, 0.28],
        quat=[math.sqrt(0.5), math.sqrt(0.5), 0, 0],
        material="matte",
        rgba=[1, 1, 1, NEARLY],
        group=LOOKS_GROUP,
        **still,
    )
    spec.worldbody.add_light(name=LAMP, type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, castshadow=True)
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.75, 0.78, 0.80],
        rgb2=[0.45, 0.43, 0.40],
        width=32,
        height=192,
    )


def _add_cameras(spec: mujoco.MjSpec) -> None:
    for name, mount in RIGS["a"].cameras.items():
        frame = spec.worldbody if mount.frame == WORLD else spec.body(mount.frame)
        frame.add_camera(name=name, pos=mount.eye, quat=quaternion(mount.rotation), fovy=mount.fovy)


def _add_circle(spec: mujoco.MjSpec, circle: Circle) -> None:
    """A dark line around white paper, thinner than anything that lies on it would notice."""
    body = spec.worldbody.add_body(name=GOAL, mocap=True)
    for name, radius, height, colour in (
        ("line", circle.radius, 0.0004, (0.10, 0.10, 0.35)),
        ("paper", circle.radius - LINE, 0.0008, (0.93, 0.93, 0.90)),
    ):
        disc = ((radius, height), (0.0, height))
        add_drawn(spec, body, f"{GOAL}_{name}", Turned(disc, colour, material="matte", sides=48))


def _let_sleep(spec: mujoco.MjSpec, task: TabletopTask, things: Mapping[str, Thing]) -> None:
    """Distractors at rest cost nothing until something touches them. What is judged never sleeps."""
    judged = {GOAL, *TARGETS[task.kind]} if task.scenario is not Scenario.DISTRACTOR else {GOAL, TARGETS[task.kind][0]}
    spec.option.enableflags |= int(mujoco.mjtEnableBit.mjENBL_SLEEP)
    for name in things:
        policy = mujoco.mjtSleepPolicy.mjSLEEP_NEVER if name in judged else mujoco.mjtSleepPolicy.mjSLEEP_ALLOWED
        spec.body(name).sleep = policy


def _set_look(spec: mujoco.MjSpec, look: Look) -> None:
    spec.visual.quality.shadowsize = look.shadow_map
    spec.visual.quality.offsamples = look.samples
    spec.stat.center, spec.stat.extent = [0.0, -0.2, 0.1], 0.6
    spec.visual.map.shadowclip = SHADOWS
    spec.visual.headlight.specular = [0.1, 0.1, 0.1]


def _item(model: mujoco.MjModel, name: str, thing: Thing) -> Item:
    body = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, name)
    first, number = int(model.body_geomadr[body]), int(model.body_geomnum[body])
    drawn = tuple(geom for geom in range(first, first + number) if model.geom_group[geom] == LOOKS_GROUP)
    return Item(body, int(model.jnt_qposadr[model.body_jntadr[body]]), drawn, thing.rest)


def _put(model: mujoco.MjModel, data: mujoco.MjData, item: Item, at: Placement | None, number: int) -> None:
    """On the table, or out of the way: apart from all others, unseen, and hanging still."""
    model.geom_group[list(item.drawn)] = HIDDEN_GROUP if at is None else LOOKS_GROUP
    model.body_gravcomp[item.body] = 1.0 if at is None else 0.0
    if at is None:
        data.qpos[item.at : item.at + 7] = (10.0 + number, 0.0, 5.0, 1.0, 0.0, 0.0, 0.0)
    else:
        half = at.yaw / 2
        data.qpos[item.at : item.at + 7] = (at.x, at.y, item.rest, math.cos(half), 0.0, 0.0, math.sin(half))


def _light(model: mujoco.MjModel, lamp: Lamp, change: Light) -> None:
    azimuth, elevation = lamp.azimuth + change.swing, lamp.elevation + change.raised
    level = math.cos(elevation)
    toward = np.array([level * math.sin(azimuth), -level * math.cos(azimuth), math.sin(elevation)])
    colour = _warm(lamp.warmth + 0.4 * change.warmth) * change.strength
    number = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_LIGHT, LAMP)
    model.light_pos[number] = np.array([0.0, -0.2, 0.0]) + 1.5 * toward
    model.light_dir[number] = -toward
    model.light_diffuse[number] = lamp.strength * colour
    model.light_specular[number] = 0.3 * colour
    model.vis.headlight.ambient = lamp.scattered * colour
    model.vis.headlight.diffuse = lamp.ahead * colour


def _warm(warmth: float) -> Vector:
    return np.array([1.0 + 0.06 * warmth, 1.0, 1.0 - 0.12 * warmth])


def _furnish(model: mujoco.MjModel, rig: Rig, surface: Surface) -> None:
    top = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_GEOM, TOP)
    model.geom_matid[top] = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_MATERIAL, rig.tops[surface.variant])
    model.geom_rgba[top, :3] = surface.tint
    model.geom_rgba[mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_GEOM, WALL), :3] = rig.wall
    model.geom_pos[top, :2] = surface.shift
    model.geom_quat[top] = (math.cos(surface.turn / 2), 0.0, 0.0, math.sin(surface.turn / 2))


def _mount(model: mujoco.MjModel, name: str, mount: Mount, layout: Layout) -> None:
    number = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_CAMERA, name)
    model.cam_pos[number], model.cam_quat[number] = nudged(mount, layout.cameras[name])
    model.cam_fovy[number] = mount.fovy
